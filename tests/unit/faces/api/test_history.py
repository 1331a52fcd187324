import httpx
import pytest

from app.values.errors import KafkaUnavailableError
from tests.support.fakes import Fakes, make_attempt, make_dead_letter


async def test_deliveries_come_newest_first_in_pages(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """The cursor of a page leads to the next, and the last page has none."""
    fakes.attempts.attempts = [make_attempt(number) for number in range(1, 6)]
    seen: list[int] = []
    cursors: list[int | None] = []
    query = "?limit=2"
    for _ in range(3):
        body = (await client.get(f"/deliveries{query}")).json()
        seen += [each["id"] for each in body["deliveries"]]
        cursors.append(body["next_cursor"])
        query = f"?limit=2&cursor={cursors[-1]}"
    assert seen == [5, 4, 3, 2, 1]
    assert cursors[-1] is None


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {}),
        ("status=retry", {"status": "retry"}),
        ("channel=email", {"channel": "email"}),
        ("q=AAPL", {"query": "AAPL"}),
        ("limit=1", {"limit": 1}),
        ("limit=1000&cursor=7", {"limit": 1000, "cursor": 7}),
        ("status=&channel=&q=&cursor=", {}),
    ],
)
async def test_filters_reach_the_log(
    client: httpx.AsyncClient, fakes: Fakes, query: str, asked: dict[str, object]
) -> None:
    """Empty ones, as a form sends them, are no filters."""
    assert (await client.get(f"/deliveries?{query}")).status_code == 200
    nothing = {"status": None, "channel": None, "query": None, "limit": 100, "cursor": None}
    assert fakes.attempts.asked == [{**nothing, **asked}]


@pytest.mark.parametrize(
    "query", ["status=lost", "limit=0", "limit=1001", "cursor=x", "cursor=-1", "q=" + "x" * 201]
)
async def test_senseless_filters_are_refused(
    client: httpx.AsyncClient, fakes: Fakes, query: str
) -> None:
    """422 names the parameter."""
    answer = await client.get(f"/deliveries?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.split("=", maxsplit=1)[0]
    assert fakes.attempts.asked == []


async def test_dead_letters_come_in_pages(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The cursor is passed on as it came."""
    fakes.dead_letters.letters = [make_dead_letter(f"0/{number}") for number in range(3)]
    first = (await client.get("/dead-letters?limit=2")).json()
    second = (await client.get(f"/dead-letters?limit=2&cursor={first['next_cursor']}")).json()
    ids = [each["id"] for page in (first, second) for each in page["dead_letters"]]
    assert ids == ["0/2", "0/1", "0/0"]
    assert second["next_cursor"] is None


async def test_dead_letters_are_filtered_by_reason(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """An empty reason is no filter."""
    fakes.dead_letters.letters = [
        make_dead_letter("0/0"),
        make_dead_letter("0/1", reason="expired"),
    ]
    found = (await client.get("/dead-letters?reason=expired&cursor=")).json()["dead_letters"]
    assert [each["id"] for each in found] == ["0/1"]
    assert len((await client.get("/dead-letters?reason=")).json()["dead_letters"]) == 2


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "reason=bored", "cursor=made-up"])
async def test_senseless_questions_for_dead_letters_are_refused(
    client: httpx.AsyncClient, query: str
) -> None:
    """422 names the parameter, a cursor of somebody's own included."""
    answer = await client.get(f"/dead-letters?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


async def test_one_dead_letter_is_found(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """With value and headers."""
    fakes.dead_letters.letters = [make_dead_letter("3/17")]
    body = (await client.get("/dead-letters/3/17")).json()
    assert body["id"] == "3/17"
    assert body["headers"] == {"notifier.reason": "invalid"}


@pytest.mark.parametrize(
    ("path", "status"),
    [("3/18", 404), ("x/1", 422), ("-1/1", 422), ("1/99999999999999999999", 422), ("1", 404)],
)
async def test_no_dead_letter_is_a_problem(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    """404 where there is none, 422 where there cannot be one."""
    answer = await client.get(f"/dead-letters/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/dead-letters", "/dead-letters/0/0"])
async def test_without_kafka_dead_letters_cannot_be_read(
    client: httpx.AsyncClient, fakes: Fakes, path: str
) -> None:
    """503: they are in the topic and nowhere else."""
    fakes.dead_letters.error = KafkaUnavailableError("Kafka did not answer")
    assert (await client.get(path)).status_code == 503
