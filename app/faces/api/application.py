"""The application: routers, problems, and the middleware in front of every route."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Protocol

from fastapi import Depends, FastAPI, Request
from starlette.middleware import Middleware

from app.faces.api import (
    control,
    destinations,
    events,
    history,
    inbox,
    notifications,
    problems,
    replays,
    status,
    tracing,
)
from app.faces.api.discretion import Discretion
from app.faces.api.guard import AccessGuard
from app.faces.api.middleware import BodyLimit, HeadAsGet, SecurityHeaders
from app.faces.api.openapi import ANY_PROBLEM, Documented
from app.faces.api.parameters import only_known_parameters
from app.faces.api.problems import Problem
from app.faces.api.responses import JsonResponse
from app.faces.api.wording import Speaks
from app.values.control import AttemptPage
from app.values.dead_letter import DeadLetterPage
from app.values.destinations import DestinationAnswer, DestinationPage, DestinationView
from app.values.fleet import Fleet
from app.values.history import HistoryPage, Story
from app.values.rates import Rates
from app.values.replay import Replay
from app.values.snapshot import Snapshot

_BODIES = (
    Snapshot,
    AttemptPage,
    DeadLetterPage,
    Problem,
    control.LogLevel,
    notifications.Accepted,
    notifications.TestAccepted,
    inbox.Behaviour,
    inbox.Received,
    replays.ReplayRequest,
    Replay,
    Rates,
    Fleet,
    DestinationView,
    DestinationPage,
    DestinationAnswer,
    HistoryPage,
    Story,
)
MAX_NOTIFICATIONS = 16 * 1024 * 1024
MAX_BODY = 1024 * 1024
MAX_FORM = 64 * 1024
"""Bytes; a form is read in one go, which nobody else is to wait for."""

_DESCRIPTION = """\
Delivers notifications from a Kafka topic to Discord, webhooks and e-mail.

Without an API key only this machine is served; with keys, send one as
`Authorization: Bearer <key>` or `X-API-Key`. Every error is a problem detail (RFC 9457).
"""


class Lifespan(Protocol):
    """Starts the service, yields ``{"service": Service}``, and stops it."""

    def __call__(self, app: FastAPI, /) -> AbstractAsyncContextManager[Mapping[str, Any]]:
        """Return the context in which the application serves."""
        ...


def build_app(lifespan: Lifespan) -> FastAPI:
    """Build the control plane; it serves nothing until ``lifespan`` has yielded the service.

    Args:
        lifespan: Starts and stops the service.
    """
    app = Documented(
        described=_BODIES,
        title="Notification worker",
        version=version("notification-worker"),
        description=_DESCRIPTION,
        openapi_url=None,  # FastAPI's own route takes any parameter
        docs_url=None,  # it would load scripts from another host; the dashboard has the page
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Speaks),
            Middleware(Discretion),
            Middleware(HeadAsGet),
            Middleware(AccessGuard),
            Middleware(BodyLimit, limit_of=body_limit),
        ],
        dependencies=[Depends(only_known_parameters)],
    )
    app.get("/openapi.json", include_in_schema=False)(_document)
    problems.install(app)
    for module in (
        status,
        control,
        destinations,
        notifications,
        replays,
        history,
        tracing,
        events,
        inbox,
    ):
        app.include_router(module.router, responses=ANY_PROBLEM)
    return app


def body_limit(path: str, content_type: str) -> int:
    """Return how large the body of a request may be, in bytes."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return MAX_FORM
    return MAX_NOTIFICATIONS if path == "/notifications" else MAX_BODY


async def _document(request: Request) -> JsonResponse:
    document: FastAPI = request.app
    return JsonResponse(document.openapi())
