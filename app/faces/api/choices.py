"""Which dead letters are meant: one choice for lists, replays and pages."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import Depends, Query
from pydantic import Field

from app.faces.api.parameters import Blank, Moment
from app.faces.api.problems import Fault, ProblemError, unusable
from app.policies.service.replaying import read_place
from app.values.outcome import Reason
from app.values.replay import Place, Selection

LONGEST = 200
MOST_CAUSES = 50
CAUSE = r"^[0-9a-f]{12}$"


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters; an empty one means all. Those replayed before are left out.

    Attributes:
        reason: Dead for this reason.
        since: ISO 8601; written to the dead-letter topic from then on.
        until: ISO 8601; written before then.
        q: Text in message id, title, error, origin or targets.
        group: Given up by this consumer group.
        destination: Text in the name of a target that was not reached.
        cause: Of one of these causes, as ``GET /dead-letters`` has them.
    """

    reason: Reason | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)] | None = None
    group: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)] | None = None
    destination: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)] | None = None
    cause: (
        Annotated[
            list[Annotated[str, msgspec.Meta(pattern=CAUSE)]],
            msgspec.Meta(min_length=1, max_length=MOST_CAUSES),
        ]
        | None
    ) = None

    def selection(self) -> Selection:
        """Return the choice."""
        return Selection(
            causes=frozenset(self.cause) if self.cause else None,
            reason=self.reason,
            since=_seconds(self.since),
            until=_seconds(self.until),
            query=self.q,
            group=self.group,
            destination=self.destination,
        )


_Text = Annotated[str, Field(max_length=LONGEST)]
_Cause = Annotated[str, Field(pattern=CAUSE)]


async def _chosen(
    *,
    reason: Annotated[Reason | None, Blank] = None,
    since: Annotated[Moment | None, Blank] = None,
    until: Annotated[Moment | None, Blank] = None,
    q: Annotated[_Text | None, Blank, Field(description="Text to look for")] = None,
    group: Annotated[_Text | None, Blank, Field(description="Given up by this group")] = None,
    destination: Annotated[
        _Text | None, Blank, Field(description="Text in the name of a target not reached")
    ] = None,
    cause: Annotated[list[_Cause], Query(max_length=MOST_CAUSES)] = [],  # noqa: B006 - FastAPI copies
) -> Selection:
    return Filter(
        reason=reason,
        since=since,
        until=until,
        q=q,
        group=group,
        destination=destination,
        cause=cause or None,
    ).selection()


Chosen = Annotated[Selection, Depends(_chosen)]
"""The choice that a query makes."""


def places_of(ids: Iterable[str], where: str) -> frozenset[Place]:
    """Return the places that ids name; end the request with 422 if one is none.

    Args:
        ids: ``partition/offset``.
        where: ``body`` or ``query``.
    """
    return frozenset(_place(each, where) for each in ids)


def _place(text: str, where: str) -> Place:
    place = read_place(text)
    if place is None:
        problem = f"{text[:40]!r} is not an id; they look like 3/17 (partition/offset)"
        raise unusable([Fault(where, problem, "ids" if where == "body" else "id")])
    return place


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError) as error:
        raise ProblemError(422, f"filter: {moment} is no usable time.") from error
