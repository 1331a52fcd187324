"""What tests of chat services have in common."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hypothesis import strategies as st

from app.edges.channels.base import ChannelEntry, Means
from app.edges.channels.over_http import HttpChannel, HttpRequest
from app.edges.http import HttpAnswer
from app.inbox.texts import is_shown
from app.policies.texts.markdown import read_markdown
from app.policies.texts.plain_text import SHORTENED, readable
from app.values.delivery import Delivery, Destination, Target
from app.values.notification import (
    NO_ACCESS,
    Access,
    ContentType,
    Embed,
    Field,
    Footer,
    Notification,
)
from app.values.outcome import Outcome

NOW = 1_700_000_000.0


_SHORT = st.text(max_size=30) | st.builds(
    lambda piece, count: piece * count, st.text(max_size=3), st.integers(1, 900)
)
SHORT_NOTIFICATIONS = st.builds(
    Notification,
    content=_SHORT.map(lambda text: f"{text}."),
    requests=st.just(()),
    title=st.none() | _SHORT,
    content_type=st.sampled_from(ContentType),
    color=st.none() | st.integers(0, 0xFFFFFF),
    fields=st.lists(st.builds(Field, _SHORT, _SHORT, st.booleans()), max_size=2).map(tuple),
    footer=st.none() | st.builds(Footer, _SHORT),
)
"""Of which a message may hold several."""


class NoHttp:
    """An HTTP port that nothing is sent through."""

    def begin(self, *_: object) -> object:
        """Send nothing."""
        raise NotImplementedError


def channel_of(entry: ChannelEntry) -> HttpChannel:
    """Return the channel as the service makes it."""
    channel = entry.make(Means(http=NoHttp(), write=print))  # type: ignore[arg-type]
    assert isinstance(channel, HttpChannel)
    return channel


def delivery(
    told: Notification,
    address: str,
    *,
    part: int = 0,
    plain: bool = False,
    access: Access = NO_ACCESS,
) -> Delivery:
    """Return a delivery to one chat."""
    target = Target("webhook", address, "label", access, part)
    destination = Destination("chat", address, "label")
    return Delivery(told, destination, (target,), "source", b"digest", plain=plain)


def requests_of(
    entry: ChannelEntry, told: Notification, address: str, *, plain: bool = False
) -> list[HttpRequest]:
    """Return every request that tells a notification."""
    channel = channel_of(entry)
    return [
        channel.request([delivery(told, address, part=part, plain=plain)], NOW)
        for part in range(entry.requests(told))
    ]


def merged_request(
    entry: ChannelEntry, several: Iterable[Notification], address: str
) -> tuple[list[Notification], HttpRequest]:
    """Return as many notifications as the channel merges, and the request that tells them.

    Those that take several requests are left out.
    """
    channel = channel_of(entry)
    wanted = [told for told in several if entry.requests(told) == 1]
    [first, *others] = [delivery(told, address) for told in wanted or [Notification("x", ())]]
    batch = [first]
    for each in others:
        if not channel.mergeable(batch, each):
            break
        batch.append(each)
    return [each.notification for each in batch], channel.request(batch, NOW)


def outcome_of(
    entry: ChannelEntry,
    address: str,
    status: int,
    body: bytes | str = b"",
    headers: Mapping[str, str] | None = None,
) -> Outcome:
    """Return what an answer means."""
    raw = body.encode() if isinstance(body, str) else body
    answer = HttpAnswer(status, {name.lower(): text for name, text in (headers or {}).items()}, raw)
    target = Target("webhook", address, "label")
    return channel_of(entry).classify(answer, NOW, target)


def seen(text: str) -> str:
    """Return the characters of a text that a reader surely sees."""
    return "".join(filter(is_shown, text))


def missing(told: Notification, shown: Sequence[str]) -> list[str]:
    """Return the texts of a notification that nobody sees, if no mark says that it was cut.

    Of Markdown, letters and digits count: every service writes its signs in its own way.
    """
    everything = seen("".join(shown))
    if seen(SHORTENED) in everything:
        return []
    words = _words(everything)
    lost = [text for text in _literal(told) if seen(text) not in everything]
    return lost + [text for text in _marked(told) if _words(text) not in words]


def _words(text: str) -> str:
    return "".join(filter(str.isalnum, seen(text)))


def _literal(told: Notification) -> Iterator[str]:
    """Yield the texts that are shown as they stand."""
    is_markdown = told.content_type is ContentType.MARKDOWN
    if not is_markdown:
        yield readable(told)
    several: tuple[Notification | Embed, ...] = (told, *told.embeds)
    for each in several:
        yield each.title or ""
        yield each.footer.text if each.footer else ""
        yield each.author.name if each.author else ""
        for field in each.fields:
            yield field.name
            if each is told and not is_markdown:
                yield field.value


def _marked(told: Notification) -> Iterator[str]:
    """Yield the texts that are Markdown."""
    texts = [each.description or "" for each in told.embeds]
    texts += [field.value for embed in told.embeds for field in embed.fields]
    if told.content_type is ContentType.MARKDOWN:
        texts += [told.content, *(field.value for field in told.fields)]
    for text in texts:
        for line in read_markdown(text):
            yield line.text
