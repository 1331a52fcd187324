"""What people read, in English or Chinese.

Texts are made in English and stay so in JSON, logs, metrics and on Kafka; they are translated where
somebody is shown them (docs/decisions/translated-where-shown.md).
"""
