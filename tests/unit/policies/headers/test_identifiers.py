import re

from app.policies.headers.identifiers import mail_message_id, webhook_id

SAME = ("message-1", b"d" * 32, "https://example.com/a")


def test_ids_are_stable() -> None:
    """The same notification has the same ids, on any machine and in any version."""
    assert webhook_id(*SAME) == webhook_id(*SAME)
    assert re.fullmatch(r"msg_[0-9a-f]{32}", webhook_id(*SAME))
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", mail_message_id(*SAME, "example.com"))


def test_ids_differ_by_source_value_and_destination() -> None:
    """Each of the three makes another id, and none can pass for part of another."""
    source, digest, address = SAME
    ids = {
        webhook_id(*SAME),
        webhook_id("message-2", digest, address),
        webhook_id(source, b"e" * 32, address),
        webhook_id(source, digest, "https://example.com/b"),
        webhook_id(source + "h", digest, address[1:]),
        webhook_id(source + address, digest, ""),
    }
    assert len(ids) == 6
