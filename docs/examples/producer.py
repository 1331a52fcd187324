"""Publishes one notification to Kafka: ``python producer.py BROKERS "text"``.

Needs confluent-kafka. The record's key keeps one user's notifications in order; the ``message_id``
lets the worker recognise a repeat.
"""

import json
import sys
import uuid
from datetime import UTC, datetime

from confluent_kafka import KafkaError, Message, Producer


def main(brokers: str, text: str) -> None:
    """Publish a text, and wait until Kafka has it."""
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})
    notification = {
        "message_id": str(uuid.uuid4()),
        "content": text,
        "channels": ["webhook"],
        "priority": 2,
        "timestamp": datetime.now(UTC).isoformat(),
        "metadata": {"user_uuid": "trader-001", "title": "Signal"},
        "kwargs": {"color": 0x2ECC71, "fields": [{"name": "Price", "value": "189.5"}]},
        "ttl_seconds": 3600,
    }
    producer.produce(
        "notifications",
        key=notification["metadata"]["user_uuid"],
        value=json.dumps(notification, ensure_ascii=False),
        on_delivery=report,
    )
    if producer.flush(30):
        sys.exit("Kafka has not acknowledged it within 30 seconds")


def report(error: KafkaError | None, message: Message) -> None:
    """Say where the record stands, or why it does not."""
    if error is not None:
        sys.exit(f"not published: {error}")
    print(f"published to {message.topic()}, partition {message.partition()}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
