"""Kafka, through aiokafka: translates its errors, and adds what it lacks."""

from app.edges.kafka.error_codes import add_error_codes
from app.edges.kafka.quiet_metadata import create_nothing_by_asking

# Before anybody can make a client.
add_error_codes()
create_nothing_by_asking()
