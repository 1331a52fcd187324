"""Signing in and out: a page of its own, which loads nothing, and the calls behind it."""

from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.faces.api.bodies import read_json
from app.faces.api.dependencies import Running
from app.faces.api.openapi import json_body
from app.faces.api.problems import Fault, ProblemError, unusable
from app.faces.api.responses import JsonResponse
from app.faces.dashboard.templates import page_environment
from app.faces.service import Service
from app.policies.service.access import SIGN_IN
from app.policies.service.sign_in import LIFETIME, way_back

FORM = "application/x-www-form-urlencoded"
WRONG = "This API key is not known. Check it against NOTIFIER_API_KEYS."
MOST_FIELDS = 10


class Credentials(msgspec.Struct, frozen=True):
    """The body of ``POST /sign-in``."""

    key: str


class SignedIn(msgspec.Struct, frozen=True):
    """The answer to a program: the name of the key, and the seconds that it is good for."""

    name: str
    seconds: int


def sign_in_router() -> APIRouter:
    """Build the routes; with no keys set there is nobody to sign in."""
    router = APIRouter(tags=["access"])

    @router.get(SIGN_IN, include_in_schema=False)
    async def page(service: Running, next: str = "/", wrong: bool = False) -> Response:  # noqa: A002 - the parameter's name
        if not service.access.keys:
            return RedirectResponse(way_back(next), 303)
        return _page(way_back(next), wrong=wrong)

    @router.post(
        SIGN_IN,
        summary="Sign in with an API key",
        openapi_extra=json_body(
            {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]},
            key={"key": "0123456789abcdef…"},
        ),
    )
    async def sign_in(request: Request, service: Running) -> Response:
        """Take a key, as JSON or from the page, and set a cookie that is good for 12 hours."""
        if request.headers.get("content-type", "").startswith(FORM):
            return await _from_page(request, service)
        wanted = await read_json(request, Credentials)
        name = await _name(request, service, wanted.key)
        if name is None:
            raise ProblemError(401, WRONG, headers={"WWW-Authenticate": "Bearer"})
        answer = JsonResponse(SignedIn(name, LIFETIME))
        answer.headers["Set-Cookie"] = service.sign_ins.begin(name, secure=_by_tls(request))
        return answer

    @router.post("/sign-out", summary="Sign out")
    async def sign_out(request: Request, service: Running) -> Response:
        """Take the cookie from the browser, and take no more requests with it at this worker."""
        answer = RedirectResponse(SIGN_IN, 303)
        cookies = request.headers.get("cookie")
        answer.headers["Set-Cookie"] = service.sign_ins.end(cookies, secure=_by_tls(request))
        return answer

    return router


async def _from_page(request: Request, service: Service) -> Response:
    try:
        fields = dict(parse_qsl((await request.body()).decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        raise unusable([Fault("body", "is no form of this page")]) from None
    back = way_back(fields.get("next", "/"))
    name = await _name(request, service, fields.get("key", "").strip())
    if name is None:
        return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': back, 'wrong': 'true'})}", 303)
    answer = RedirectResponse(back, 303)
    answer.headers["Set-Cookie"] = service.sign_ins.begin(name, secure=_by_tls(request))
    return answer


async def _name(request: Request, service: Service, key: str) -> str | None:
    """Return whose key that is; a wrong one counts as a guess."""
    name = service.access.name_of(key)
    if name is None:
        await service.wrong_keys.came_from(request.client.host if request.client else None)
    else:
        request.state.who = name
    return name


def _by_tls(request: Request) -> bool:
    """Say whether the browser speaks TLS, be it with a proxy in between."""
    return "https" in {request.url.scheme, request.headers.get("x-forwarded-proto", "")}


def _page(back: str, *, wrong: bool) -> HTMLResponse:
    page = page_environment().get_template("page/sign_in.html")
    return HTMLResponse(page.render(next=back, wrong=WRONG if wrong else ""))
