import json
from typing import Any

import pytest

from app.policies.parsing.colors import BLUE, LEVELS
from app.values.errors import InvalidRecordError, TemplateError, UnroutableError
from app.values.notification import (
    Author,
    Field,
    Footer,
    Mail,
    Metadata,
    Notification,
    Priority,
    Request,
)
from tests.support.messages import DISCORD_URL, RECORD_TIME, read, typed

TRADER = "user 'trader-001'"
EVERYWHERE = (
    Request("webhook", (DISCORD_URL,), TRADER),
    Request("email", ("trader@example.com",), TRADER),
)
EVERYBODY = ("trader@example.com", "admin@example.com", "b@example.com")
FIELDS = [{"name": "a", "value": 1.5}]


def test_a_simple_message_goes_to_all_contacts() -> None:
    """Without channels, every way to reach the user is used."""
    message = typed("simple", content="hello", title="t", priority=0, message_id="m")
    assert read(message) == Notification(
        "hello",
        EVERYWHERE,
        message_id="m",
        title="t",
        priority=Priority.LOW,
        timestamp=RECORD_TIME,
        metadata=Metadata("trader-001"),
    )


@pytest.mark.parametrize(
    ("channels", "requests"),
    [
        (["email"], EVERYWHERE[1:]),
        ([], EVERYWHERE),
        (["discord"], (Request("discord", (DISCORD_URL,), TRADER),)),
        (["console"], (Request("console", ("console",), TRADER),)),
    ],
)
def test_a_simple_message_may_name_channels(
    channels: list[str], requests: tuple[Request, ...]
) -> None:
    """Only those are asked; none named is all."""
    assert read(typed("simple", content="hello", channels=channels)).requests == requests


def test_a_channel_without_contact_fails_alone() -> None:
    """The request stays, without address and with the name of who was meant."""
    message = typed("simple", content="x", channels=["webhook", "email"], user_uuid="admin")
    assert read(message).requests == (
        Request("webhook", (), "user 'admin'"),
        Request("email", ("admin@example.com", "b@example.com"), "user 'admin'"),
    )


def test_a_template_is_rendered_with_its_context() -> None:
    """Title, text, colour and HTML come from the template."""
    assert read(typed("template", template_id="own", context={"a": [1]})) == Notification(
        '{"a": [1]}',
        EVERYWHERE,
        title="own",
        timestamp=RECORD_TIME,
        color=0x123456,
        mail=Mail(html="<p>"),
        metadata=Metadata("trader-001", "own"),
    )


def test_a_template_needs_no_context() -> None:
    """Null or absent, it is empty."""
    assert read(typed("template", template_id="own", context=None)).content == "{}"


def test_an_unknown_template_is_an_error() -> None:
    """The template's own error goes through."""
    with pytest.raises(TemplateError, match="'other' is unknown"):
        read(typed("template", template_id="other"))


def test_a_trading_signal_is_rendered_from_its_preset() -> None:
    """It is HIGH unless told otherwise, and its direction may be written in small letters."""
    notification = read(typed("trading_signal", direction="long", code="AAPL", price=1.5))
    assert notification.title == "trading_signal"
    assert notification.priority is Priority.HIGH
    assert json.loads(notification.content) == {
        "direction": "LONG",
        "code": "AAPL",
        "price": 1.5,
        "volume": None,
        "strategy": None,
        "reason": None,
    }


def test_a_stated_priority_counts() -> None:
    """Even low, for a message whose own default is high."""
    message = typed("trading_signal", direction="VOID", code="AAPL", priority=0)
    assert read(message).priority is Priority.LOW


@pytest.mark.parametrize(("level", "told"), [(None, "INFO"), ("", "INFO"), ("odd", "ODD")])
def test_a_system_notification_is_rendered_from_its_preset(level: str | None, told: str) -> None:
    """Any level goes, INFO where none is given."""
    notification = read(typed("system_notification", content="disk full", level=level))
    assert notification.title == "system_alert"
    assert json.loads(notification.content) == {"content": "disk full", "level": told}


def test_custom_fields_are_labelled_with_their_module() -> None:
    """Fields, the level's colour, and the module as footer."""
    message = typed(
        "custom_fields", content="c", fields=FIELDS, title="t", level="error", module="M"
    )
    assert read(message) == Notification(
        "c",
        EVERYWHERE,
        title="t",
        timestamp=RECORD_TIME,
        color=LEVELS["ERROR"],
        fields=(Field("a", "1.5"),),
        footer=Footer("M"),
        metadata=Metadata("trader-001"),
    )


def test_custom_fields_go_to_the_group_system_by_default() -> None:
    """As in the original: the group's name, the module and the level have defaults."""
    notification = read({"message_type": "custom_fields", "content": "c", "fields": FIELDS})
    assert notification.requests[0].recipient == "group 'System'"
    assert notification.footer == Footer("System")
    assert notification.color == BLUE


@pytest.mark.parametrize(
    "to",
    [
        {"group_name": "traders"},
        {"group_uuid": "group-456"},
        {"group_uuid": "group-456", "group_name": "unknown"},
    ],
)
def test_a_group_is_all_its_members(to: dict[str, str]) -> None:
    """By name or uuid; the uuid is more exact."""
    assert read(typed("simple", content="x", **to)).requests == (
        Request("webhook", (DISCORD_URL,), "group 'traders'"),
        Request(
            "email",
            ("trader@example.com", "admin@example.com", "b@example.com"),
            "group 'traders'",
        ),
    )


def test_the_user_is_more_exact_than_the_group() -> None:
    """With both named, the user alone is told."""
    message = typed("simple", content="x", user_uuid="trader-001", group_name="traders")
    assert read(message).requests == EVERYWHERE


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ({"user_uuid": "x"}, "user 'x' is unknown: add it to users"),
        ({"group_name": "x"}, "group 'x' is unknown: add it to groups"),
        ({"group_uuid": "x"}, "group with uuid 'x' is unknown"),
        ({"user_uuid": None}, "names no recipient: add user_uuid, group_name or group_uuid"),
        ({"user_uuid": "nobody"}, "user 'nobody' has no contacts"),
        ({"user_uuid": "admin", "channels": ["webhook"]}, "no contact for webhook"),
    ],
)
def test_nobody_to_tell_is_an_error(to: dict[str, Any], error: str) -> None:
    """The error says what to add where."""
    with pytest.raises(UnroutableError, match=error):
        read(typed("simple", content="x", **to))


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (typed("simple"), "content"),
        (typed("simple", content=" "), "content"),
        (typed("template"), "template_id"),
        (typed("template", template_id=""), "template_id"),
        (typed("trading_signal", code="A"), "direction"),
        (typed("trading_signal", direction=" ", code="A"), "direction"),
        (typed("trading_signal", direction=1, code="A"), "direction"),
        (typed("trading_signal", direction="LONG"), "code"),
        (typed("trading_signal", direction="LONG", code=""), "code"),
        (typed("system_notification", content=""), "content"),
        (typed("custom_fields", fields=FIELDS), "content"),
    ],
)
def test_wrong_fields_are_refused_by_name(message: dict[str, Any], field: str) -> None:
    """Each type has its required fields."""
    with pytest.raises(InvalidRecordError) as caught:
        read(message)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (typed("simple", content="x", timestamp="soon"), "timestamp"),
        (typed("simple", content="x", kwargs={"color": -1}), "kwargs.color"),
        (typed("template", template_id="own", context=[]), "context"),
        (typed("trading_signal", direction="UP", code="A"), "direction"),
        (typed("trading_signal", direction="LONG", code=600519), "code"),
        (typed("trading_signal", direction="LONG", code="A", price=[]), "price"),
        (typed("custom_fields", content="x"), "fields"),
        (typed("custom_fields", content="x", fields=[]), "fields"),
        (typed("custom_fields", content="x", fields=[{"name": "a"}]), "fields[0].value"),
    ],
)
def test_wrong_decorations_are_noted_by_name(message: dict[str, Any], field: str) -> None:
    """The message is sent."""
    notification = read(message)
    assert notification.requests == EVERYWHERE
    assert [note.field for note in notification.notes] == [field]


def test_a_direction_may_be_the_name_of_an_enumeration() -> None:
    """As Python writes one; what is no direction is sent as it is."""
    message = typed("trading_signal", direction="DIRECTION_TYPES.LONG", code="A")
    assert json.loads(read(message).content)["direction"] == "LONG"
    message["direction"] = "hold"
    assert json.loads(read(message).content)["direction"] == "HOLD"


def test_kwargs_are_honoured_as_in_envelopes() -> None:
    """The newest producers write them: colour, fields, footer, author, link."""
    kwargs = {
        "color": 0xFF8000,
        "fields": [{"name": "模块", "value": "TaskTimer", "inline": True}],
        "footer": {"text": "TaskTimer • 2026-01-01 12:00:00"},
        "author": "Bot",
        "url": "https://example.com/1",
        "unknown": {"x": [1]},
    }
    notification = read(typed("simple", content="x", kwargs=kwargs))
    assert notification.color == 0xFF8000
    assert notification.fields == (Field("模块", "TaskTimer", inline=True),)
    assert notification.footer == Footer("TaskTimer • 2026-01-01 12:00:00")
    assert notification.author == Author("Bot")
    assert notification.url == "https://example.com/1"
    assert notification.notes == ()


def test_kwargs_go_before_what_a_type_has_of_its_own() -> None:
    """The level's colour and the module's footer give way; fields are added to."""
    message = typed("custom_fields", content="c", fields=FIELDS)
    kwargs = {"color": 1, "footer": "own", "fields": {"name": "b", "value": "2"}}
    notification = read({**message, "kwargs": kwargs})
    assert (notification.color, notification.footer) == (1, Footer("own"))
    assert notification.fields == (Field("a", "1.5"), Field("b", "2"))


def test_a_simple_message_without_content_says_what_its_template_says() -> None:
    """With its kwargs as the context."""
    message = typed("simple", content="", template_id="own", kwargs={"a": 1})
    assert read(message).content == '{"a": 1}'
    assert read(message).metadata == Metadata("trader-001", "own")


@pytest.mark.parametrize(
    ("to", "addresses"),
    [
        ({"user_uuids": ["trader-001", "admin"]}, EVERYBODY),
        ({"user_uuids": ["admin"], "user_uuid": "trader-001"}, EVERYBODY),
        ({"user_uuids": "admin", "user_uuid": "admin"}, EVERYBODY[1:]),
        ({"user_uuids": ["admin", None], "group_name": "traders"}, EVERYBODY[1:]),
        ({"user_uuids": [], "user_uuid": "admin"}, EVERYBODY[1:]),
    ],
)
def test_several_users_are_told_together(to: dict[str, Any], addresses: tuple[str, ...]) -> None:
    """A list of users beside the one; with users named, no group counts."""
    message = typed("simple", content="x", channels=["email"], **{"user_uuid": None, **to})
    (request,) = read(message).requests
    assert request.addresses == addresses


def test_custom_fields_go_to_the_users_that_they_name() -> None:
    """Not to the group that is told where nobody is named."""
    message = {"message_type": "custom_fields", "content": "c", "fields": FIELDS}
    requests = read({**message, "user_uuids": ["trader-001"]}).requests
    assert requests == EVERYWHERE


def test_an_unknown_user_among_others_fails_alone() -> None:
    """The known one is told; the request for the other says why it cannot be met."""
    message = typed("simple", content="x", user_uuids=["trader-001", "gone"], user_uuid=None)
    *known, unknown = read(message).requests
    assert tuple(known) == EVERYWHERE
    assert (unknown.channel, unknown.addresses) == ("unknown", ("user 'gone'",))
    assert unknown.problem is not None
    assert "user 'gone' is unknown" in unknown.problem.problem


def test_a_message_to_nobody_may_carry_an_address_of_its_own() -> None:
    """So the original's producers write to a webhook that belongs to no user."""
    message = {"message_type": "simple", "user_uuid": None, "content": "x"}
    own = {"channels": ["webhook"], "kwargs": {"webhook_url": DISCORD_URL}}
    assert read({**message, **own}).requests == (Request("webhook", (DISCORD_URL,)),)


def test_an_unknown_channel_of_a_simple_message_fails_alone() -> None:
    """As in envelopes; alone, it is nobody to tell."""
    message = typed("simple", content="x", channels=["email", "sms"])
    email, sms = read(message).requests
    assert email == EVERYWHERE[1]
    assert sms.addresses == ("sms",)
    with pytest.raises(UnroutableError, match="got 'sms'"):
        read({**message, "channels": ["sms"]})


def test_expiry_and_order_are_read_as_in_envelopes() -> None:
    """Both shapes accept them."""
    notification = read(typed("simple", content="x", ttl_seconds=5, ordering_key="k"))
    assert notification.expires_at == RECORD_TIME + 5
    assert notification.ordering_key == "k"


def test_the_messages_own_time_is_kept() -> None:
    """The time to live counts from it."""
    message = typed("simple", content="x", ttl_seconds=5, timestamp="1970-01-01T00:00:00Z")
    assert (read(message).timestamp, read(message).expires_at) == (0.0, 5.0)
