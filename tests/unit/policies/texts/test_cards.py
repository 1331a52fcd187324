"""A notification as cards, and cards as lines."""

from app.policies.texts.cards import (
    MOST_EMBEDS,
    MOST_FIELDS,
    MOST_LINES,
    MOST_NAME,
    MOST_VALUE,
    cards_of,
    clock_time,
    footer_of,
    parts_of,
    title_of,
)
from app.policies.texts.dialects import Dialect
from app.policies.texts.markup import BOLD, Line, Lines, Span, text_of
from app.policies.texts.notes import Notes
from app.policies.texts.plain_text import SHORTENED
from app.values.notification import (
    Attachment,
    Author,
    ContentType,
    Embed,
    Field,
    Footer,
    Image,
    Mail,
    Notification,
)

URL = "https://a.example/1"
FULL = Notification(
    content="one\r\ntwo",
    requests=(),
    title=" Risk\nroom ",
    color=0xFF0000,
    url=URL,
    author=Author("Ginkgo", URL),
    fields=(Field("Account", "A1", inline=True), Field("", "unnamed"), Field("Empty", "")),
    footer=Footer("System"),
)


def written(lines: Lines) -> str:
    """Return lines as plain text."""
    return Dialect().write(lines)


def all_of(notification: Notification) -> tuple[str, str]:
    """Return a notification as plain text: its text, and its end."""
    text, end = parts_of(cards_of(notification, 1000, Notes()))
    return written(text), written(end)


def test_a_notification_as_lines() -> None:
    """Author, title with a picture of the colour, text, fields, footer."""
    assert all_of(FULL) == (
        f"Ginkgo ({URL})\n🔴 Risk room ({URL})\none\ntwo",
        "Account: A1\nunnamed\nEmpty: \nSystem",
    )


def test_what_has_no_title_shows_its_link_and_its_color() -> None:
    """Nothing that it says is lost for that."""
    bare = Notification("text", (), url=URL, color=0xFF0000)
    assert all_of(bare) == ("🔴\ntext", URL)


def test_embeds_follow_and_are_markdown() -> None:
    """As in Discord, for which they were written; the footer of the whole stands last."""
    embed = Embed(
        title="Own",
        description="**bold**",
        fields=(Field("n", "*v*"),),
        image=Image(f"{URL}.png"),
        timestamp="yesterday",
    )
    notes = Notes()
    told = Notification("*text*", (), embeds=(embed,), footer=Footer("System"))
    cards = cards_of(told, 1000, notes)
    text, end = parts_of(cards)
    assert written(text) == f"*text*\n\nOwn\nbold\nn: v\n{URL}.png"
    assert written(end) == "System"
    assert Span("bold", BOLD) in cards[1].text[0].spans
    assert [note.field for note in notes.all()] == ["embeds[0].timestamp"]


def test_a_value_of_several_lines_stands_below_its_name() -> None:
    """A list begins on a line of its own."""
    fields = (Field("Two", "a\nb"), Field("List", "- a\n- b"))
    told = Notification("x", (), content_type=ContentType.MARKDOWN, fields=fields)
    assert all_of(told)[1] == "Two: a\nb\nList: \n• a\n• b"


def test_what_is_too_much_is_left_out_and_noted() -> None:
    """Long texts, many fields, many embeds, files, and links to where no chat leads."""
    notes = Notes()
    told = Notification(
        content="x" * 20_000,
        requests=(),
        title="t" * (MOST_NAME + 1),
        url="javascript:alert(1)",
        fields=(Field("n", "v" * (MOST_VALUE + 1)),) * (MOST_FIELDS + 1),
        embeds=(Embed(description="d" * 2000),) * MOST_EMBEDS,
        mail=Mail(attachments=(Attachment("a", b"", "text/plain"),)),
    )
    (card,) = cards_of(told, 10_000, notes)[:1]
    assert card.title.endswith(SHORTENED)
    assert card.url == ""
    assert text_of(card.text) == f"{'x' * 10_000}\n{SHORTENED}"
    assert text_of(card.fields[-1].value) == SHORTENED
    assert {"url", "content", "fields", "embeds", "kwargs.attachments"} <= {
        note.field for note in notes.all()
    }


def test_as_much_is_read_as_there_is_room_for() -> None:
    """Of all texts together; what is left out leaves a mark."""
    embed = Embed(description="d" * 90, fields=(Field("n", "v" * (MOST_VALUE + 1)),))
    notes = Notes()
    told = Notification("x", (), embeds=(embed,) * (MOST_EMBEDS + 1))
    cards = cards_of(told, 100_000, notes)
    assert len(cards) == MOST_EMBEDS + 2
    assert text_of(cards[-1].text) == SHORTENED
    assert text_of(cards[1].fields[0].value).endswith(f"v\n{SHORTENED}")
    cards = cards_of(told, 100, Notes())
    assert [text_of(each.text)[-1] for each in cards] == ["x", "d", SHORTENED[-1]]
    assert text_of(cards[1].fields[0].value) == f"{'v' * 9}\n{SHORTENED}"
    cards = cards_of(Notification("x\n" * 2000, (), fields=(Field("a", "b"),)), 100_000, Notes())
    assert len(cards[0].text) == MOST_LINES + 1
    assert text_of(cards[0].fields[0].value) == SHORTENED


def test_html_is_read_as_text() -> None:
    """With the mark of what was not read of it."""
    notes = Notes()
    told = Notification(f"<p>{'x' * 2000}</p>", (), content_type=ContentType.HTML)
    (card,) = cards_of(told, 1000, notes)
    assert text_of(card.text) == f"{'x' * 1000}\n{SHORTENED}"
    assert [note.field for note in notes.all()] == ["content"]


def test_times_are_this_machines_and_say_so() -> None:
    """With the distance to UTC; no time is no text."""
    assert clock_time(None) == ""
    shown = clock_time(0.0)
    assert shown[10] == " "
    assert shown[-6] in "+-"
    (card,) = cards_of(Notification("x", (), timestamp=0.0, footer=Footer("f")), 10, Notes())
    assert footer_of(card) == f"f · {shown}"
    assert title_of(card) == ""
    assert Line() not in parts_of((card,)).text
