"""The application: routers, problems and what stands before every request."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Protocol

from fastapi import FastAPI
from starlette.middleware import Middleware

from app.faces.api import (
    control,
    events,
    history,
    inbox,
    notifications,
    problems,
    replays,
    status,
)
from app.faces.api.discretion import Discretion
from app.faces.api.guard import AccessGuard
from app.faces.api.middleware import BodyLimit, SecurityHeaders
from app.faces.api.openapi import ANY_PROBLEM, Documented
from app.faces.api.problems import Problem
from app.values.control import AttemptPage
from app.values.dead_letter import DeadLetterPage
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
)
MAX_BODY = 16 * 1024 * 1024

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


def build_app(lifespan: Lifespan, *, max_body: int = MAX_BODY) -> FastAPI:
    """Build the control plane; it serves nothing until ``lifespan`` has yielded the service.

    Args:
        lifespan: Starts and stops the service.
        max_body: The largest request body in bytes.
    """
    app = Documented(
        described=_BODIES,
        title="Notification worker",
        version=version("notification-worker"),
        description=_DESCRIPTION,
        docs_url=None,  # it would load scripts from another host; the dashboard has the page
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Discretion),
            Middleware(AccessGuard),
            Middleware(BodyLimit, limit=max_body),
        ],
    )
    problems.install(app)
    for module in (status, control, notifications, replays, history, events, inbox):
        app.include_router(module.router, responses=ANY_PROBLEM)
    return app
