"""Other workers, asked about a notification."""

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import trustme

from app.edges.service_address import trust
from app.engine.control import others as module
from app.engine.control.others import OtherWorkers, has, page_of
from app.faces.api.examples import STORY
from app.policies.service.access import Access
from app.policies.service.passes import HEADER
from app.values.fleet import Fleet, Worker, WorkerStatistics
from app.values.snapshot import Status
from tests.support.http_server import Answer, Hang, HttpServer, http_server
from tests.support.tls import serving

KEYS = Access.of(["a key of sixteen letters"])
NOW = 1_700_000_000.0
ABSENT = Answer.of_json(404, {"detail": "not here"})
HERE = Answer(200, msgspec.json.encode(STORY), {"Content-Type": "application/json"})


@pytest.fixture
async def hooks() -> AsyncIterator[HttpServer]:
    """Another worker's control plane."""
    async with http_server() as server:
        yield server


def worker(name: str, address: str | None, host: str = "here") -> Worker:
    """Return a worker of the fleet."""
    return Worker(name, host, 1, Status.RUNNING, address)


def fleet_of(*workers: Worker) -> Callable[[], Fleet]:
    """Return what tells of these and the one that asks."""
    me = worker("me", "http://127.0.0.1:1")
    return lambda: Fleet("me", (me, *workers), WorkerStatistics())


def asking(*workers: Worker, access: Access = KEYS) -> OtherWorkers:
    """Return what asks them."""
    keys = bool(access.keys)
    return OtherWorkers(
        fleet_of(*workers), access.passes, has_keys=keys, host="here", now=lambda: NOW
    )


async def test_whoever_holds_it_tells(hooks: HttpServer) -> None:
    """All are asked, with a pass for just that."""
    async with http_server() as another:
        another.behaviour = ABSENT
        hooks.behaviour = HERE
        workers = worker("one", another.url("")), worker("two", hooks.url(""))
        story, unasked = await asking(*workers).story("a/b")
    assert (story, unasked) == (STORY, ())
    (received,) = hooks.received
    assert (received.method, received.path) == ("GET", "/notifications/a%2Fb")
    assert KEYS.passes.admit(received.headers[HEADER], "/notifications/a/b", NOW)
    assert "authorization" not in received.headers


async def test_those_that_cannot_be_asked_are_named(hooks: HttpServer) -> None:
    """Without an address that leads there, with an answer that is none, and if they are gone."""
    hooks.script.append(Answer.of_json(500, {"detail": "no"}))
    hooks.behaviour = ABSENT
    elsewhere = worker("far", "http://127.0.0.1:1", host="there")
    workers = (
        worker("broken", hooks.url("")),
        worker("gone", "http://127.0.0.1:1"),
        worker("hidden", None),
        elsewhere,
    )
    story, unasked = await asking(*workers).story("m")
    assert story is None
    assert [each.id for each in unasked] == ["broken", "gone", "hidden", "far"]
    assert await asking(worker("well", hooks.url(""))).story("m") == (None, ())


async def test_over_tls_only_those_are_believed_whose_certificate_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Others may be anybody: they are named among those that could not be asked, with the reason."""
    caplog.set_level(logging.INFO)
    ours, strange = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    trust.cache_clear()
    try:
        async with (
            http_server(ssl_context=serving(ours, "127.0.0.1")) as good,
            http_server(ssl_context=serving(strange, "127.0.0.1")) as bad,
            http_server(ssl_context=serving(ours, "other.example")) as misnamed,
        ):
            good.behaviour = ABSENT
            bad.behaviour = misnamed.behaviour = HERE
            asked = asking(
                *(
                    worker(name, each.url(""))
                    for name, each in (("good", good), ("bad", bad), ("misnamed", misnamed))
                )
            )
            story, unasked = await asked.story("m")
            good.behaviour = HERE
            told, _ = await asked.story("m")
    finally:
        trust.cache_clear()
    assert story is None
    assert [each.id for each in unasked] == ["bad", "misnamed"]
    assert told == STORY
    assert bad.received == misnamed.received == []
    said = [each for each in caplog.messages if "is not trusted" in each]
    assert any(f"the certificate of {bad.url('')} is not trusted: " in each for each in said)
    assert any("IP address mismatch" in each for each in said)


async def test_without_keys_only_this_machine_answers(hooks: HttpServer) -> None:
    """Others would refuse; nothing is sent to them."""
    hooks.behaviour = HERE
    workers = worker("far", "http://192.0.2.1:8000", "there"), worker("near", hooks.url(""))
    story, unasked = await asking(*workers, access=Access.of()).story("m")
    assert story == STORY
    assert [each.id for each in unasked] == ["far"]


async def test_one_that_does_not_answer_is_not_waited_for(
    hooks: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than the patience of whoever asks."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    hooks.behaviour = Hang()
    hung = worker("hung", hooks.url(""))
    assert await asking(hung).story("m") == (None, (hung,))


def test_who_has_a_place() -> None:
    """By topic and partition; its page is that of the notification."""
    one = msgspec.structs.replace(worker("one", "http://h:1"), partitions={"a/b": (3,)})
    assert has(one, "a/b/3/17")
    assert not any(has(one, place) for place in ("a/b/4/17", "b/3/17", "", "a/b/x/1"))
    assert page_of(one, "m/1 ä") == "http://h:1/notifications/m%2F1%20%C3%A4"
    assert page_of(worker("two", None), "m") is None
