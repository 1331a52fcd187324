"""Delivers notifications from a Kafka topic to the people who need them."""
