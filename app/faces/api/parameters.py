"""Query parameters: one that means nothing, or two things at once, is not passed over."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BeforeValidator, Field

from app.faces.api.problems import Fault, unusable

LONGEST_NAME = 100


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Blank = BeforeValidator(_none_if_empty)
"""For what may be empty: a form without JavaScript sends every field."""


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


Moment = Annotated[
    datetime, AfterValidator(_in_utc), Field(description="ISO 8601; naive means UTC")
]
"""A time in a query."""


async def only_known_parameters(request: Request) -> None:
    """End a request with 422 if its query names a parameter that its route does not take.

    The same if it gives one several times that has one value: neither would be the right one.
    """
    if not request.query_params:
        return
    route: APIRoute = request.scope["route"]
    fields = get_flat_params(route.dependant)
    known = {
        field.alias: get_origin(field.field_info.annotation) is list
        for field in fields
        if isinstance(field.field_info, Query)
    }
    takes = f"this call takes {', '.join(known)}" if known else "this call takes none"
    given = Counter(name for name, _ in request.query_params.multi_items())
    faults = [
        Fault("query", problem, name[:LONGEST_NAME])
        for name, times in given.items()
        if (problem := _problem(known.get(name), times, takes))
    ]
    if faults:
        raise unusable(faults)


def _problem(is_list: bool | None, times: int, takes: str) -> str | None:
    if is_list is None:
        return f"there is no such parameter; {takes}"
    if times > 1 and not is_list:
        return f"it is given {times:,} times, and has one value; give it once"
    return None
