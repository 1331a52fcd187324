"""The messages in which the service tells its operator what is wrong, and that it is over.

Whole sentences with named placeholders, so that each can be translated by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from app.policies.service.notices import Due
from app.policies.texts.moments import utc_time
from app.policies.texts.plain_text import clip
from app.values.notice import Matter, MatterKind
from app.values.notification import Notification, Request

MOST_SHOWN: Final = 10
"""Matters of a message that are told in full; of the others only their number."""
LONGEST_SAID: Final = 200
WRONG_COLOR: Final = 0xD9534F
OVER_COLOR: Final = 0x3C9D5B

WRONG_TITLE: Final = "Notifications of {group} need you"
OVER_TITLE: Final = "Notifications of {group} are well again"

_BROKEN = "{subject} has not worked since {since}. It last said: {said}."
_DENIED = "{subject} has refused everything from this service since {since}. It last said: {said}."
_GONE = "{subject} has said since {since} that it no longer exists. Its words: {said}."
_DEAD = "Notifications have become dead letters in {subject} since {since}. The last one: {said}."
_NO_PROGRESS = "Worker {subject} has made no progress since {since}: {said}."
_KAFKA_AWAY = "Worker {subject} has had no word from Kafka since {since}: {said}."

_WAIT = "Notifications held up so far: {affected}. They are kept and tried again."
_REFUSED = "Notifications met so far: {affected}. What is for it becomes a dead letter."
_DEAD_COUNT = "Dead letters so far: {affected}."
_KEPT = "Notifications in its hands: {affected}. Nothing is lost; they are delivered afterwards."

_SEE_BROKEN = (
    "See to the receiver; it is asked again by itself: "
    "docs/operations.md#a-destination-does-not-work"
)
_SEE_DENIED = (
    "Put right what it names (key, signature, login, allowed addresses): docs/operations.md#denied"
)
_SEE_GONE = (
    "Give its users another address, then replay the dead letters: "
    "docs/operations.md#a-destination-is-gone"
)
_SEE_DEAD = (
    "Read them with `notifier dead-letters list`, put the cause right, replay them: "
    "docs/operations.md#dead-letters-come-in"
)
_SEE_WORKER = (
    "Look at the worker's log and run `notifier doctor`: docs/operations.md#problems-without-a-kind"
)
_SEE_KAFKA = (
    "Look at the brokers and the network; it goes on by itself: docs/operations.md#kafka-is-away"
)

_OVER_DESTINATION = (
    "{subject} works again. It had not since {since}; notifications met: {affected}."
)
_OVER_DEAD = "No more notifications have become dead letters; since {since} it was {affected}."
_OVER_WORKER = "Worker {subject} makes progress again. It had made none since {since}."
_OVER_KAFKA = "Worker {subject} hears from Kafka again. It had heard nothing since {since}."

_MORE = "And {count} more matters: see the status page."
_SIGNED = "Told by worker {worker} of the group {group}."

_Sentences = tuple[str, str, str]
_DESTINATION: dict[str, _Sentences] = {
    "broken": (_BROKEN, _WAIT, _SEE_BROKEN),
    "denied": (_DENIED, _WAIT, _SEE_DENIED),
    "gone": (_GONE, _REFUSED, _SEE_GONE),
}
_OTHERS: dict[MatterKind, _Sentences] = {
    MatterKind.DEAD_LETTERS: (_DEAD, _DEAD_COUNT, _SEE_DEAD),
    MatterKind.NO_PROGRESS: (_NO_PROGRESS, _KEPT, _SEE_WORKER),
    MatterKind.KAFKA_AWAY: (_KAFKA_AWAY, _KEPT, _SEE_KAFKA),
}
_OVER: dict[MatterKind, str] = {
    MatterKind.DESTINATION: _OVER_DESTINATION,
    MatterKind.DEAD_LETTERS: _OVER_DEAD,
    MatterKind.NO_PROGRESS: _OVER_WORKER,
    MatterKind.KAFKA_AWAY: _OVER_KAFKA,
}


def notice(
    said: Due,
    request: Request,
    *,
    group: str,
    worker: str,
    now: float,
    translate: Callable[[str], str],
) -> Notification:
    """Return the message that tells what is due, for one address.

    Args:
        now: Seconds since the epoch.
    """
    wrong = (*said.begun, *said.lasting)
    paragraphs = [
        "\n".join(map(translate, sentences))
        for sentences in (*_wrong(wrong[:MOST_SHOWN]), *_over(said.over[:MOST_SHOWN]))
    ]
    more = max(len(wrong) - MOST_SHOWN, 0) + max(len(said.over) - MOST_SHOWN, 0)
    if more:
        paragraphs.append(translate(_MORE.format(count=f"{more:,}")))
    paragraphs.append(translate(_SIGNED.format(worker=worker, group=group)))
    return Notification(
        content="\n\n".join(paragraphs),
        requests=(request,),
        title=translate((WRONG_TITLE if wrong else OVER_TITLE).format(group=group)),
        timestamp=now,
        color=WRONG_COLOR if wrong else OVER_COLOR,
    )


def _wrong(matters: Sequence[Matter]) -> Iterator[Sequence[str]]:
    for matter in matters:
        if matter.kind is MatterKind.DESTINATION:
            what, met, remedy = _DESTINATION[matter.state]
        else:
            what, met, remedy = _OTHERS[matter.kind]
        yield _filled(what, matter), _filled(met, matter), remedy


def _over(matters: Sequence[Matter]) -> Iterator[Sequence[str]]:
    for matter in matters:
        yield (_filled(_OVER[matter.kind], matter),)


def _filled(sentence: str, matter: Matter) -> str:
    return sentence.format(
        subject=matter.subject,
        since=utc_time(matter.since),
        said=clip(matter.said, LONGEST_SAID).rstrip(".") or "nothing",
        affected=f"{matter.affected:,}",
    )
