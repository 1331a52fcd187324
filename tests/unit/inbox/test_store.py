import msgspec
import pytest

from app.inbox.store import MAX_TEXT, SOURCE_HIDDEN, CardStore
from app.values.inbox import InboxCard
from tests.support.channels import KNOWN


def card(text: str = "text", **more: object) -> InboxCard:
    """Return a card as the readers make it, without id and time."""
    return InboxCard(id=0, kind="webhook", time="", title=None, text=text, **more)  # type: ignore[arg-type]


def test_newest_first() -> None:
    """Cards come newest first, with growing ids, at most as many as asked for."""
    store = CardStore()
    for number in range(5):
        store.add(card(str(number)))
    assert [(kept.id, kept.text) for kept in store.cards(3)] == [(5, "4"), (4, "3"), (3, "2")]


@pytest.mark.parametrize("limit", [0, -1])
def test_no_cards_asked_for(limit: int) -> None:
    """A limit of none gives none."""
    store = CardStore()
    store.add(card())
    assert store.cards(limit) == ()


def test_time_of_arrival() -> None:
    """The time is the clock's, as ISO 8601 in UTC."""
    store = CardStore(clock=lambda: 1767225600.25)
    store.add(card())
    assert store.cards(1)[0].time == "2026-01-01T00:00:00.250+00:00"


def test_bounded_in_number() -> None:
    """The oldest cards make room."""
    store = CardStore(max_cards=3)
    for number in range(10):
        store.add(card(str(number)))
    assert [kept.text for kept in store.cards(50)] == ["9", "8", "7"]


def test_bounded_in_bytes() -> None:
    """Large cards make room sooner, whichever of their texts is the large one."""
    store = CardStore(max_bytes=20_000)
    for _ in range(10):
        store.add(card("x" * 3_000, html="y" * 3_000, raw="z" * 3_000, fields=(("n", "v" * 500),)))
    assert len(store.cards(50)) == 2


def test_one_card_is_kept_whatever_its_size() -> None:
    """The last card is there even when it alone is above the bound."""
    store = CardStore(max_bytes=10)
    for text in ("first", "second"):
        store.add(card(text))
    assert [kept.text for kept in store.cards(50)] == ["second"]


def test_long_texts_are_shortened_with_a_mark() -> None:
    """Text, HTML and source are cut, and say how much is missing."""
    store = CardStore()
    long = "x" * (MAX_TEXT + 1234)
    store.add(card(long, html=long, raw=long))
    (kept,) = store.cards(1)
    assert {kept.text, kept.html, kept.raw} == {"x" * MAX_TEXT + "… (1,234 more characters)"}


def test_clear() -> None:
    """Nothing is left, and ids go on growing."""
    store = CardStore(max_bytes=10_000)
    store.add(card("x" * 8_000))
    store.clear()
    assert store.cards(50) == ()
    store.add(card("x" * 5_000))
    store.add(card("x" * 1_000))
    assert [kept.id for kept in store.cards(50)] == [3, 2]


def test_on_card() -> None:
    """Whoever wants to hear of a card gets it as it is kept."""
    heard: list[InboxCard] = []
    store = CardStore(heard.append)
    store.add(card())
    assert tuple(heard) == store.cards(1)


def test_every_text_of_a_card_is_bounded() -> None:
    """A mail to seventy thousand, or a field of a megabyte, is one card among others."""
    store = CardStore()
    long = "x" * 10**6
    people = tuple(f"{number}@mail.example" for number in range(70_000))
    fields = (("n", long),) * 1000
    store.add(
        InboxCard(
            id=0,
            kind="email",
            time="",
            title=long,
            text=long,
            fields=fields,
            footer=long,
            sender=long,
            recipients=people,
            html=long,
            raw=long,
        )
    )
    (kept,) = store.cards(1)
    assert len(msgspec.json.encode(kept)) < 1_000_000
    assert len(kept.recipients) == 100


def test_secrets_are_hidden() -> None:
    """What came in is shown to operators, and a way into somebody's channel is not theirs."""
    way_in = "https://discord.com/api/webhooks/1/s3cret"
    shown = "https://discord.com/api/webhooks/1/***"
    store = CardStore(secrets=KNOWN.secrets)
    first = card(way_in, html=way_in, raw=f'{{"a": "{way_in}"}}')
    store.add(msgspec.structs.replace(first, title=way_in))
    store.add(card("text", fields=((way_in, way_in),), footer=way_in, sender=way_in))
    fields, first = store.cards(2)
    assert (first.title, first.text, first.html) == (shown, shown, shown)
    assert first.raw == f'{{"a": "{shown}"}}'
    assert (fields.fields, fields.footer, fields.sender) == (((shown, shown),), shown, shown)


def test_the_source_of_a_mail_with_a_secret_is_left_out() -> None:
    """It is in base64 or quoted-printable there."""
    store = CardStore(secrets=KNOWN.secrets)
    for text in ("https://discord.com/api/webhooks/1/s3cret", "harmless"):
        store.add(msgspec.structs.replace(card(text), kind="email", raw="c291cmNl"))
    assert [kept.raw for kept in store.cards(2)] == ["c291cmNl", SOURCE_HIDDEN]
