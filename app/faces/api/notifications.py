"""Putting notifications on the topic."""

import json
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request

from app.faces import doing
from app.faces.api import examples
from app.faces.api.bodies import parse_json
from app.faces.api.dependencies import Running, Who
from app.faces.api.openapi import json_answer, json_body
from app.faces.api.problems import Fault, unusable
from app.faces.api.responses import JsonResponse
from app.policies.headers.trace_context import read_trace_context
from app.policies.parsing.json_text import read_json
from app.values.control import PublishWarning
from app.values.errors import UNREADABLE, InvalidRecordError

router = APIRouter(tags=["notifications"])

MAX_ITEMS = 1000


class TestType(StrEnum):
    """The kinds of test messages (docs/contract.md#test-messages)."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    MULTI = "multi"
    TRADING = "trading"
    ALERT = "alert"


class TestAccepted(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of ``POST /test-notifications``.

    Attributes:
        published: How many Kafka has acknowledged; with a delay, none yet.
        warning: Present when the service has no destination for this type.
    """

    type: str
    requested: int
    published: int
    message_ids: tuple[str, ...]
    warning: str | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The answer of ``POST /notifications``: ids in the order of the request.

    Attributes:
        warnings: Parts of them that will be left out or changed when they are sent.
    """

    published: int
    message_ids: tuple[str, ...]
    warnings: tuple[PublishWarning, ...] = ()


@router.post(
    "/test-notifications",
    status_code=202,
    summary="Publish test notifications",
    responses={
        202: json_answer("Kafka has them", TestAccepted("webhook", 2, 2, ("6f1c…-1", "6f1c…-2")))
    },
)
async def send_test_notifications(
    service: Running,
    who: Who,
    type: TestType = TestType.WEBHOOK,  # noqa: A002 - the query parameter's name by contract
    count: Annotated[int, Query(ge=1, le=10_000)] = 5,
    delay: Annotated[float, Query(ge=0, le=60, description="Seconds between messages")] = 0,
) -> JsonResponse:
    """Publish; with a delay, answer at once and publish in the background."""
    batch = await doing.publish_test(service, who, type.value, count, delay)
    warning = service.publisher.warning_for(type.value)
    return JsonResponse(
        TestAccepted(batch.type, batch.requested, batch.published, batch.message_ids, warning), 202
    )


_ITEM: dict[str, Any] = {"type": "object"}
_ITEMS = {"anyOf": [_ITEM, {"type": "array", "items": _ITEM, "minItems": 1, "maxItems": MAX_ITEMS}]}


@router.post(
    "/notifications",
    status_code=202,
    summary="Publish one notification, or a list of them",
    openapi_extra=json_body(
        _ITEMS,
        envelope=examples.NOTIFICATION,
        typed=examples.SIMPLE,
        several=[examples.NOTIFICATION, examples.SIMPLE],
    ),
    responses={
        202: json_answer("Kafka has them", Accepted(1, ("order-4711-filled",), (examples.WARNING,)))
    },
)
async def notifications(
    request: Request,
    service: Running,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$",
            description="A repeat with the same key is recognised wherever it lands",
        ),
    ] = None,
) -> JsonResponse:
    """Publish all or, when one of them is invalid, none; every shape of record is taken."""
    items = split(await request.body())
    trace = read_trace_context(
        [(name.decode("latin-1"), value) for name, value in request.headers.raw]
    )
    done = await service.publisher.publish(items, idempotency_key, trace)
    return JsonResponse(Accepted(len(done.message_ids), done.message_ids, done.warnings), 202)


def as_strict_json(body: bytes) -> bytes:
    """Return JSON of Python's own writer as JSON that everybody reads.

    What is strict already stays as it is, byte by byte; what Python cannot read either is left to
    be refused.
    """
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except UNREADABLE:
        try:
            return json.dumps(read_json(body), ensure_ascii=False).encode()
        except (InvalidRecordError, RecursionError):
            return body
    return body


def split(body: bytes) -> list[bytes]:
    """Return the objects of a body: the one it is, or those of the list it is.

    Raises ``ProblemError`` (422) when it is not JSON, or no object, or too long a list.
    """
    body = as_strict_json(body)
    if not body.lstrip(b" \t\r\n").startswith(b"["):
        return [bytes(parse_json(body, msgspec.Raw))]
    items = [bytes(item) for item in parse_json(body, list[msgspec.Raw])]
    if not 1 <= len(items) <= MAX_ITEMS:
        raise unusable(
            [Fault("body", f"it has {len(items):,} items; 1 to {MAX_ITEMS:,} can be published")]
        )
    return items
