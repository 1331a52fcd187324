"""The pages in Chinese: no word of English is left, but for names and those of the trade."""

import dataclasses
import re
from html import unescape

import httpx
import pytest
from fastapi import FastAPI

from app.faces.api.examples import STORY
from app.faces.dashboard.assets import STATIC
from app.policies.service.access import Access
from app.values.dead_letter import Cause, OtherGroup
from app.values.errors import KafkaUnavailableError
from app.values.inbox import InboxCard
from app.values.note import Note
from app.values.replay import Replay
from app.values.snapshot import (
    AttemptStatus,
    Condition,
    DestinationSnapshot,
    DestinationState,
)
from tests.support.channels import KNOWN
from tests.support.fakes import Fakes, make_attempt, make_dead_letter, serve, view_of

BROWSER = {"Accept": "text/html", "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
NAMES = {
    "API",
    "APP",
    "Broker",
    "Compose",
    "Discord",
    "Docker",
    "HTML",
    "HTTP",
    "ID",
    "JSON",
    "Kafka",
    "Notification",
    "Topic",
    "URL",
    "WEBHOOK",
    "Webhook",
    "Worker",
    "all",
    "api",
    "broker",
    "compose",
    "discord",
    "docker",
    "exit",
    "id",
    "key",
    "lag",
    "ms",
    "offset",
    "p95",
    "run",
    "topic",
    "webhook",
    "worker",
    "zh",
}
"""Names, commands, and words that Chinese engineers say in English (docs/glossary.md)."""
ADDRESS = "http://127.0.0.1/***"
CHANNELS = KNOWN.names
WORD = re.compile(r"(?<![\w./:&#-])[A-Za-z][A-Za-z'’]+(?![\w./:=-])")
SHOWN = re.compile(r'(?:aria-label|title|placeholder|data-label|data-done|data-wait)="([^"]*)"')
BROKEN = DestinationSnapshot(
    "webhook", DestinationState.BROKEN, None, 2, 1, 0, 0, 0, 0, "no answer within 10 s"
)


def english(page: str) -> list[str]:
    """Return the English words that a page shows, and that are no names."""
    page = re.sub(r"<(pre|style|script|code)\b.*?</\1>", "", page, flags=re.DOTALL)
    page = re.sub(r"<meta[^>]*>", "", page)
    shown = [*SHOWN.findall(page), *re.sub(r"<[^>]*>", "\n", page).splitlines()]
    words = [word for text in shown for word in WORD.findall(unescape(text))]
    return [word for word in words if word not in NAMES | {*CHANNELS, "notifications"}]


def furnish(fakes: Fakes) -> None:
    """Put something into every part of every page."""
    told = Condition("clock", "", "no answer in time", 0.0)
    fakes.worker.change(
        problem="waiting for Kafka for 12 s",
        conditions=(told,),
        destinations={ADDRESS: BROKEN},
        embedded=True,
    )
    shown = view_of(ADDRESS, BROKEN)
    fakes.destinations.views = {shown.id: shown}
    notes = (Note("kwargs.color", "is missing; left empty"), Note("", "and 3 more"))
    fakes.attempts.attempts = [
        make_attempt(
            number,
            status=status,
            title="标题",
            content="内容",
            error="no answer in time",
            notes=notes,
        )
        for number, status in enumerate(AttemptStatus)
    ]
    letter = {"error": "the record has no value", "title": "标题", "targets_failed": ("webhook",)}
    fakes.dead_letters.letters = [
        make_dead_letter("0/1", headers={}, **letter),
        make_dead_letter("0/2", replayed="2026-01-01T12:00:00+00:00", **letter),
    ]
    fakes.dead_letters.causes = [
        Cause(f"{n:012}", "rejected", "", "no answer in time", 3, 1, "2026-01-01T12:00:00+00:00")
        for n in range(13)
    ]
    fakes.dead_letters.others = [OtherGroup("另一组", 5, "2026-01-01T12:00:00+00:00")]
    fakes.replayer.planned = Replay(
        state="planned", selected=9, replayable=3, already=2, expired=4, choice="all dead letters"
    )
    fakes.inbox.received = [
        InboxCard(
            id=number,
            kind=kind,
            time="2026-01-01T12:00:00+00:00",
            sender=None,
            recipients=(),
            title="标题",
            text="内容",
            color=None,
            fields=(),
            footer=None,
            html="<p>内容</p>",
        )
        for number, kind in enumerate(("discord", "webhook", "email"))
    ]
    fakes.tracer.stories = {"m": STORY}
    fakes.deeds.add("this machine", "The worker was stopped.")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/?refresh=off", 200),
        ("/?status=delivered", 200),
        ("/dead-letters", 200),
        ("/dead-letters?cause=000000000001&q=x", 200),
        ("/dead-letters?group=x", 200),
        ("/dead-letters/0/1", 200),
        ("/dead-letters/plan?all=1", 200),
        ("/dead-letters/plan", 422),
        ("/destinations", 200),
        (f"/destinations/{view_of(ADDRESS, BROKEN).id}", 200),
        ("/destinations?q=x&state=broken&sort=name", 200),
        ("/history", 200),
        ("/history?q=nothing", 200),
        ("/notifications/7", 404),
    ],
)
async def test_a_page_is_chinese_to_its_last_word(
    client: httpx.AsyncClient, fakes: Fakes, path: str, status: int
) -> None:
    """What is always there, what the service says, and what is there for some only."""
    furnish(fakes)
    answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == status
    assert '<html lang="zh">' in answer.text
    assert english(answer.text) == []


async def test_a_story_is_told_in_chinese(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Its headings and states; what a destination answered stays as it was."""
    furnish(fakes)
    answer = await client.get("/notifications/m", headers=BROWSER)
    assert set(english(answer.text)) <= {"AAPL", "ID", "Service", "Trace", "Unavailable"}
    assert "下次尝试" in answer.text or "了结时间" in answer.text


async def test_a_fault_is_told_in_chinese(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Dead letters that could not be read, with the reason."""
    fakes.dead_letters.error = KafkaUnavailableError(
        "Kafka did not hand over dead letters: no answer in time"
    )
    answer = await client.get("/dead-letters", headers=BROWSER)
    assert "Kafka 没有返回死信：没有及时应答" in answer.text


async def test_the_sign_in_is_chinese(app: FastAPI) -> None:
    """The first page that somebody sees, and after a wrong key."""
    access = Access.of(["0123456789abcdef"])
    async with serve(app, Fakes(access=access).service) as client:
        for path in ("/sign-in", "/sign-in?wrong=true"):
            answer = await client.get(path, headers=BROWSER)
            assert answer.status_code == 200
            assert english(answer.text) == []
            assert ("API 密钥不正确" in answer.text) == ("wrong" in path)


@pytest.mark.parametrize("language", ["en-GB,en;q=0.9,zh;q=0.5", "fr", ""])
async def test_every_other_browser_gets_english(client: httpx.AsyncClient, language: str) -> None:
    """And one that says nothing."""
    answer = await client.get("/", headers={**BROWSER, "Accept-Language": language})
    assert '<html lang="en">' in answer.text
    assert "Recent deliveries" in answer.text


async def test_the_setting_goes_before_the_browser(app: FastAPI, fakes: Fakes) -> None:
    """``NOTIFIER_LANGUAGE`` holds for every page."""
    async with serve(app, dataclasses.replace(fakes.service, language="en")) as client:
        assert '<html lang="en">' in (await client.get("/", headers=BROWSER)).text
    async with serve(app, dataclasses.replace(fakes.service, language="zh")) as client:
        assert '<html lang="zh">' in (await client.get("/", headers={"Accept": "text/html"})).text


async def test_json_is_english_unless_a_script_of_the_page_asks(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Sentences alone are translated: not what people wrote, and no state."""
    furnish(fakes)
    fakes.attempts.attempts = [
        make_attempt(1, title="no answer in time", error="no answer in time")
    ]
    plain = (await client.get("/deliveries", headers=BROWSER | {"Accept": "*/*"})).json()
    assert plain["deliveries"][0]["error"] == "no answer in time"
    asked = (await client.get("/deliveries?language=zh&limit=1")).json()["deliveries"][0]
    assert asked["error"] == "没有及时应答"
    assert asked["title"] == "no answer in time"
    assert asked["status"] == "delivered"
    stats = (await client.get("/stats?language=zh")).json()
    assert stats["problem"] == "等待 Kafka 已 12 秒"
    assert stats["conditions"][0]["text"] == "没有及时应答"
    assert (await client.get("/stats?language=en")).json()[
        "problem"
    ] == "waiting for Kafka for 12 s"


async def test_a_language_that_there_is_not_is_an_unknown_parameter(
    client: httpx.AsyncClient,
) -> None:
    """Like any other that means nothing."""
    for query in ("language=klingon", "language=zh&language=en"):
        answer = await client.get(f"/stats?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "language"


async def test_a_refusal_is_told_to_a_script_in_chinese(client: httpx.AsyncClient) -> None:
    """The page shows it; the rest of the query is as it was."""
    answer = await client.get("/deliveries?limit=0&q=%E4%BD%A0%26&language=zh")
    assert answer.status_code == 422
    answer = await client.get("/nothing-here?language=zh")
    assert answer.json()["detail"] == "/nothing-here 下没有内容。GET /docs 列出全部接口。"


def test_words_of_the_style_sheets_are_in_both_languages() -> None:
    """What is put before or after something by them has its Chinese beside it."""
    for path in STATIC.glob("*.css"):
        rules = path.read_text(encoding="utf-8")
        found = re.findall(
            r'([^{}\n]*)::(before|after) \{ content: "([^"]*[A-Za-z]{2}[^"]*)"', rules
        )
        for selector, side, _ in found:
            assert f"{selector}:lang(zh)::{side}" in rules, selector
