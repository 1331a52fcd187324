"""Query parameters: one that means nothing is a typing error, and is not passed over."""

from datetime import UTC, datetime
from typing import Annotated, Any

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


async def no_unknown_parameters(request: Request) -> None:
    """End a request with 422 if its query names a parameter that its route does not take."""
    if not request.query_params:
        return
    route: APIRoute = request.scope["route"]
    fields = get_flat_params(route.dependant)
    known = [field.alias for field in fields if isinstance(field.field_info, Query)]
    takes = f"this call takes {', '.join(known)}" if known else "this call takes none"
    faults = [
        Fault("query", f"there is no such parameter; {takes}", name[:LONGEST_NAME])
        for name in dict.fromkeys(request.query_params)
        if name not in known
    ]
    if faults:
        raise unusable(faults)
