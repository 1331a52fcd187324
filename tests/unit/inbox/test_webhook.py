import msgspec
import pytest

from app.inbox.webhook import read_webhook
from app.values.inbox import InboxCard


def test_standard_webhooks() -> None:
    """The form that the generic channel sends is shown by its parts."""
    body = msgspec.json.encode(
        {
            "type": "notification",
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {
                "message_id": "m1",
                "title": "标题",
                "content": "内容",
                "color": 255,
                "fields": [{"name": "n", "value": "v", "inline": False}],
                "priority": 1,
            },
        }
    )
    assert read_webhook(body) == InboxCard(
        id=0,
        kind="webhook",
        time="",
        title="标题",
        text="内容",
        color=255,
        fields=(("n", "v"),),
        raw=body.decode(),
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", b"[1]", b'{"data": 1}', b'{"data": {"title": "x"}}', b'{"data":' + b"[" * 9999],
)
def test_anything_else(body: bytes) -> None:
    """Any other body is shown as it is."""
    card = read_webhook(body)
    assert (card.title, card.text, card.raw) == (None, body.decode(), body.decode())


def test_bytes_that_are_no_text() -> None:
    """Undecodable bytes are replaced."""
    assert read_webhook(b"a\xff").text == "a�"
