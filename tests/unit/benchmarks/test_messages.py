import msgspec

from app.edges.channels.webhook.payload import encode
from tests.benchmarks.messages import marks, record
from tests.benchmarks.peers.bare.bodies import request
from tests.support.messages import read

URL = "http://127.0.0.1:8080/instant/3"


def test_the_service_reads_the_records() -> None:
    """They are envelopes of the contract, with an address of their own."""
    notification = read(record(12, URL, 1_700_000_000_000_000))
    assert notification.message_id == "bench-000000012"
    assert notification.title == "Signal 12"
    assert marks(notification.content.encode()) == [(12, 1_700_000_000_000_000)]


def test_the_mark_survives_in_the_service_s_body() -> None:
    """The sink finds the number and the time in what the service sends."""
    notification = read(record(12, URL, 1_700_000_000_000_000))
    assert marks(encode(notification, 0.0)) == [(12, 1_700_000_000_000_000)]


def test_a_body_with_several_notifications_has_all_their_marks() -> None:
    """As a merged request to a chat service has."""
    merged = record(1, URL, 5) + record(2, URL, 6)
    assert marks(merged) == [(1, 5), (2, 6)]


def test_the_bare_loops_send_the_standard_webhooks_form() -> None:
    """They take url, title and content from the record, as the service does."""
    url, body = request(record(12, URL, 1_700_000_000_000_000))
    sent = msgspec.json.decode(body)
    assert url == URL
    assert (sent["type"], sent["timestamp"]) == ("notification", "2026-01-01T12:00:00Z")
    data = sent["data"]
    assert (data["title"], data["url"]) == ("Signal 12", "https://example.com/signals/12")
    assert marks(data["content"].encode()) == [(12, 1_700_000_000_000_000)]
