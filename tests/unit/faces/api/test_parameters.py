"""Query parameters that mean nothing, or two things at once."""

import httpx
import pytest

from tests.support.fakes import Fakes


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("GET", "/stats", "none"),
        ("GET", "/health", "none"),
        ("GET", "/openapi.json", "none"),
        ("GET", "/events", "none"),
        ("GET", "/deliveries", "status, channel, q, limit, cursor"),
        (
            "GET",
            "/dead-letters",
            "limit, cursor, reason, since, until, q, group, destination, cause",
        ),
        ("POST", "/stop", "drain"),
        ("POST", "/test-notifications", "type, count, delay"),
        ("POST", "/notifications", "none"),
        ("PUT", "/log-level", "none"),
        ("HEAD", "/stats", "none"),
    ],
)
async def test_one_that_is_unknown_is_refused(
    client: httpx.AsyncClient, method: str, path: str, takes: str
) -> None:
    """On every route, naming it and what there is; a typing error is not passed over."""
    answer = await client.request(method, f"{path}?lmit=5")
    assert answer.status_code == 422
    if method != "HEAD":
        (fault,) = answer.json()["errors"]
        assert fault["location"] == "query"
        assert fault["field"] == "lmit"
        assert fault["problem"].endswith(f"this call takes {takes}")


async def test_all_that_are_unknown_are_named_once(client: httpx.AsyncClient) -> None:
    """However often and at whatever length; what is known beside them changes nothing."""
    answer = await client.get(f"/deliveries?limit=5&a=1&a=2&{'b' * 500}=")
    assert [each["field"] for each in answer.json()["errors"]] == ["a", "b" * 100]


async def test_those_that_are_known_are_taken(client: httpx.AsyncClient) -> None:
    """Empty ones too, as a form sends them; and a query of nothing is none."""
    assert (await client.get("/deliveries?status=&limit=5")).status_code == 200
    assert (await client.get("/stats?")).status_code == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/test-notifications?count=1&count=2", "count"),
        ("/test-notifications?type=email&type=email", "type"),
        ("/stop?drain=true&drain=false", "drain"),
    ],
)
async def test_one_that_is_given_twice_is_refused(
    client: httpx.AsyncClient, fakes: Fakes, path: str, name: str
) -> None:
    """On every route, naming it, and nothing is done: which of the two is meant is not known."""
    answer = await client.post(path)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["location"], fault["field"]) == ("query", name)
    assert fault["problem"] == "it is given 2 times, and has one value; give it once"
    assert (fakes.publisher.tests, fakes.worker.stops) == ([], [])


async def test_a_list_is_given_by_repeating_it(client: httpx.AsyncClient) -> None:
    """As forms with several ticks send it."""
    causes = f"cause={'0' * 12}&cause={'1' * 12}"
    assert (await client.get(f"/dead-letters?{causes}")).status_code == 200


async def test_where_nothing_is_the_query_is_not_what_is_wrong(client: httpx.AsyncClient) -> None:
    """404 stays 404, and 405 stays 405."""
    assert (await client.get("/nowhere?a=1")).status_code == 404
    assert (await client.get("/stop?a=1")).status_code == 405
