import json
from typing import Any

import pytest

from app.policies.parsing import parse
from app.policies.texts.outgoing import CannotSendError, Typed, compose
from app.values.recipients import Recipients
from tests.support.channels import KNOWN
from tests.support.messages import EchoTemplates


def composed(**typed: Any) -> dict[str, Any]:
    """Return the message that is made of what was typed."""
    message: dict[str, Any] = json.loads(compose(Typed(**typed)))
    return message


def test_a_text_alone_goes_to_the_default_webhook() -> None:
    """As an envelope."""
    assert composed(text="hello") == {"content": "hello", "channels": ["webhook"]}


def test_addresses_choose_their_channels() -> None:
    """A URL is a webhook, everything else a mail address."""
    url = "https://hooks.example/a"
    assert composed(text="x", to=[url, "a@example.com"], title="T", color="#ff0000") == {
        "content": "x",
        "metadata": {"title": "T"},
        "channels": ["webhook", "email"],
        "kwargs": {"webhook_url": url, "to": ["a@example.com"], "color": "#ff0000"},
    }


def test_a_user_or_a_group_is_addressed_by_the_recipients_file() -> None:
    """As a typed message."""
    assert composed(text="x", user="u1", channels=["email"], priority=3, fields=[("a", "b")]) == {
        "message_type": "simple",
        "content": "x",
        "user_uuid": "u1",
        "channels": ["email"],
        "priority": 3,
        "kwargs": {"fields": [{"name": "a", "value": "b"}]},
    }
    assert composed(template="t", variables={"k": "v"}, group="g") == {
        "message_type": "template",
        "template_id": "t",
        "context": {"k": "v"},
        "group_name": "g",
    }


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"text": "x", "template": "t"},
        {"text": "x", "user": "u", "to": ["a@example.com"]},
        {"text": "x", "to": ["https://a.example/", "https://b.example/"]},
    ],
)
def test_two_things_at_once_or_none_are_refused(typed: dict[str, Any]) -> None:
    """The error says what to change."""
    with pytest.raises(CannotSendError):
        compose(Typed(**typed))


def test_what_is_composed_can_be_read() -> None:
    """By the parser that the worker uses."""
    message = compose(Typed(text="x", to=["a@example.com"], fields=[("a", "b")], priority=2))
    told = parse(
        message, timestamp=0.0, recipients=Recipients(), templates=EchoTemplates(), channels=KNOWN
    )
    assert (told.content, told.requests[0].addresses, told.priority) == ("x", ("a@example.com",), 2)
