"""The Bot API's answers (tdlib/telegram-bot-api, ``Client::fail_query_with_error``)."""

from typing import NamedTuple

import msgspec

from app.edges.channels.answers import (
    judge,
    judge_stranger,
    patience,
    quote,
    read_json,
    retry_after,
    secrets_of,
)
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Delivered, Denied, Gone, Outcome, RateLimited, Rejected, Retry

_GONE = (
    "chat not found",
    "bot was blocked",
    "user is deactivated",
    "bot was kicked",
    "bot is not a member",
    "chat was deleted",
    "peer_id_invalid",
)
_DENIED = ("not enough rights", "have no rights")
_TOPIC_GONE = ("message thread not found", "topic_deleted", "topic_closed")


class _Parameters(msgspec.Struct, frozen=True):
    migrate_to_chat_id: int | None = None
    retry_after: float | None = None


class _Answer(msgspec.Struct, frozen=True):
    ok: bool
    description: str = ""
    parameters: _Parameters = _Parameters()


class Meaning(NamedTuple):
    """An answer, judged."""

    outcome: Outcome
    moved_to: int | None = None  # the chat is now another one, with this number
    topic_gone: bool = False  # the chat is there, and the topic is not


_decoder = msgspec.json.Decoder(_Answer)


def classify(answer: HttpAnswer, now: float, target: Target) -> Meaning:
    """Return the outcome that an answer stands for."""
    read = read_json(_decoder, answer)
    if read is None:
        return Meaning(judge_stranger("Telegram", answer, now, target))
    if read.ok:
        return Meaning(Delivered())
    said = quote(read.description, secrets_of(target.address, target.access))
    error = f"HTTP {answer.status}: {said}"
    words = read.description.lower()
    if answer.status == 429:
        return Meaning(RateLimited(error, _wait(answer, read.parameters, now)))
    moved_to = read.parameters.migrate_to_chat_id
    if moved_to is not None:
        return Meaning(Retry(error), moved_to)
    if any(each in words for each in _TOPIC_GONE):
        return Meaning(Retry(error), topic_gone=True)
    return Meaning(_refused(answer, words, error, said, now))


def fault(answer: HttpAnswer, target: Target) -> str:
    """Return what an answer about the chat says is wrong; empty if the bot knows it."""
    meaning = classify(answer, 0.0, target)
    if meaning.moved_to is not None:
        return f"the group is a supergroup now: write chat_id={meaning.moved_to} in its address"
    return "" if isinstance(meaning.outcome, Delivered) else meaning.outcome.error


def _refused(answer: HttpAnswer, words: str, error: str, said: str, now: float) -> Outcome:
    if any(each in words for each in _GONE):
        return Gone(error)
    if any(each in words for each in _DENIED):
        return Denied(f"{error} (let the bot write there)", certain=True)
    if answer.status in (401, 404, 421):  # no such bot, here or anywhere
        return Denied(f"{error} (ask @BotFather for the bot's token)", certain=True)
    if answer.status == 400:
        return Rejected(error, form=True)
    return judge(answer, said, now)


def _wait(answer: HttpAnswer, parameters: _Parameters, now: float) -> float | None:
    if parameters.retry_after is not None:
        return patience(parameters.retry_after)
    return retry_after(answer.headers.get("retry-after"), now)
