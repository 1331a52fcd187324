"""Who is served: the rules of access before every route, and a line for everything that is done."""

import logging
import time
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.faces.api.problems import ProblemError, respond
from app.faces.service import Service
from app.policies.service import passes
from app.policies.service.access import SAFE_METHODS, SIGN_IN, Caller, bearer, is_forwarded, refusal

log = logging.getLogger(__name__)
audit = logging.getLogger("app.audit")

THIS_MACHINE = "this machine"
"""The actor in the log if no keys are set."""
NOBODY = "nobody"
"""The actor of a request without a key, for what is open to everybody."""


class AccessGuard:
    """Serves a request only if docs/access.md allows it, and nothing before the start.

    Every request that changes something is logged with the name of its key; routes
    find the name as ``request.state.who``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._said: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service: Service | None = scope.get("state", {}).get("service")
        if service is None:
            problem = ProblemError(503, "The service is starting. Try again in a moment.")
            await respond(problem, scope["path"])(scope, receive, send)
            return
        caller = _caller(scope, service)
        refused = await self._check(service, scope, caller)
        if refused is not None:
            shown = _to_sign_in(scope) if refused.status == 401 and _is_for_page(scope) else None
            await (shown or respond(refused, scope["path"]))(scope, receive, send)
            return
        who = service.access.name_of(caller.credential) if caller.credential else caller.signed_in
        scope["state"]["who"] = who or (NOBODY if service.access.keys else THIS_MACHINE)
        is_change = caller.method not in SAFE_METHODS
        await self._app(scope, receive, _logged(scope, send) if is_change else send)

    async def _check(self, service: Service, scope: Scope, caller: Caller) -> ProblemError | None:
        host, port = scope.get("server") or ("", None)
        if port is not None:  # else it is a Unix socket
            service.own_addresses.learn(host, port)
        refused = refusal(service.access, caller)
        if refused is None:
            return None
        if refused.for_operator and refused.detail not in self._said:
            self._said.add(refused.detail)
            log.error("%s", refused.detail)
        if refused.status != 401:
            return ProblemError(refused.status, refused.detail)
        if caller.credential is not None:
            await service.wrong_keys.came_from(caller.client)
        return ProblemError(401, refused.detail, headers={"WWW-Authenticate": "Bearer"})


def _is_for_page(scope: Scope) -> bool:
    """Say whether the answer will be shown by a browser, not read by a program."""
    return "text/html" in Headers(scope=scope).get("accept", "")


def _to_sign_in(scope: Scope) -> Response:
    """Lead to the sign-in, and from there back; a change has to be requested again afterwards."""
    query = scope["query_string"].decode("ascii", "ignore")
    asked = scope["path"] + (f"?{query}" if query else "")
    asked = asked if scope["method"] in SAFE_METHODS else "/"
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': asked})}", 303)


def _caller(scope: Scope, service: Service) -> Caller:
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    client = scope.get("client")
    return Caller(
        method=scope["method"],
        path=scope["path"],
        scheme=scope["scheme"],
        client=client[0] if client else None,
        host=hosts[0] if len(hosts) == 1 else None,
        credential=headers.get("x-api-key") or bearer(headers.get("authorization")),
        signed_in=service.sign_ins.who(headers.get("cookie")),
        has_pass=_has_pass(scope, headers.get(passes.HEADER), service),
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
        user_agent=headers.get("user-agent"),
        is_forwarded=is_forwarded(scope["http_version"], headers),
    )


def _has_pass(scope: Scope, given: str | None, service: Service) -> bool:
    """Say whether another worker asks for what it has a pass for."""
    if given is None or scope["method"] != "GET":
        return False
    return service.access.passes.admit(given, scope["path"], time.time())


def _logged(scope: Scope, send: Send) -> Send:
    """Return a ``send`` that logs the actor and the request."""

    async def logged(message: Message) -> None:
        if message["type"] == "http.response.start":
            query = scope["query_string"].decode("ascii", "backslashreplace")
            audit.info(
                "%s %s%s by %s from %s: %d",
                scope["method"],
                scope["path"],
                f"?{query}" if query else "",
                scope["state"]["who"],
                (scope.get("client") or ("a Unix socket",))[0],
                message["status"],
            )
        await send(message)

    return logged
