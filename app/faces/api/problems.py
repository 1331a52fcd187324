"""Errors as problem details (RFC 9457): every one names the fault and the remedy."""

import http
from collections.abc import Callable, Mapping, Sequence

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from app.faces.api.responses import JsonResponse, ProblemResponse
from app.policies.redaction import scrub
from app.values.errors import (
    BusyError,
    InvalidItemsError,
    KafkaRefusedError,
    KafkaUnavailableError,
    NotifierError,
    RecipientsFileError,
    RecordTooLargeError,
    TemplateError,
    UnknownDestinationError,
    UntestableError,
)

_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
# Sent by ServerErrorMiddleware, which stands outside every other middleware.
_NEVER_STORED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value that cannot be used.

    Attributes:
        location: ``query``, ``path``, ``header`` or ``body``.
        problem: The fault, and the expected form.
        field: The faulty part, as a path; absent if the whole of it is at fault.
        index: Which item of a list, counted from 0; absent outside of lists.
    """

    location: str
    problem: str
    field: str = ""
    index: int | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error.

    Attributes:
        type: Always ``about:blank``: the status tells the kind of problem.
        instance: The path that was asked for.
        errors: Present when values of the request are at fault: one for each.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: tuple[Fault, ...] | msgspec.UnsetType = msgspec.UNSET


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = headers


def respond(error: ProblemError, instance: str) -> JsonResponse:
    """Build the answer for a problem that the path ``instance`` has met."""
    # The error's text may quote the request.
    faults = tuple(
        msgspec.structs.replace(each, problem=scrub(each.problem), field=scrub(each.field))
        for each in error.faults
    )
    problem = Problem(
        title=http.HTTPStatus(error.status).phrase,
        status=error.status,
        detail=scrub(error.detail),
        instance=scrub(instance),
        errors=faults or msgspec.UNSET,
    )
    return ProblemResponse(problem, error.status, error.headers)


def install(app: FastAPI, shown: Callable[[Request, ProblemError], Response] | None = None) -> None:
    """Let every exception leave ``app`` as a problem.

    Args:
        shown: Makes the answer; None: always a problem detail.
    """

    async def handle(request: Request, error: Exception) -> Response:
        problem = translate(request, error)
        return shown(request, problem) if shown else respond(problem, request.url.path)

    for kind in (ProblemError, NotifierError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)


def translate(request: Request, error: Exception) -> ProblemError:
    """Explain an exception to the client."""
    match error:
        case ProblemError():
            return error
        case RequestValidationError():
            return unusable(
                [
                    Fault(str(each["loc"][0]), each["msg"], ".".join(map(str, each["loc"][1:])))
                    for each in error.errors()
                ]
            )
        case InvalidItemsError():
            return unusable(
                [Fault("body", each.problem, each.field, index) for index, each in error.items],
                "Nothing was published.",
            )
        case NotifierError():
            return _refused(error)
        case HTTPException():
            return _unrouted(request, error)
        case _:
            return ProblemError(
                500,
                "The service failed on this request. Its log has the error;"
                " please report it if it happens again.",
                headers=_NEVER_STORED,
            )


def unusable(faults: Sequence[Fault], consequence: str = "") -> ProblemError:
    """Return the 422 for values that cannot be used.

    Args:
        faults: At least one.
        consequence: The consequence, as a sentence.
    """
    first = faults[0]
    item = "" if first.index is None else f" item {first.index}"
    field = f" {first.field}" if first.field else ""
    more = f" ({len(faults) - 1} more in 'errors')" if len(faults) > 1 else ""
    text = f"{first.location}{item}{field}: {first.problem}{more}."
    return ProblemError(422, f"{text} {consequence}".strip(), faults)


def _refused(error: NotifierError) -> ProblemError:
    match error:
        case KafkaUnavailableError():
            return ProblemError(503, f"{error}. Try again later.", headers={"Retry-After": "5"})
        case RecordTooLargeError():
            return ProblemError(413, f"{error}. Send less, or let the topic take more.")
        case KafkaRefusedError():
            return ProblemError(503, f"{error}. Run 'notifier doctor' to see what is missing.")
        case UnknownDestinationError() | UntestableError() | BusyError():
            status = 404 if isinstance(error, UnknownDestinationError) else 409
            return ProblemError(status, f"{error}.")
        case RecipientsFileError() | TemplateError():
            return ProblemError(422, f"{error}. What was read before stays in force.")
        case _:
            return ProblemError(500, str(error))


def _unrouted(request: Request, error: HTTPException) -> ProblemError:
    path = request.url.path
    detail = error.detail
    if detail == http.HTTPStatus.NOT_FOUND.phrase:  # the router's own, which says little
        detail = f"There is nothing at {path}. GET /docs lists every call."
    elif detail == http.HTTPStatus.METHOD_NOT_ALLOWED.phrase:
        allowed = ", ".join(_methods(request))
        detail = f"{path} does not take {request.method}; it takes {allowed}."
        return ProblemError(error.status_code, detail, headers={"Allow": allowed})
    return ProblemError(error.status_code, detail, headers=error.headers)


def _methods(request: Request) -> list[str]:
    """Return every method that the path takes; the router itself names those of one route."""
    routes = request.app.routes
    found = [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]
    return sorted({*found, *(["HEAD"] if "GET" in found else [])})
