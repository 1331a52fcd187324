import httpx
import pytest

from app.values.errors import KafkaUnavailableError
from tests.support.fakes import Fakes

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "en"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nowhere", "There is nothing at /nowhere."),
        ("/destinations/none", "this worker knows no destination"),
        ("/notifications/none", "Nothing is known of a notification"),
    ],
)
async def test_a_browser_gets_a_page_of_what_is_missing(
    client: httpx.AsyncClient, path: str, said: str
) -> None:
    """With the way back; a program gets the problem as before."""
    answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h2" in answer.text
    assert said in answer.text
    assert 'href="/"' in answer.text
    problem = await client.get(path)
    assert problem.headers["content-type"] == "application/problem+json"
    assert said in problem.json()["detail"]


async def test_what_a_form_could_not_do_is_said_on_a_page(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """In the reader's language, with the status and headers of the problem."""
    fakes.destinations.error = KafkaUnavailableError("no broker answers")
    chinese = {**BROWSER, "Accept-Language": "zh-CN"}
    answer = await client.post("/destinations/0123/pause", headers=chinese)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "现在无法完成" in answer.text


async def test_nothing_of_the_request_is_markup(client: httpx.AsyncClient) -> None:
    """What was asked for is quoted, and escaped."""
    answer = await client.get("/<script>", headers=BROWSER)
    assert "&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text
