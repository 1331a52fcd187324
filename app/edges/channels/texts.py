"""Chat services that take one text: in their own dialect, up to a length, perhaps with a title."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from app.edges.channels.chat import ChatChannel, Rendered
from app.edges.channels.over_http import HttpRequest
from app.edges.channels.rendering import Renderings
from app.policies.texts.cards import cards_of, parts_of, title_of
from app.policies.texts.dialects import Dialect, cut, fit
from app.policies.texts.markup import BOLD, line
from app.policies.texts.notes import Notes
from app.policies.texts.plain_text import clip
from app.policies.texts.tones import Tone, rank_of, tone_of
from app.values.delivery import Target
from app.values.notification import ContentType, Notification, Priority

SEPARATOR = "\n\n"
NOTHING = "(no visible text)"
"""Sent if a notification shows nothing: services refuse empty messages."""
_READ = 1.25
"""How much of a notification is read, markup included, as a multiple of what its requests hold."""


class Page(msgspec.Struct, frozen=True, gc=False):
    """The content of one request for a notification."""

    text: str  # written in the service's dialect; without the title if the service shows it apart
    heading: str  # the title as a line, for a request with several; empty if ``text`` has it
    title: str  # as it is, for a service that shows it apart
    length: int  # of all of it, in the unit that the service counts
    priority: Priority
    tone: Tone | None
    url: str
    plain: bool


class Said(msgspec.Struct, frozen=True, gc=False):
    """The content of one request for one notification, or for several: see ``Page``."""

    text: str
    title: str
    priority: Priority
    tone: Tone | None
    url: str
    plain: bool


class TextForm:
    """A service's form of texts, with a cache of what was written.

    Args:
        limit: Length of a text at most, in the dialect's unit.
        plain_limit: Length of a plain text, if it is another.
        title: Characters of a title that stands apart; 0 if the service has none.
        prefers_plain: A text without markup is sent as plain text; the request says which it is.
    """

    def __init__(
        self,
        dialect: Dialect,
        plain: Dialect,
        limit: int,
        *,
        plain_limit: int | None = None,
        title: int = 0,
        most: int = 1,
        prefers_plain: bool = False,
    ) -> None:
        self._plain_limit = limit if plain_limit is None else plain_limit
        self._dialect = dialect
        self._plain = plain
        self.title = title
        self._most = most
        self._prefers_plain = prefers_plain
        self._rendered = Renderings(self._render)
        self.limit = limit

    def requests(self, notification: Notification) -> int:
        """Return how many requests a notification takes."""
        return 1 if self._most == 1 else len(self.render(notification).requests)

    def render(self, notification: Notification) -> Rendered[Page]:
        """Return a notification in the service's form."""
        return self._rendered.of(notification)

    def render_plain(self, notification: Notification) -> Rendered[Page]:
        """Return a notification as plain text."""
        return self._write(notification, self._plain, plain=True)

    def _render(self, notification: Notification) -> Rendered[Page]:
        has_markup = notification.content_type is ContentType.MARKDOWN or notification.embeds
        if self._prefers_plain and not has_markup:
            return self.render_plain(notification)
        return self._write(notification, self._dialect, plain=False)

    def _write(
        self, notification: Notification, dialect: Dialect, *, plain: bool
    ) -> Rendered[Page]:
        notes = Notes()
        most = round(self.limit * self._most * _READ)
        card, *embeds = cards_of(notification, most, notes)
        title = title_of(card) if self.title else ""
        apart = bool(title) and len(title) <= self.title
        shown = replace(card, title="", color=None) if apart else card
        # Divided in the same way, whatever the dialect: one part alone may have been refused.
        divided_by = dialect if self._prefers_plain else self._dialect
        texts, whole, lines = fit(parts_of((shown, *embeds)), divided_by, self.limit, self._most)
        if dialect is not divided_by:
            rewritten = [cut(each, dialect, self._plain_limit) for each in lines]
            texts = tuple(text for text, _ in rewritten)
            whole = whole and all(is_whole for _, is_whole in rewritten)
        if not whole:
            notes.add("content", "longer than the service takes; shortened, with a visible mark")
        heading = dialect.write((line(title, BOLD),)) if apart else ""
        pages = tuple(
            _page(dialect, text, "" if number else heading, notification, plain=plain)
            for number, text in enumerate(texts or (dialect.write((line(NOTHING),)),))
        )
        first = replace(pages[0], title=clip(title, self.title), url=card.url)
        return Rendered((first, *pages[1:]), notes.all())


class TextChannel(ChatChannel[Page]):
    """A chat service that takes a text."""

    form: ClassVar[TextForm]

    @abstractmethod
    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """Return the request that posts this."""

    def render(self, notification: Notification) -> Rendered[Page]:
        """See ``ChatChannel.render``."""
        return self.form.render(notification)

    def render_plain(self, notification: Notification) -> Rendered[Page]:
        """See ``ChatChannel.render_plain``."""
        return self.form.render_plain(notification)

    def compose(self, contents: Sequence[Page], target: Target, now: float) -> HttpRequest:
        """See ``ChatChannel.compose``."""
        return self.post(said(contents, self.form.title), target, now)

    def fits(self, contents: Sequence[Page], more: Page) -> bool:
        """See ``ChatChannel.fits``."""
        lengths = sum(each.length + len(SEPARATOR) for each in contents)
        return contents[0].plain is more.plain and lengths + more.length <= self.form.limit


def said(contents: Sequence[Page], longest_title: int) -> Said:
    """Return the content of one request, for one notification or for several."""
    first, *others = contents
    if not others:
        return Said(first.text, first.title, first.priority, first.tone, first.url, first.plain)
    worst = min(contents, key=lambda each: (rank_of(each.tone), -each.priority))
    more = f" (+{len(others)})"
    title = clip(worst.title, longest_title - len(more)) + more if worst.title else ""
    return Said(
        SEPARATOR.join(map(_whole, contents)),
        title,
        max(each.priority for each in contents),
        worst.tone,
        first.url,
        first.plain,
    )


def _page(
    dialect: Dialect, text: str, heading: str, notification: Notification, *, plain: bool
) -> Page:
    color = notification.color
    return Page(
        text=text,
        heading=heading,
        title="",
        length=dialect.length(text) + (dialect.length(heading) + 1 if heading else 0),
        priority=notification.priority,
        tone=None if color is None else tone_of(color),
        url="",
        plain=plain,
    )


def _whole(page: Page) -> str:
    return f"{page.heading}\n{page.text}" if page.heading else page.text
