"""Pages about destinations, without scripts."""

import re
import time

import httpx
import pytest
from msgspec.structs import replace

from app.faces.api.examples import DESTINATION
from app.values.snapshot import AttemptStatus, DestinationState, PartitionSnapshot
from tests.support.fakes import Fakes, make_attempt

PAGE = {"Accept": "text/html,application/xhtml+xml"}
ID = DESTINATION.id
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def one(fakes: Fakes) -> None:
    """There is one destination, which is open."""
    fakes.destinations.views = {
        ID: replace(DESTINATION, state=DestinationState.OPEN, paused_by=None, paused_at=None)
    }


async def text_of(client: httpx.AsyncClient, path: str) -> str:
    """Return a page, without the templates that only scripts use."""
    answer = await client.get(path, headers=PAGE)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    return re.sub(r"<template.*?</template>", "", answer.text, flags=re.DOTALL)


async def test_the_list_leads_to_each(client: httpx.AsyncClient) -> None:
    """By name and address, with what it last said."""
    text = await text_of(client, "/destinations")
    assert f'href="/destinations/{ID}"' in text
    for words in (">Day trader<", ">discord.com/api/webhooks/1234…/***<", ">97.5%<", ">HTTP 500<"):
        assert words in text
    assert "1 – 1 / 1" in text
    assert 'rel="next"' not in text


async def test_the_page_stays_small_however_large_the_fleet(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """With 2,000 destinations and 1,000 partitions; it says what it leaves out."""
    partition = PartitionSnapshot("notifications", 0, 1_000_000, 1_000_000, 1_000_000, 0, 0)
    fakes.worker.change(partitions=tuple(replace(partition, partition=n) for n in range(1000)))
    fakes.destinations.views = {
        f"{number:016x}": replace(DESTINATION, id=f"{number:016x}") for number in range(2000)
    }
    text = await text_of(client, "/")
    assert "The 100 of 1000 with most lag" in text
    assert len(text.encode()) < 300_000


@pytest.mark.parametrize(("rate", "marked"), [(0.0, 1), (0.49, 1), (0.5, 0), (None, 0)])
async def test_what_mostly_fails_is_not_green(
    client: httpx.AsyncClient, fakes: Fakes, rate: float | None, marked: int
) -> None:
    """Although it is asked as usual."""
    (view,) = fakes.destinations.views.values()
    fakes.destinations.views = {ID: replace(view, success_rate_last_hour=rate)}
    for path in ("/", "/destinations"):
        assert (await text_of(client, path)).count('class="failing"') == marked


async def test_filters_stay_and_pages_lead_on(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Fifty at a time."""
    fakes.destinations.views = {
        f"{number:016x}": replace(DESTINATION, id=f"{number:016x}") for number in range(120)
    }
    text = await text_of(client, "/destinations?state=paused&sort=name&cursor=50")
    assert "51 – 100 / 120" in text
    assert 'href="/destinations?state=paused&amp;sort=name&amp;cursor=100"' in text
    assert 'href="/destinations?state=paused&amp;sort=name"' in text
    assert '<option value="paused" selected>' in text
    assert '<option value="name" selected>' in text
    assert "0 – 0 / 0" in await text_of(client, "/destinations?q=nowhere")


async def test_one_has_its_page(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """With its figures, its attempts, its rates, and what can be done."""
    fakes.attempts.add(make_attempt(1, content=f"to {DESTINATION.label}"))
    fakes.rates.add(DESTINATION.label, time.time(), 0.02, accepted=True)
    text = await text_of(client, f"/destinations/{ID}")
    for words in ("Day trader", "1,200", "97.5%", "HTTP 500", f"to {DESTINATION.label}"):
        assert words in text
    assert re.search(r"<strong><span[^>]*>2\d ms<", text)
    for what in ("pause", "resume", "test"):
        assert f'action="/destinations/{ID}/{what}"' in text
    assert 'data-query="q=https' in text
    assert fakes.attempts.asked[-1]["query"] == DESTINATION.label


async def test_a_mail_servers_attempts_are_found_by_its_channel(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Each has the address of somebody else."""
    fakes.destinations.views[ID] = replace(DESTINATION, channel="email", label="smtp://m:25")
    text = await text_of(client, f"/destinations/{ID}")
    assert 'data-query="channel=email"' in text
    assert fakes.attempts.asked[-1]["channel"] == "email"


async def test_a_pause_is_asked_first_without_scripts(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """On a page of its own, whose button does it; not of a destination that nobody knows."""
    path = f"/destinations/{ID}/pause"
    assert f'<form method="get" action="{path}"' in await text_of(client, f"/destinations/{ID}")
    asked = await text_of(client, path)
    assert "Pause this destination? No worker sends anything there" in asked
    assert f'<form method="post" action="{path}"' in asked
    assert f'<a href="/destinations/{ID}">Cancel</a>' in asked
    assert fakes.destinations.said == []
    assert (await client.get("/destinations/nowhere/pause", headers=PAGE)).status_code == 404


async def test_buttons_work_without_scripts(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Each leads back to the page, which says what was done."""
    for what, words in (
        ("pause", "Paused: nothing is sent there, and nothing is lost."),
        ("resume", "Resumed: what waits is sent now."),
    ):
        answer = await client.post(f"/destinations/{ID}/{what}", headers=PAGE)
        assert answer.status_code == 303
        text = await text_of(client, answer.headers["location"])
        assert words in text
    answer = await client.post(f"/destinations/{ID}/test", headers=PAGE)
    assert "The destination accepted the test." in answer.text
    fakes.destinations.answer = (AttemptStatus.REJECTED, "HTTP 404 Unknown Webhook")
    answer = await client.post(f"/destinations/{ID}/test", headers=PAGE)
    assert "The destination did not accept the test: HTTP 404 Unknown Webhook" in answer.text
    assert [what for what, _, _ in fakes.destinations.said] == ["pause", "resume", "test", "test"]


async def test_a_paused_one_says_who_paused_it(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """And cannot be paused again."""
    fakes.destinations.views[ID] = DESTINATION
    text = await text_of(client, f"/destinations/{ID}")
    assert re.search(r"<dt>Paused by</dt><dd>.*alice", text)
    assert re.search(r"<dt>Put aside</dt><dd>.*>12<", text)
    assert re.search(r'data-act="pause"[^>]*>\s*<button[^>]* disabled>', text)


async def test_what_others_wrote_is_text(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Names, errors and keys' names alike."""
    fakes.destinations.views[ID] = replace(
        DESTINATION, name=HOSTILE, last_error=HOSTILE, paused_by=HOSTILE
    )
    fakes.destinations.answer = (AttemptStatus.REJECTED, HOSTILE)
    for text in (
        await text_of(client, "/"),
        await text_of(client, "/destinations"),
        await text_of(client, f"/destinations/{ID}"),
        (await client.post(f"/destinations/{ID}/test", headers=PAGE)).text,
    ):
        assert HOSTILE not in text
        assert "&lt;img src=x" in text


async def test_many_destinations_make_no_large_page(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """The status page shows the worst fifty, and how many there are."""
    fakes.destinations.views = {
        f"{number:016x}": replace(DESTINATION, id=f"{number:016x}") for number in range(2000)
    }
    answer = await client.get("/", headers=PAGE)
    assert answer.text.count('href="/destinations/0') == 50
    assert ">2,000<" in answer.text
    assert len(answer.content) < 150_000


async def test_another_word_in_the_link_is_refused(client: httpx.AsyncClient) -> None:
    """Nothing is reflected."""
    answer = await client.get(f"/destinations/{ID}?done=owned", headers=PAGE)
    assert answer.status_code == 422
