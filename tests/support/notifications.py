"""Hypothesis strategies for notifications as odd as the parser lets through, and odder."""

from typing import Any, TypeVar

from hypothesis import strategies as st

from app.values.notification import (
    Author,
    ContentType,
    Embed,
    Field,
    Footer,
    Image,
    Notification,
    Request,
    Sender,
)

T = TypeVar("T")


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return None as often as something."""
    return st.none() | strategy


def repeated(strategy: st.SearchStrategy[T], most: int) -> st.SearchStrategy[tuple[T, ...]]:
    """Return up to ``most`` items, at most three of them different."""
    return st.builds(
        lambda items, count: tuple(items * count)[:most],
        st.lists(strategy, max_size=3),
        st.integers(1, most),
    )


def written(*lines: str) -> st.SearchStrategy[str]:
    """Return one of these words."""
    return st.sampled_from([word for line in lines for word in line.split()])


_UNSEEN = [
    "",
    " ",
    "\n",
    "\t",
    "\u0000",
    "\u200b",
    "\u200d",
    "\u200e",
    "\u3164",
    "\ue000",
    "\ufe0f",
]
_PIECES = st.sampled_from(_UNSEEN) | written("a word 交易 📈 👨‍👩‍👧 é ﷽") | st.text(max_size=3)
TEXTS = st.text(max_size=12) | st.builds(
    lambda head, piece, count, tail: head + piece * count + tail,
    _PIECES,
    _PIECES,
    st.sampled_from([1, 79, 80, 81, 255, 256, 257, 1023, 1025, 2048, 2049, 3000, 4096, 4097, 9000])
    | st.integers(0, 9000),
    _PIECES,
)
"""Short ones, and long ones past every limit, of anything but lone surrogates."""

_URL_PARTS = (
    written("https:// http:// HTTPS:// ftp:// attachment:// // data:"),
    written(
        "example.com EXAMPLE.com 日本.jp bücher.example:8443 localhost a_b.example.com example.com.",
        "[::1] 192.168.1.1:3000 256.1.1.1 example.com:0 example.com:99999 user@example.com",
        "-a.com a..com example.c example.123 xn--.com",
        f"{'a' * 63}.com {'a' * 64}.com {'a.' * 126}com {'a.' * 127}com",
    ),
    written(f"/ /% /%41 /日本 /a\\b /<x> /a[1] //x /{'x' * 2028} /{'日' * 300}")
    | st.text(max_size=3),
    written("? ?q=1 ?q=日 #f #a#b ?# #日") | st.sampled_from(["", " ", "\n", "\t/x"]),
)
URLS = TEXTS | st.builds("{}{}{}{}".format, *_URL_PARTS)
LINKS = st.just("https://example.com/the-same") | URLS

NAMES = TEXTS | st.lists(
    written("dis cord CLYDE cl yde here every one @ ` ｈｅｒｅ ſ Ginkgo 交易 📈") | _PIECES,
    max_size=30,
).map("".join)

TIMES = (
    written(
        "2026-01-01 20260101T000000Z 2026-W01-1 2026-01-01T24:00:00 yesterday",
        "0001-01-01T00:00:00+14:00 9999-12-31T23:59:59-12:00 2026-01-01T00:00:00+00:00:30",
    )
    | st.datetimes().map(lambda moment: moment.isoformat())
    | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
)

COLORS = st.integers(0, 0xFFFFFF)
FIELDS = repeated(st.builds(Field, TEXTS, TEXTS, st.booleans()), 40)
FOOTERS = st.builds(Footer, TEXTS, maybe(URLS))
AUTHORS = st.builds(Author, TEXTS, maybe(URLS), maybe(URLS))
IMAGES = st.builds(Image, URLS)
EMBEDS = st.builds(
    Embed,
    title=maybe(TEXTS),
    description=maybe(TEXTS),
    url=maybe(LINKS),
    timestamp=maybe(TIMES),
    color=maybe(COLORS),
    footer=maybe(FOOTERS),
    image=maybe(IMAGES),
    thumbnail=maybe(IMAGES),
    author=maybe(AUTHORS),
    fields=FIELDS,
)
SENDERS = st.builds(Sender, maybe(NAMES), maybe(URLS))
NOTIFICATIONS = st.builds(
    Notification,
    content=TEXTS,
    requests=st.just((Request("discord"),)),
    title=maybe(TEXTS),
    content_type=st.sampled_from(ContentType),
    color=maybe(COLORS),
    fields=FIELDS,
    footer=maybe(FOOTERS),
    author=maybe(AUTHORS),
    url=maybe(LINKS),
    embeds=repeated(EMBEDS, 12),
    sender=SENDERS,
)
