"""Who is served, who waits, and what is said about it."""

import logging

import httpx
import pytest
from fastapi import FastAPI

from app.policies.service.access import Access
from tests.support.fakes import KEY, Fakes, serve


async def test_another_machine_is_refused_without_keys(app: FastAPI, fakes: Fakes) -> None:
    """403 as a problem, health excepted."""
    async with serve(app, fakes.service, client=("10.0.0.7", 50000)) as client:
        answer = await client.get("/stats")
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/health")).status_code == 200


async def test_a_foreign_host_is_refused_without_keys(client: httpx.AsyncClient) -> None:
    """A page whose name was pointed at this machine reads nothing."""
    assert (await client.get("/stats", headers={"Host": "evil.com"})).status_code == 403


async def test_two_hosts_are_none(client: httpx.AsyncClient) -> None:
    """A second Host header does not slip past the check of the first."""
    request = client.build_request("GET", "/stats", headers=[("Host", "localhost"), ("Host", "x")])
    assert (await client.send(request)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}],
)
async def test_a_key_opens_from_anywhere(
    locked: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """Either header carries it."""
    assert (await locked.get("/stats", headers=headers)).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "another"}, {"Authorization": "Basic YQ=="}])
async def test_without_the_key_a_challenge_is_sent(
    locked: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """401 names the scheme, and echoes no key."""
    answer = await locked.get("/docs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "another" not in answer.text


async def test_a_foreign_page_changes_nothing(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The worker is not stopped by a page that the operator happens to visit."""
    answer = await client.post("/stop", headers={"Origin": "https://evil.com"})
    assert answer.status_code == 403
    assert fakes.worker.stops == []
    own = await client.post("/stop", headers={"Origin": "http://127.0.0.1:8000"})
    assert own.status_code == 200


async def test_a_proxy_is_not_this_machine(client: httpx.AsyncClient) -> None:
    """A request that says whom it came from by way of is refused, whatever its Host."""
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=x"}, {"X-Real-IP": "x"}):
        assert (await client.get("/stats", headers=headers)).status_code == 403


async def test_a_webhook_that_comes_back_stops_nothing(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """It is refused, and where it came in is never connected to from then on."""
    assert not fakes.service.own_addresses.covers("127.0.0.1", 8000)
    answer = await client.post("/stop", headers={"User-Agent": "notification-worker"})
    assert answer.status_code == 421
    assert fakes.worker.stops == []
    assert fakes.service.own_addresses.covers("127.0.0.1", 8000)


async def test_what_the_operator_must_mend_is_logged_once(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    """Production that turns out to be open says so, not for every request."""
    service = Fakes(access=Access.of(closed=True)).service
    async with serve(app, service, client=("10.0.0.7", 50000)) as client:
        for _ in range(2):
            assert (await client.get("/health")).status_code == 403
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "NOTIFIER_API_KEYS" in caplog.text


@pytest.fixture
def keyed() -> Fakes:
    """Return a service with a key that has a name."""
    return Fakes(access=Access.of([f"ops={KEY}"]))


async def test_guessing_is_slowed_down_and_said(
    app: FastAPI, keyed: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    """From the eleventh wrong key of a minute on each waits a second; a right one never does."""
    async with serve(app, keyed.service, client=("10.0.0.7", 50000)) as client:
        for guess in range(12):
            wrong = {"X-API-Key": f"guess {guess}"}
            assert (await client.get("/stats", headers=wrong)).status_code == 401
            assert (await client.get("/stats", headers={"X-API-Key": KEY})).status_code == 200
            assert (await client.get("/stats")).status_code == 401
        assert keyed.waits == [1.0, 1.0]
        assert caplog.text.count("10 wrong API keys from 10.0.0.7 within a minute") == 1
        assert "guess" not in caplog.text.replace("may be guessing", "")
    async with serve(app, keyed.service, client=("10.0.0.8", 50000)) as client:
        assert (await client.get("/stats", headers={"X-API-Key": "x"})).status_code == 401
    assert len(keyed.waits) == 2


async def test_what_is_done_is_logged_with_who_did_it(
    app: FastAPI, keyed: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    """By the name of the key, with the answer; reading, and what was refused, is not."""
    caplog.set_level(logging.INFO, "app.audit")
    async with serve(app, keyed.service, client=("10.0.0.7", 50000)) as client:
        client.headers["Authorization"] = f"Bearer {KEY}"
        await client.post("/stop?drain=false")
        await client.post("/nowhere")
        await client.get("/stats")
        client.headers["Authorization"] = "Bearer another"
        await client.post("/start")
    assert [record.getMessage() for record in caplog.records if record.name == "app.audit"] == [
        "POST /stop?drain=false by ops from 10.0.0.7: 200",
        "POST /nowhere by ops from 10.0.0.7: 404",
    ]


async def test_without_keys_this_machine_did_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nobody to tell apart, and no key in the log that happens to be sent."""
    caplog.set_level(logging.INFO, "app.audit")
    await client.post("/pause", headers={"X-API-Key": "not asked for"})
    assert caplog.messages == ["POST /pause by this machine from 127.0.0.1: 200"]
