"""The pages about dead letters, as a browser without scripts gets them."""

import re
from html import unescape

import httpx
import pytest

from app.values.dead_letter import Cause, OtherGroup
from app.values.errors import BusyError, KafkaUnavailableError
from app.values.outcome import Reason
from app.values.replay import Replay, Selection
from tests.support.fakes import Fakes, make_dead_letter

HTML = {"Accept": "text/html"}
CAUSE = "0123456789ab"
OWN = "notification_worker_group"


def furnish(fakes: Fakes) -> None:
    """Put dead letters, a cause and another group there."""
    fakes.dead_letters.letters = [
        make_dead_letter("0/7", replayed="2026-01-01T12:00:00+00:00"),
        make_dead_letter("3/14", title="Order filled", targets_failed=("webhook https://a/***",)),
    ]
    fakes.dead_letters.causes = [
        Cause(CAUSE, "rejected", "webhook https://a/***", "HTTP 400", 12, 2, "2026-01-01T12:00:00Z")
    ]
    fakes.dead_letters.others = [OtherGroup("theirs & co", 5, "2026-01-01T12:00:00+00:00")]


async def page(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """Return a page."""
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def said(text: str) -> str:
    """Return a page's words."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


async def test_they_are_listed_with_what_they_have_in_common(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Of this service's group; those of others are named apart, and can be looked at."""
    furnish(fakes)
    text = await page(client, "/dead-letters")
    assert fakes.dead_letters.asked == [Selection(group=OWN)]
    words = said(text)
    assert "Among the newest 2, back to" in words
    assert "12 2 replayed rejected webhook a/*** HTTP 400" in words
    assert re.findall(r'name="cause" value="([^"]*)"', text) == [CAUSE]
    assert re.findall(r'name="id" value="([^"]*)"', text) == ["3/14"]  # the other was replayed
    assert f'href="/dead-letters?cause={CAUSE}"' in text
    assert 'href="/dead-letters?group=theirs+%26+co"' in text or "theirs%20%26%20co" in text


async def test_a_search_keeps_its_filters(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """In the form, and in the links to a cause and to older ones."""
    furnish(fakes)
    fakes.dead_letters.letters *= 40
    query = "q=AAPL&reason=invalid&destination=hook&since=2026-01-01"
    text = await page(client, f"/dead-letters?{query}&limit=7")
    [asked] = fakes.dead_letters.asked
    assert (asked.query, asked.reason, asked.destination) == ("AAPL", Reason.INVALID, "hook")
    assert asked.since == 1767225600.0
    assert 'value="AAPL"' in text
    assert '<option value="invalid" selected>' in text
    assert '<input type="hidden" name="since" value="2026-01-01">' in text
    links = [unescape(each) for each in re.findall(r'href="(/dead-letters\?[^"]*)"', text)]
    assert f"/dead-letters?{query}&cause={CAUSE}" in links
    assert any(each.startswith(f"/dead-letters?{query}&cursor=") for each in links)


async def test_another_groups_cannot_be_replayed(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """They are shown with the group's name, and nothing can be ticked."""
    furnish(fakes)
    fakes.dead_letters.letters = [make_dead_letter("0/7", group="theirs")]
    text = await page(client, "/dead-letters?group=theirs")
    assert "Dead letters of the group theirs" in said(text)
    assert "this one never sends them" in text
    assert "checkbox" not in text
    assert "Replay what is ticked" not in text
    assert fakes.dead_letters.asked == [Selection(group="theirs")]


async def test_nothing_found_and_kafka_away(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Each has its words."""
    assert "No dead letters: nothing was given up." in await page(client, "/dead-letters")
    assert "Nothing is found." in await page(client, "/dead-letters?q=x")
    fakes.dead_letters.error = KafkaUnavailableError("no broker answers")
    assert "no broker answers" in await page(client, "/dead-letters", 503)


async def test_programs_get_json(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Of every group, as it always was."""
    furnish(fakes)
    body = (await client.get("/dead-letters?q=x")).json()
    assert [each["id"] for each in body["dead_letters"]] == ["3/14", "0/7"]
    assert fakes.dead_letters.asked == [Selection(query="x")]
    assert (await client.get("/dead-letters?cause=nonsense")).status_code == 422


async def test_a_plan_is_shown_before_anything_is_sent(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """What is ticked, by id and by cause; nothing is replayed by a link."""
    fakes.replayer.planned = Replay(
        state="planned", selected=120, replayable=118, expired=2, choice="what was ticked"
    )
    text = await page(client, f"/dead-letters/plan?id=3/14&id=0/7&cause={CAUSE}")
    words = said(text)
    assert "Replay what was ticked?" in words
    assert "118 of 120 will be sent again" in words
    assert "2 expired." in words
    chosen = Selection(places=frozenset({(3, 14), (0, 7)}), causes=frozenset({CAUSE}))
    assert fakes.replayer.asked == [(chosen, "plan")]
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text)
    assert fields == [("id", "3/14"), ("id", "0/7"), ("cause", CAUSE)]
    answer = await client.post(
        "/dead-letters/plan", data={"id": ["3/14", "0/7"], "cause": CAUSE, "rate": "2.5"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/dead-letters")
    assert fakes.replayer.asked[1:] == [(chosen, 2.5)]


async def test_all_that_match_are_replayed(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """By the search's own filters."""
    wanted = Selection(query="AAPL", reason=Reason.INVALID)
    await page(client, "/dead-letters/plan?all=1&q=AAPL&reason=invalid&destination=")
    form = {"all": "1", "q": "AAPL", "reason": "invalid"}
    assert (await client.post("/dead-letters/plan", data=form)).status_code == 303
    assert (await client.post("/dead-letters/plan", data={"all": "1"})).status_code == 303
    assert fakes.replayer.asked == [(wanted, "plan"), (wanted, None), (Selection(), None)]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"id": ""},
        {"id": "everything"},
        {"q": "AAPL"},
        {"cause": "nonsense"},
        {"all": "1", "reason": "nonsense"},
        {"id": "3/14", "rate": "-1"},
        {"id": "3/14", "rate": "fast"},
    ],
)
async def test_nothing_is_replayed_that_was_not_chosen(
    client: httpx.AsyncClient, fakes: Fakes, form: dict[str, str]
) -> None:
    """A form that was tampered with does not replay all."""
    assert (await client.post("/dead-letters/plan", data=form)).status_code == 422
    assert fakes.replayer.asked == []


async def test_what_cannot_be_planned_or_begun_is_said(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Nothing ticked, Kafka away, another replay under way, nothing to send."""
    assert "Nothing is chosen" in await page(client, "/dead-letters/plan", 422)
    fakes.replayer.planned = Replay(state="planned", selected=1, already=1, choice="one")
    text = await page(client, "/dead-letters/plan?id=3/14")
    assert 'class="primary" disabled>Send again' in text
    fakes.replayer.error = KafkaUnavailableError("no broker answers")
    assert "no broker answers" in await page(client, "/dead-letters/plan?id=3/14", 503)
    fakes.replayer.error = BusyError("a replay is under way; wait for its end")
    answer = await client.post("/dead-letters/plan", data={"id": "3/14"})
    assert answer.status_code == 409
    assert "a replay is under way" in answer.text


async def test_very_many_fields_are_refused(client: httpx.AsyncClient) -> None:
    """As in every form."""
    form = {"id": [f"0/{number}" for number in range(1001)]}
    assert (await client.post("/dead-letters/plan", data=form)).status_code == 422
