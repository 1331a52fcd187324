"""The way of the original system: kafka-python, requests, one message at a time.

At least once: the offset is committed when the notification was accepted.
"""

import json
import os
import random
import signal
import sys
import time
from typing import Any

import requests
from kafka import KafkaConsumer

TIMEOUT = 10.0
LONGEST_DELAY = 60.0


def deliver(envelope: dict[str, Any]) -> None:
    """POST until it is accepted, with exponential back-off and full jitter."""
    data = {
        "message_id": envelope["message_id"],
        "title": envelope["metadata"].get("title"),
        "content": envelope["content"],
        "content_type": envelope["content_type"],
        "priority": envelope["priority"],
        "url": envelope["kwargs"].get("url"),
    }
    body = {"type": "notification", "timestamp": envelope["timestamp"], "data": data}
    attempt = 0
    while True:
        try:
            if requests.post(envelope["kwargs"]["webhook_url"], json=body, timeout=TIMEOUT).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(random.uniform(0, min(LONGEST_DELAY, 2.0**attempt)))
        attempt += 1


def main() -> None:
    """Consume until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    consumer = KafkaConsumer(
        os.environ["BENCH_TOPIC"],
        bootstrap_servers=os.environ["BENCH_BOOTSTRAP"],
        group_id=os.environ["BENCH_GROUP"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        value_deserializer=json.loads,
    )
    for record in consumer:
        deliver(record.value)
        consumer.commit()


if __name__ == "__main__":
    main()
