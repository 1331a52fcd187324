"""Signing in on the page, and out again."""

import logging

import httpx
import pytest
from fastapi import FastAPI

from app.policies.service.access import Access
from app.policies.service.sign_in import LIFETIME
from tests.support.fakes import KEY, Fakes, serve

PAGE = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
ELSEWHERE = ("10.0.0.7", 50000)


@pytest.fixture
def locked() -> Fakes:
    """Return the fakes behind a control plane with a named key."""
    return Fakes(access=Access.of([f"ops={KEY}"]))


async def sign_in(client: httpx.AsyncClient, key: str = KEY, **fields: str) -> httpx.Response:
    """Send the page's form."""
    return await client.post("/sign-in", data={"key": key, **fields})


async def test_a_browser_is_sent_to_the_sign_in_and_back(app: FastAPI, locked: Fakes) -> None:
    """Whoever opens a page without a key comes back to it; programs get the problem."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        asked = await client.get("/?status=delivered", headers=PAGE)
        assert (asked.status_code, asked.headers["location"]) == (
            303,
            "/sign-in?next=%2F%3Fstatus%3Ddelivered",
        )
        form = await client.get(asked.headers["location"], headers=PAGE)
        assert form.status_code == 200
        assert 'value="/?status=delivered"' in form.text
        signed_in = await sign_in(client, next="/?status=delivered")
        assert signed_in.headers["location"] == "/?status=delivered"
        page = await client.get("/", headers=PAGE)
        assert page.status_code == 200
        assert "Signed in as" in page.text
        assert KEY not in signed_in.headers["set-cookie"]
        assert (await client.get("/stats")).status_code == 200


async def test_the_cookie_is_kept_from_scripts_and_other_sites(app: FastAPI, locked: Fakes) -> None:
    """Over TLS it is sent by nothing else; a proxy may speak TLS for this service."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        plain = (await sign_in(client)).headers["set-cookie"]
        assert f"; Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Strict" in plain
        assert "Secure" not in plain
        headers = {"X-Forwarded-Proto": "https"}
        answer = await client.post("/sign-in", data={"key": KEY}, headers=headers)
        assert answer.headers["set-cookie"].endswith("; Secure")


async def test_a_wrong_key_is_a_guess_like_any_other(app: FastAPI, locked: Fakes) -> None:
    """The page says so, nothing is set, and from the eleventh on it takes a second."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        guesses = [await sign_in(client, "wrong-key-0123456789", next="/docs") for _ in range(11)]
        wrong = guesses[-1]
        assert "set-cookie" not in wrong.headers
        assert locked.waits == [1.0]
        page = await client.get(wrong.headers["location"])
        assert "not known" in page.text
        assert 'value="/docs"' in page.text
        assert "wrong-key" not in wrong.headers["location"]
        assert (await sign_in(client)).headers["location"] == "/"
        assert locked.waits == [1.0]


async def test_a_program_can_sign_in_too(app: FastAPI, locked: Fakes) -> None:
    """JSON in, JSON out; a wrong key is the problem that every call has."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        wrong = await client.post("/sign-in", json={"key": "wrong"})
        assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")
        right = await client.post("/sign-in", json={"key": KEY})
        assert right.json() == {"name": "ops", "seconds": LIFETIME}
        assert (await client.get("/stats")).status_code == 200


async def test_signing_out_ends_the_sign_in_here(app: FastAPI, locked: Fakes) -> None:
    """A copy of the cookie is of no use at this worker any more."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        await sign_in(client)
        kept = dict(client.cookies)
        assert kept
        out = await client.post("/sign-out")
        assert "Max-Age=0" in out.headers["set-cookie"]
        assert not client.cookies
        client.cookies.update(kept)
        assert (await client.get("/stats")).status_code == 401


async def test_a_sign_in_expires(app: FastAPI, locked: Fakes) -> None:
    """After twelve hours the page leads to the sign-in again, its buttons too."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        await sign_in(client)
        locked.now += LIFETIME
        stopped = await client.post("/actions/stop", headers=PAGE)
        assert (stopped.status_code, stopped.headers["location"]) == (303, "/sign-in?next=%2F")
        assert locked.worker.stops == []


async def test_the_log_says_who_has_done_what(
    app: FastAPI, locked: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    """With the name of the key, whoever signed in with it."""
    caplog.set_level(logging.INFO, "app.audit")
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        await client.post("/sign-in", json={"key": "wrong"})
        await sign_in(client)
        await client.post("/stop")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "POST /sign-in by nobody from 10.0.0.7: 401",
        "POST /sign-in by ops from 10.0.0.7: 303",
        "POST /stop by ops from 10.0.0.7: 200",
    ]


async def test_a_page_of_another_site_signs_nobody_in(app: FastAPI, locked: Fakes) -> None:
    """Nor does it do anything with a sign-in that the browser holds."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        foreign = {"Origin": "https://evil.example"}
        answer = await client.post("/sign-in", data={"key": KEY}, headers=foreign)
        assert answer.status_code == 403
        await sign_in(client)
        assert (await client.post("/stop", headers=foreign)).status_code == 403
        assert locked.worker.stops == []


async def test_a_wrong_key_in_a_header_is_not_made_good_by_a_cookie(
    app: FastAPI, locked: Fakes
) -> None:
    """A program that has an old key is to hear of it."""
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        await sign_in(client)
        assert (await client.get("/stats", headers={"X-API-Key": "old"})).status_code == 401


async def test_without_keys_there_is_nobody_to_sign_in(app: FastAPI) -> None:
    """The page opens as it is, on this machine alone."""
    fakes = Fakes()
    async with serve(app, fakes.service) as client:
        assert (await client.get("/sign-in?next=/docs")).headers["location"] == "/docs"
        assert (await client.post("/sign-in", json={"key": "any"})).status_code == 401
        assert "Signed in" not in (await client.get("/")).text


@pytest.mark.parametrize("body", [b"", b"key", b"\xff\xfe", b"key=" + b"&a=1" * 50])
async def test_a_form_that_is_none_is_refused(app: FastAPI, locked: Fakes, body: bytes) -> None:
    """Nothing is set by it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with serve(app, locked.service, client=ELSEWHERE) as client:
        answer = await client.post("/sign-in", content=body, headers=headers)
        assert answer.status_code in {303, 422}
        assert "set-cookie" not in answer.headers
