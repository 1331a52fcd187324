"""No answer shows a secret of the settings."""

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.faces.api.discretion import Discretion
from app.policies.redaction import Secrets
from tests.support.fakes import Fakes, serve


async def test_no_answer_shows_a_secret_of_the_settings(app: FastAPI) -> None:
    """Whoever has quoted it, whatever it is quoted in; the length is that of what is sent."""
    secret = 'pass"wörd'
    fakes = Fakes(secrets=Secrets([secret]))
    fakes.worker.change(problem=f"Kafka says: {secret}, and in a login AHBhc3Mid8O2cmQ=")
    async with serve(app, fakes.service) as client:
        for path in ("/stats", "/health", "/events-of-nowhere?x=pass%22w%C3%B6rd"):
            answer = await client.get(path)
            assert "wörd" not in answer.text
            assert "AHBhc3" not in answer.text
            assert int(answer.headers["content-length"]) == len(answer.content)
        assert (await client.get("/stats")).json()[
            "problem"
        ] == "Kafka says: ***, and in a login ***"


async def test_a_stream_shows_no_secret_either() -> None:
    """Piece by piece; and what is no text is left alone."""

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        kind = scope["path"].removeprefix("/").replace("-", "/")
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"a hush b", "more_body": True})
        await send({"type": "http.response.body", "body": b"\xff hush"})

    service = Fakes(secrets=Secrets(["hush"])).service
    async with serve(Discretion(stream), service) as client:
        assert (await client.get("/text-event")).content == b"a *** b\xff ***"
        assert (await client.get("/image-png")).content == b"a hush b\xff hush"
    async with serve(Discretion(stream), None) as client:
        assert (await client.get("/text-event")).content == b"a hush b\xff hush"
