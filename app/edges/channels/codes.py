"""Answers that have a code in their JSON which decides the outcome, whatever their status.

Feishu, DingTalk and WeCom answer 200 to nearly everything. So only a code can mean success: an
answer without a code, or with one that is no number, has accepted nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from app.edges.channels.answers import judge, quote, quote_body, secrets_of
from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Delivered, Outcome, Retry

Meaning = Callable[[str], Outcome]
"""Makes the outcome from an error text."""

_decoder = msgspec.json.Decoder(dict[str, Any])


class Said(NamedTuple):
    """An answer, decoded."""

    code: int | None
    message: str
    members: Mapping[str, Any]


def read_answer(body: bytes, *names: tuple[str, str]) -> Said:
    """Decode an answer; all empty if it is no JSON object.

    Args:
        names: The members that hold code and message, the first that are there.
    """
    try:
        members = _decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Said(None, "", {})
    for code_name, message_name in names:
        if code_name in members:
            code, message = members[code_name], members.get(message_name)
            is_number = isinstance(code, int) and not isinstance(code, bool)
            said = message if isinstance(message, str) else ""
            return Said(code if is_number else None, said, members)
    return Said(None, "", members)


def judge_by_code(
    answer: HttpAnswer,
    said: Said,
    meanings: Mapping[int, Meaning],
    hints: Mapping[int, str],
    now: float,
    target: Target,
) -> Outcome:
    """Return the outcome that an answer stands for.

    Args:
        meanings: By code. If one is not known, the status may tell; else it is tried again.
        hints: What to do about it, by code.
        target: Neither its address nor what lets requests in must be shown.
    """
    if said.code is None:
        if 200 <= answer.status < 300:
            return Retry(f"HTTP {answer.status} without a code: {quote_body(answer, target)}")
        return judge(answer, quote_body(answer, target), now)
    if said.code == 0:
        return Delivered()
    words = quote(said.message, secrets_of(target.address, target.access))
    error = f"code {said.code}: {words}" if words else f"code {said.code}"
    if hint := hints.get(said.code):
        error = f"{error}; {hint}"
    if (meaning := meanings.get(said.code)) is not None:
        return meaning(error)
    if 200 <= answer.status < 300:
        return Retry(error, target_alone=True)
    return judge(answer, error, now)
