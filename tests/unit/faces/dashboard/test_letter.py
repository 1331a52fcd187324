import httpx
import pytest

from tests.support.fakes import Fakes, make_dead_letter


async def text_of(client: httpx.AsyncClient, path: str) -> str:
    """Return a page as a browser gets it."""
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


async def test_one_of_them_has_a_page(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """With its story, its replay, its text and its headers; a program gets the same as JSON."""
    group = fakes.worker.state.group_id
    letter = make_dead_letter("3/14", title="<b>AAPL", message_id="a/b", group=group)
    fakes.dead_letters.letters = [letter]
    text = await text_of(client, "/dead-letters/3/14")
    assert "&lt;b&gt;AAPL" in text
    assert 'href="/notifications/a/b"' in text
    assert 'href="/dead-letters/plan?id=3/14"' in text
    assert "{&#34;channels&#34;: [&#34;webhook&#34;]}" in text
    assert "notifier.reason" in text
    assert (await client.get("/dead-letters/3/14")).json()["title"] == "<b>AAPL"


@pytest.mark.parametrize(
    ("changes", "said", "left_out"),
    [
        ({"group": "theirs"}, "theirs", "/dead-letters/plan"),
        ({"replayed": "2026-01-01T12:00:00Z"}, "Replayed", "/dead-letters/plan"),
        ({"value": None}, "The record is empty.", "<pre"),
        ({"value": "x" * 30_000}, "notifier dead-letters show 3/14</code> shows", "x" * 20_001),
    ],
)
async def test_a_letters_page_says_what_holds_for_it(
    client: httpx.AsyncClient,
    fakes: Fakes,
    changes: dict[str, object],
    said: str,
    left_out: str,
) -> None:
    """One of another group or a replayed one has no replay; a long text is shortened."""
    given = {"group": fakes.worker.state.group_id, **changes}
    fakes.dead_letters.letters = [make_dead_letter("3/14", **given)]
    text = await text_of(client, "/dead-letters/3/14")
    assert said in text
    assert left_out not in text
