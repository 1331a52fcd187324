"""Telegram."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.telegram.address import Place, place_of
from app.edges.channels.telegram.answers import classify
from app.edges.channels.telegram.dialect import (
    LIMIT,
    TelegramHtml,
    TelegramPlain,
    within_entities,
)
from app.edges.channels.texts import Said, TextChannel, TextForm
from app.edges.http import HttpAnswer, HttpPort
from app.values.channel import PublishedLimit
from app.values.delivery import Delivery, Target
from app.values.note import Note
from app.values.notification import Priority
from app.values.outcome import Outcome

K = TypeVar("K")
V = TypeVar("V")

FORM: Final = TextForm(TelegramHtml(), TelegramPlain(), LIMIT, most=3)
_MOST_KNOWN = 1000
_MOVED = (
    "the group of {label} is a supergroup now, and gets what is for it under its new number: write"
    " chat_id={chat} in its address"
)
_NO_TOPIC = (
    "the topic of {label} is gone, and the chat gets what is for it: write another"
    " message_thread_id, or none, in its address"
)
_PER_CHAT = (PublishedLimit(requests=60, seconds=60.0),)
_PER_GROUP = (PublishedLimit(requests=20, seconds=60.0),)
"""Bots FAQ: a message a second to a chat, and twenty a minute to a group."""


class _Preview(msgspec.Struct, frozen=True):
    is_disabled: bool


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    chat_id: int | str
    text: str
    link_preview_options: _Preview
    parse_mode: str | None = None
    message_thread_id: int | None = None
    disable_notification: bool = False


_NO_PREVIEW = _Preview(is_disabled=True)


class TelegramChannel(TextChannel):
    """Posts to Telegram chats by a bot.

    A group that becomes a supergroup has another number from then on, and a topic may be deleted:
    what is for them goes to the new number, or to the chat as a whole; notes and health say so.
    """

    name = "telegram"
    form = FORM

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(http, timeout, clock)
        self._moved: dict[tuple[str, str], int] = {}
        self._without_topic: dict[str, None] = {}
        self._outdated: dict[str, str] = {}

    def limits(self, address: str) -> Sequence[PublishedLimit]:
        """See ``Channel.limits``."""
        return _PER_GROUP if place_of(address).chat.startswith("-") else _PER_CHAT

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        del now
        place = place_of(target.address)
        topic = None if target.address in self._without_topic else place.topic
        body = _Body(
            chat_id=self._chat(place),
            text=said.text if said.plain else within_entities(said.text),
            link_preview_options=_NO_PREVIEW,
            parse_mode=None if said.plain else "HTML",
            message_thread_id=topic,
            disable_notification=said.priority is Priority.LOW,
        )
        return json_request(target, body, place.url)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        meaning = classify(answer, now, target)
        if meaning.moved_to is not None:
            self._move(target, meaning.moved_to)
        if meaning.topic_gone:
            _remember(self._without_topic, target.address, None)
            _remember(self._outdated, target.label, _NO_TOPIC.format(label=target.label))
        return meaning.outcome

    def outdated(self) -> Mapping[str, str]:
        """See ``Channel.outdated``."""
        return self._outdated

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """See ``HttpChannel.notes``."""
        notes = super().notes(delivery)
        address = delivery.targets[0].address
        place = place_of(address)
        if (moved_to := self._moved.get((place.url, place.chat))) is not None:
            problem = f"the group is a supergroup now: write chat_id={moved_to} in its address"
            notes = (*notes, Note("address", problem))
        if address in self._without_topic:
            notes = (*notes, Note("address", "the topic is gone; sent to the chat without one"))
        return notes

    def ask_again(self) -> None:
        """See ``Channel.ask_again``: a topic may be open again."""
        self._without_topic.clear()
        self._outdated.clear()

    def _chat(self, place: Place) -> int | str:
        moved_to = self._moved.get((place.url, place.chat))
        if moved_to is not None:
            return moved_to
        return place.chat if place.chat.startswith("@") else int(place.chat or 0)

    def _move(self, target: Target, moved_to: int) -> None:
        place = place_of(target.address)
        _remember(self._moved, (place.url, place.chat), moved_to)
        _remember(self._outdated, target.label, _MOVED.format(label=target.label, chat=moved_to))


def _remember(table: dict[K, V], key: K, value: V) -> None:
    if len(table) >= _MOST_KNOWN:
        del table[next(iter(table))]
    table[key] = value
