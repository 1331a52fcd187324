import msgspec
import pytest

from app.edges.service_address import ServiceError
from app.edges.service_client import ServiceAbsentError, ServiceBusyError, ServiceClient
from app.values.control import Published, PublishWarning
from tests.support.fakes import make_dead_letter
from tests.support.http_server import Answer, Behaviour, Hang, Raw, http_server
from tests.support.service import free_port

REPORT = "====\n  Worker Status Report\n====\n"
HEALTH = {"status": "RUNNING", "is_running": True, "group_id": "g"}
PROBLEM = {"type": "about:blank", "title": "No", "status": 403, "detail": "Only\nlocalhost."}


def text(body: str) -> Answer:
    """Answer with text."""
    return Answer(200, body.encode(), {"Content-Type": "text/plain"})


async def test_the_report_is_returned_as_it_is() -> None:
    """The report is asked for with the key, and given without what steers a terminal."""
    async with (
        http_server(text(REPORT + "\x1b[2J")) as server,
        ServiceClient(server.url(), "key-1") as client,
    ):
        assert await client.report() == REPORT + r"\x1b[2J"
    [request] = server.received
    assert (request.method, request.path) == ("GET", "/report")
    assert request.headers["authorization"] == "Bearer key-1"


async def test_a_path_before_the_service_is_kept() -> None:
    """A service behind a proxy may be below a path."""
    async with http_server(text(REPORT)) as server, ServiceClient(server.url("/n/")) as client:
        await client.report()
    assert [request.path for request in server.received] == ["/n/report"]
    assert "authorization" not in server.received[0].headers


async def test_health_is_returned_whatever_it_says() -> None:
    """A service with a problem is still a notifier."""
    async with (
        http_server(Answer.of_json(503, HEALTH | {"problem": "no Kafka"})) as server,
        ServiceClient(server.url()) as client,
    ):
        assert (await client.health())["problem"] == "no Kafka"


async def test_a_notification_is_published() -> None:
    """The item is posted as it is; its id comes back, and what is left out of it."""
    warning = {"index": 0, "field": "color", "problem": "is no colour"}
    answer = {"published": 1, "message_ids": ["m1"], "warnings": [warning]}
    async with (
        http_server(Answer.of_json(202, answer)) as server,
        ServiceClient(server.url()) as client,
    ):
        published = await client.publish(b'{"content": "x"}')
    assert published == Published(("m1",), (PublishWarning(0, "color", "is no colour"),))
    [request] = server.received
    assert (request.method, request.path) == ("POST", "/notifications")
    assert request.json == {"content": "x"}


async def test_dead_letters_and_replays_are_read() -> None:
    """Each call goes where the API has it, and its answer becomes a value."""
    letter = msgspec.to_builtins(make_dead_letter("3/17"))
    progress = {"state": "running", "started": "2026-01-01T12:00:00+00:00"}
    answers = iter(
        (
            Answer.of_json(200, {"dead_letters": [letter], "next_cursor": "older"}),
            Answer.of_json(200, letter),
            Answer.of_json(202, progress),
            Answer.of_json(200, progress),
        )
    )
    async with (
        http_server(lambda _: next(answers)) as server,
        ServiceClient(server.url()) as client,
    ):
        page = await client.dead_letters(limit=5, cursor="a=b", chosen={"reason": "expired"})
        assert (page.dead_letters[0].id, page.next_cursor) == ("3/17", "older")
        assert (await client.dead_letter((3, 17))).id == "3/17"
        assert (await client.replay({"filter": {}})).state == "running"
        assert (await client.replay_progress()).started == progress["started"]
    assert [(request.method, request.path) for request in server.received] == [
        ("GET", "/dead-letters?limit=5&cursor=a%3Db&reason=expired"),
        ("GET", "/dead-letters/3/17"),
        ("POST", "/dead-letters/replay"),
        ("GET", "/dead-letters/replay"),
    ]
    assert server.received[2].json == {"filter": {}}


async def test_an_answer_of_another_shape_is_a_strangers() -> None:
    """JSON alone does not make a notifier."""
    async with (
        http_server(Answer.of_json(200, {"state": 1})) as server,
        ServiceClient(server.url()) as client,
    ):
        with pytest.raises(ServiceAbsentError, match="is no notifier"):
            await client.replay_progress()


@pytest.mark.parametrize(
    "answer",
    [
        text("<html>something else</html>"),
        Answer(404, b"not here"),
        Answer.of_json(500, {"message": "no problem detail"}),
        Raw(b"SSH-2.0-OpenSSH\r\n"),
    ],
)
async def test_a_stranger_is_told_from_a_notifier(answer: Behaviour) -> None:
    """Whatever else listens on the port is no notifier, and no traceback."""
    async with http_server(answer) as server, ServiceClient(server.url()) as client:
        with pytest.raises(ServiceAbsentError, match=r"what answers at .* is no notifier"):
            await client.report()


@pytest.mark.parametrize("answer", [text("hello"), Answer.of_json(200, {"status": "UP"})])
async def test_other_health_checks_are_no_notifier(answer: Behaviour) -> None:
    """Other services have a /health, too."""
    async with http_server(answer) as server, ServiceClient(server.url()) as client:
        with pytest.raises(ServiceAbsentError, match="is no notifier"):
            await client.health()


async def test_nobody_there_is_told() -> None:
    """A refused connection names the URL."""
    async with ServiceClient(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(ServiceAbsentError, match=r"no service answers at http://127\.0\.0\.1"):
            await client.report()


async def test_silence_is_told() -> None:
    """An answer that does not come ends the wait; somebody is there all the same."""
    async with http_server(Hang()) as server, ServiceClient(server.url(), timeout=0.2) as client:
        with pytest.raises(ServiceError, match="did not answer in time") as caught:
            await client.report()
    assert not isinstance(caught.value, ServiceAbsentError)


async def test_a_refusal_is_quoted_on_one_line() -> None:
    """A problem's detail is what the operator is told."""
    async with (
        http_server(Answer.of_json(403, PROBLEM)) as server,
        ServiceClient(server.url()) as client,
    ):
        with pytest.raises(ServiceError, match=r"answered 403: Only localhost\.$"):
            await client.report()


async def test_a_missing_key_is_asked_for() -> None:
    """401 says how the key is given here, and never quotes one."""
    async with (
        http_server(Answer.of_json(401, PROBLEM)) as server,
        ServiceClient(server.url(), "secret-key") as client,
    ):
        with pytest.raises(ServiceError, match="--api-key or NOTIFIER_API_KEY") as caught:
            await client.report()
    assert "secret-key" not in str(caught.value)


async def test_a_busy_service_says_when_to_come_back() -> None:
    """Retry-After makes the difference between not now and no."""
    async with (
        http_server(Answer.of_json(503, PROBLEM, Retry_After="5")) as server,
        ServiceClient(server.url()) as client,
    ):
        with pytest.raises(ServiceBusyError) as caught:
            await client.publish(b"{}")
    assert caught.value.retry_after == 5.0


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://host", "http://", "http://[", "http://h:x"]
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """The flag's value is checked before anything is asked."""
    with pytest.raises(ServiceError, match="does not look like http"):
        ServiceClient(url)


@pytest.mark.parametrize("url", ["http://user:pass@host", "http://host?key=1", "http://host#x"])
def test_a_url_with_more_than_a_place_is_refused(url: str) -> None:
    """Credentials in a URL would be shown in errors."""
    with pytest.raises(ServiceError, match="give a key with --api-key") as caught:
        ServiceClient(url)
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize("key", ["schlüssel", "two words", "line\nbreak"])
def test_a_key_no_header_carries_is_refused(key: str) -> None:
    """The key is checked, and not quoted."""
    with pytest.raises(ServiceError, match="no HTTP header carries") as caught:
        ServiceClient("http://127.0.0.1:8000", key)
    assert key not in str(caught.value)
