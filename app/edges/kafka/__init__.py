"""Kafka through aiokafka, translated into this package's values and errors."""
