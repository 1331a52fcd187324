"""``notifier destinations``."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from app.faces.api.examples import DESTINATION
from app.faces.cli import destinations
from app.faces.cli.destinations import table
from app.faces.cli.notifier import command
from app.values.destinations import DestinationSort
from app.values.errors import KafkaUnavailableError
from app.values.snapshot import AttemptStatus, DestinationState
from tests.support.fakes import Fakes
from tests.support.served import served

ID = DESTINATION.id


@pytest.fixture
async def fakes() -> Fakes:
    """Return what is behind the service."""
    made = Fakes()
    made.destinations.views = {ID: DESTINATION}
    return made


@pytest.fixture
async def url(fakes: Fakes) -> AsyncIterator[str]:
    """Return the address of a running service."""
    async with served(fakes) as url:
        yield url


async def run(url: str, *arguments: str) -> Result:
    """Run ``notifier destinations``."""
    given = ["destinations", *arguments, "--url", url]
    return await asyncio.to_thread(CliRunner().invoke, command, given)


def test_each_has_its_line_and_what_is_to_be_known() -> None:
    """Nothing of it steers a terminal."""
    limited = replace(
        DESTINATION,
        id="another",
        name=None,
        state=DestinationState.RATE_LIMITED,
        until="2026-01-01T12:30:00+00:00",
        paused_by=None,
        success_rate_last_hour=None,
        last_error="429\x1b[2J\nslow down",
    )
    lines = list(table([DESTINATION, limited]))
    assert lines[0].split()[:2] == ["Id", "State"]
    assert lines[1].startswith("5e0d6f0b8c1a4f27  paused ")
    assert lines[1].endswith("97.5%  Day trader, https://discord.com/api/webhooks/1234…/***")
    text = "\n".join(lines)
    assert "  paused by alice, 2026-01-01 " in text
    assert "  until 2026-01-01 " in text
    assert "\x1b" not in text
    assert len(lines) == 7


async def test_they_are_listed(fakes: Fakes, url: str) -> None:
    """The worst first, if nothing else is asked for."""
    result = await run(url)
    assert result.exit_code == 0
    assert ID in result.stdout
    await run(url, "--query", "disc", "--state", "paused", "--sort", "waiting", "--limit", "7")
    _, asked = fakes.destinations.asked
    assert asked == {
        "query": "disc",
        "state": DestinationState.PAUSED,
        "sort": DestinationSort.WAITING,
        "limit": 7,
        "cursor": 0,
    }


async def test_many_are_read_page_by_page(
    fakes: Fakes, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is said how many there are."""
    monkeypatch.setattr(destinations, "LARGEST_PAGE", 2)
    fakes.destinations.views = {
        f"id-{number}": replace(DESTINATION, id=f"id-{number}") for number in range(7)
    }
    result = await run(url, "--limit", "5")
    assert [f"id-{number}" in result.stdout for number in range(7)] == [True] * 5 + [False] * 2
    assert "There are 7; to see all of them: --limit 7" in result.stderr


async def test_nothing_is_there(fakes: Fakes, url: str) -> None:
    """Not yet, or not of this kind."""
    assert "There are no such destinations." in (await run(url, "--state", "gone")).stdout
    fakes.destinations.views = {}
    assert "Nothing has been sent anywhere yet." in (await run(url)).stdout


async def test_one_is_paused_and_resumed(fakes: Fakes, url: str) -> None:
    """And it is said who did it."""
    paused = await run(url, "pause", ID)
    assert paused.exit_code == 0
    assert "is paused by this machine." in paused.stdout
    resumed = await run(url, "resume", ID)
    assert resumed.stdout.endswith("is resumed.\n")
    assert [what for what, _, _ in fakes.destinations.said] == ["pause", "resume"]


async def test_one_is_tested(fakes: Fakes, url: str) -> None:
    """Exit status 1 if it says no."""
    accepted = await run(url, "test", ID)
    assert accepted.exit_code == 0
    assert accepted.stdout.endswith(" accepted the test in 0.020 s.\n")
    fakes.destinations.answer = (AttemptStatus.REJECTED, "HTTP 404\nUnknown Webhook")
    refused = await run(url, "test", ID)
    assert refused.exit_code == 1
    assert "did not accept the test: HTTP 404 Unknown Webhook" in refused.stderr


@pytest.mark.parametrize("what", ["pause", "resume", "test"])
async def test_what_cannot_be_done_is_said(fakes: Fakes, url: str, what: str) -> None:
    """An unknown one, and Kafka away."""
    unknown = await run(url, what, "no/where")
    assert unknown.exit_code == 1
    assert "404" in unknown.stderr
    fakes.destinations.error = KafkaUnavailableError("no broker answers")
    assert (await run(url, what, ID)).exit_code == 1
