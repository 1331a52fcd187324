import asyncio
import dataclasses
import re
from datetime import UTC, datetime
from html import unescape

import httpx
import pytest
from fastapi import FastAPI

from app.faces.dashboard.flashes import FLASHES
from app.values.dead_letter import DeadLetterPage
from app.values.errors import KafkaUnavailableError
from app.values.inbox import InboxCard
from app.values.replay import EVERYTHING, Replay, Selection
from app.values.snapshot import DestinationSnapshot, DestinationState, PartitionSnapshot, Status
from tests.support.fakes import FakeDeadLetters, Fakes, make_attempt, make_dead_letter, serve

BROKEN = DestinationSnapshot("discord", DestinationState.BROKEN, None, 0, 0, 0, 0, 0, 0, "500")
HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(1)> {{ 7 * 7 }}"""


class SilentDeadLetters(FakeDeadLetters):
    """Kafka is away: nothing is ever answered."""

    async def page(
        self, wanted: Selection = EVERYTHING, *, limit: int, cursor: str | None = None
    ) -> DeadLetterPage:
        """Wait for ever."""
        await asyncio.Event().wait()
        return await super().page(wanted, limit=limit, cursor=cursor)


async def text_of(client: httpx.AsyncClient, path: str = "/") -> str:
    """Return the page, without the templates that only scripts use."""
    answer = await client.get(path)
    assert answer.status_code == 200
    return re.sub(r"<template.*?</template>", "", answer.text, flags=re.DOTALL)


async def test_the_page_shows_the_terminal_report(client: httpx.AsyncClient) -> None:
    """Both have the same lines, but for the second in which they were made."""
    report = (await client.get("/report")).text.splitlines()
    match = re.search(r'<pre id="report".*?>(.*?)</pre>', await text_of(client), re.DOTALL)
    assert match
    shown = unescape(match[1]).splitlines()
    assert [line for line in shown if "Report -" not in line] == [
        line for line in report if "Report -" not in line
    ]


async def test_the_page_shows_every_figure(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """What the snapshot says is on the page, with separators."""
    fakes.worker.change(
        messages_consumed=11_001, messages_sent=11_002, messages_failed=11_003,
        messages_partial=11_004, messages_expired=11_005, messages_retried=11_006,
        messages_dead_lettered=11_007, in_flight=11_008, queued=11_009, lag=11_010,
        messages_deferred=11_011, messages_skipped=11_012, messages_missed=11_013,
        deferred_waiting=11_014, messages_suppressed=11_015, messages_adjusted=11_016,
        success_rate=0.9725,
        partitions=(PartitionSnapshot("notifications", 3, 21_001, 21_002, 21_003, 21_004, 21_005),),
        destinations={
            "https://discord.com/api/webhooks/1234…/***": DestinationSnapshot(
                "discord", DestinationState.RATE_LIMITED, datetime.now(UTC).isoformat(),
                31_001, 31_002, 31_003, 31_004, 31_005, 31_006, "429 Too Many Requests",
            )
        },
    )  # fmt: skip
    text = await text_of(client)
    for number in (*range(11_001, 11_017), *range(21_001, 21_006), *(31_001, 31_002, 31_003)):
        assert f">{number:,}<" in text
    for words in (">97.2%<", ">rate limited<", ">429 Too Many Requests<", ">31,004<"):
        assert words in text


async def test_a_problem_and_the_embedded_broker_are_marked(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """They are said in words, and only when they are true."""
    text = await text_of(client)
    assert "development broker: memory only" in text
    fakes.worker.change(status=Status.ERROR, problem="No broker answers.", embedded=False)
    text = await text_of(client)
    assert "No broker answers." in text
    assert "memory only" not in text


@pytest.mark.parametrize(
    ("changes", "enabled"),
    [
        ({"status": Status.RUNNING}, {"Stop", "Pause"}),
        ({"status": Status.RUNNING, "paused": True}, {"Stop", "Resume"}),
        (
            {"status": Status.RUNNING, "destinations": {"a": BROKEN}},
            {"Stop", "Pause", "Resume"},
        ),
        ({"status": Status.STARTING}, {"Stop"}),
        ({"status": Status.STOPPING}, set()),
        ({"status": Status.STOPPED}, {"Start"}),
        ({"status": Status.ERROR}, {"Start", "Stop"}),
    ],
)
async def test_only_possible_actions_are_offered(
    client: httpx.AsyncClient, fakes: Fakes, changes: dict[str, object], enabled: set[str]
) -> None:
    """A button that would do nothing cannot be pressed."""
    fakes.worker.change(**changes)
    found = r"<button data-when=\"[^\"]*\" title=\"[^\"]+\" *(disabled)?>(\w+)<"
    buttons = re.findall(found, await text_of(client))
    assert {label for disabled, label in buttons if not disabled} == enabled
    assert len(buttons) == 4


async def test_empty_sections_say_what_to_do(client: httpx.AsyncClient) -> None:
    """A new user reads what makes something appear."""
    text = await text_of(client)
    assert text.count('data-list="0"') == 7
    assert "No deliveries yet. Send a test notification" in text


async def test_nothing_that_was_received_becomes_markup(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Titles, texts, errors, names: all of it is text."""
    fakes.attempts.add(make_attempt(1, title=HOSTILE, content=HOSTILE, error=HOSTILE))
    fakes.dead_letters.letters.append(make_dead_letter(error=HOSTILE, title=HOSTILE))
    for kind in ("discord", "webhook", "email"):
        fakes.inbox.received.append(
            InboxCard(
                1, kind, "2026-01-01T12:00:00+00:00", HOSTILE, HOSTILE, 0xFF0000,
                ((HOSTILE, HOSTILE),), HOSTILE, HOSTILE, (HOSTILE,), HOSTILE,
            )
        )  # fmt: skip
    fakes.worker.change(problem=HOSTILE, group_id=HOSTILE, broker=HOSTILE)
    text = await text_of(client, "/?q=" + HOSTILE)
    assert "<script>" not in text
    assert "<img src=x" not in text
    assert unescape(text).count(HOSTILE) > 15
    assert re.findall(r"<iframe ([^>]*?)srcdoc", text) == [
        'sandbox title="HTML version of this mail" loading="lazy" '
    ]


async def test_deliveries_are_filtered_by_the_address(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """The filter works without scripts, keeps its values, and offers the way back."""
    fakes.attempts.add(make_attempt(1, content="first", status="rejected", channel="email"))
    fakes.attempts.add(make_attempt(2, content="second"))
    text = await text_of(client, "/?status=rejected&channel=email&q=first")
    assert ">first<" in text
    assert ">second<" not in text
    assert 'value="rejected" selected' in text
    assert 'value="first"' in text
    assert 'href="/#deliveries">Show all' in text
    assert "url=/?status=rejected&amp;channel=email&amp;q=first" in text


async def test_the_page_reloads_itself_without_scripts(client: httpx.AsyncClient) -> None:
    """It does so unless told not to."""
    assert 'http-equiv="refresh" content="10; url=/"' in await text_of(client)
    text = await text_of(client, "/?refresh=off")
    assert "http-equiv" not in text
    assert "Refresh every 10 s" in text


@pytest.mark.parametrize("code", FLASHES)
async def test_a_flash_is_shown_once(client: httpx.AsyncClient, code: str) -> None:
    """It is in the status region, and the automatic reload leaves it out."""
    text = await text_of(client, f"/?flash={code}")
    tone, words = FLASHES[code].tone, FLASHES[code].text
    assert re.search(rf'id="answer"[^>]*data-tone="{tone}">([^<]*)<', text)[1] == words  # type: ignore[index] # a miss fails as well
    assert 'content="10; url=/"' in text


async def test_an_unknown_flash_is_not_reflected(client: httpx.AsyncClient) -> None:
    """Nobody can make the page say something by a link."""
    text = await text_of(client, "/?flash=your+account+is+locked")
    assert "locked" not in text


async def test_a_service_without_an_inbox_has_no_section_for_it(app: FastAPI, fakes: Fakes) -> None:
    """In production nothing of it is there."""
    service = dataclasses.replace(fakes.service, inbox=None)
    async with serve(app, service) as client:
        assert 'id="inbox"' not in await text_of(client)


async def test_the_page_does_not_wait_for_kafka(app: FastAPI, fakes: Fakes) -> None:
    """With Kafka away it comes within a fraction of a second, and says what is missing."""
    service = dataclasses.replace(fakes.service, dead_letters=SilentDeadLetters())
    async with serve(app, service) as client:
        await client.get("/")  # loads the templates
        started = asyncio.get_running_loop().time()
        text = await text_of(client)
        assert asyncio.get_running_loop().time() - started < 0.4
    assert "Kafka has not answered yet." in text


async def test_an_unreadable_dead_letter_topic_is_no_error_page(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """The rest of the page is as useful as before."""
    fakes.dead_letters.error = KafkaUnavailableError("no broker answers")
    assert "Kafka could not be read." in await text_of(client)


async def test_a_button_leads_back_to_the_page(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """A form is answered with 303, so that reloading does not send it again."""
    answer = await client.post(
        "/actions/test-notifications", data={"type": "webhook", "count": "2", "delay": "0"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?flash=published"
    assert fakes.publisher.tests == [("webhook", 2, 0)]


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("stop", "Stop this worker? It finishes started deliveries"),
        ("pause", "Pause this worker? What it has taken"),
        ("inbox-clear", "Clear the inbox? What came in"),
    ],
)
async def test_what_stops_something_is_asked_first_without_scripts(
    client: httpx.AsyncClient, fakes: Fakes, name: str, question: str
) -> None:
    """The button leads to a page with the question of the dialog; only that page's button does it."""
    text = await text_of(client)
    assert f'<form method="get" action="/actions/{name}"' in text
    assert f'data-question="{question}' in text
    asked = await client.get(f"/actions/{name}")
    assert question in asked.text
    assert f'<form method="post" action="/actions/{name}"' in asked.text
    assert '<a href="/">Cancel</a>' in asked.text
    assert (fakes.worker.stops, fakes.worker.state.paused) == ([], False)


@pytest.mark.parametrize("name", ["start", "format-disk"])
async def test_nothing_else_is_asked(client: httpx.AsyncClient, name: str) -> None:
    """There is no page for what is done at once, nor for what there is not."""
    assert (await client.get(f"/actions/{name}")).status_code == 404


async def test_every_form_of_the_page_has_its_action(client: httpx.AsyncClient) -> None:
    """What the page offers exists, and so does the call that scripts make instead."""
    text = await text_of(client)
    actions = set(re.findall(r'action="(/actions/[^"]+)"', text))
    assert len(actions) == 8
    for action in actions:
        assert (await client.post(action)).status_code == 303
    calls = set(re.findall(r'data-call="(\w+) ([^"]+)"', text))
    assert len(calls) == 8
    for method, path in calls:
        assert (await client.request(method, path)).status_code not in {404, 405}


async def test_what_was_replayed_leads_to_no_plan(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """It says when it was instead."""
    fakes.dead_letters.letters = [
        make_dead_letter("0/1", replayed=datetime.now(UTC).isoformat()),
        make_dead_letter("0/2"),
    ]
    text = await text_of(client)
    links = re.findall(r'<a class="to-plan" href="/dead-letters/plan\?id=([^"]*)" (hidden)?>', text)
    assert links == [("0/2", ""), ("0/1", "hidden")]
    assert text.count('class="replayed" datetime') == 1


async def test_how_far_a_replay_is_stands_on_the_page(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Without scripts it is as old as the page."""
    fakes.replayer.progress = Replay(state="running", replayable=118, replayed=47)
    text = await text_of(client)
    assert 'class="replay" data-state="running"' in text
    assert '<progress id="replayed" max="118" value="47">' in text


async def test_an_unknown_action_is_not_found(client: httpx.AsyncClient) -> None:
    """It is a problem detail like any other."""
    answer = await client.post("/actions/format-disk")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_form_from_another_origin_is_refused(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """A page elsewhere cannot stop the worker with the operator's browser."""
    answer = await client.post("/actions/stop", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert fakes.worker.stops == []


async def test_the_page_names_no_other_host(client: httpx.AsyncClient) -> None:
    """Everything it loads comes from this service, under a policy that says so."""
    answer = await client.get("/")
    sources = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
    assert sources
    assert all(re.match(r"[/#](?!/)", source) for source in sources)
    assert "<style" not in answer.text
    assert not re.search(r"<script(?! type=\"module\" src=)", answer.text)
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_what_is_hidden_in_a_title_is_shown(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """A title that turns what follows around, or steers a terminal, is seen through."""
    fakes.attempts.add(make_attempt(1, title="pay \u202e001", error="\x1b[2J"))
    fakes.worker.change(problem="topic \u202e gone")
    fakes.dead_letters.letters = [make_dead_letter("0/1", title="\u2066a", error="b\u200f")]
    fakes.inbox.received = [
        InboxCard(1, "discord", "2026-01-01T12:00:00.000+00:00", "c\u202e", "**d\u202e**")
    ]
    page = await text_of(client)
    for shown in ("pay \\u202e001", "\\x1b[2J", "topic \\u202e gone", "\\u2066a", "b\\u200f"):
        assert shown in page
    assert "c\\u202e" in page
    assert "<strong>d\\u202e</strong>" in page
    assert not set("\u202e\x1b\u2066\u200f") & set(page)
    for path in ("/deliveries", "/dead-letters", "/stats", "/inbox", "/report"):
        assert not set("\u202e\x1b\u2066\u200f") & set((await client.get(path)).text)


@pytest.mark.parametrize("path", ["/?colour=red", "/docs?x"])
async def test_an_unknown_parameter_is_refused(client: httpx.AsyncClient, path: str) -> None:
    """On pages, too."""
    assert (await client.get(path)).status_code == 422


async def test_a_form_with_no_end_of_fields_is_refused(client: httpx.AsyncClient) -> None:
    """It is not even taken apart."""
    answer = await client.post("/actions/stop", content=b"a=1&" * 5000)
    assert answer.status_code == 422
    assert "more than 1,000 fields" in answer.json()["detail"]
