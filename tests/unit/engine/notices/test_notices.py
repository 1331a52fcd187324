"""The operator is told what is wrong, by whoever is to tell it, until the address accepts it."""

import asyncio
import logging

import pytest

from app.policies.service.health import Signs
from app.values.outcome import Denied, Gone, RateLimited, Rejected, Retry
from app.values.snapshot import Status
from tests.support.engine import until
from tests.support.notices import AWAY, HOOK, OPERATOR, RUNNING, Bench

HOUR = 3600.0


async def test_a_destination_is_told_once_it_has_been_broken_for_long() -> None:
    """Not before, not again within the hour, and once more when it has accepted something."""
    bench = Bench()
    bench.answer(Retry("HTTP 503"), times=5)
    await bench.look()
    await bench.look(299)
    assert bench.told == []
    await bench.look(2)
    [text] = bench.told
    assert f"{HOOK.label} has not worked since" in text
    assert "HTTP 503" in text
    await bench.look(100)
    await bench.look(HOUR)
    assert len(bench.told) == 2
    bench.mend()
    await bench.look(29)
    assert len(bench.told) == 2
    await bench.look(31)
    assert f"{HOOK.label} works again" in bench.told[-1]
    await bench.look(HOUR)
    assert len(bench.told) == 3


async def test_each_state_has_its_words() -> None:
    """Gone is not broken."""
    bench = Bench()
    bench.answer(Gone("HTTP 410"))
    await bench.look()
    await bench.look(301)
    assert "it no longer exists. Its words: HTTP 410" in bench.told[0]


async def test_a_denied_destination() -> None:
    """Its key or list of addresses is to be put right."""
    bench = Bench()
    bench.answer(Denied("wrong signature", certain=True))
    await bench.look()
    await bench.look(301)
    assert "has refused everything" in bench.told[0]


async def test_a_session_that_starts_anew_ends_no_matter() -> None:
    """The lanes are gone; nobody knows that the destination works."""
    bench = Bench()
    bench.answer(Retry("HTTP 503"), times=5)
    await bench.look()
    await bench.look(301)
    bench.dispatcher.close()
    await bench.look(600)
    assert len(bench.told) == 1
    bench.mend()
    await bench.look(31)
    assert "works again" in bench.told[1]


async def test_dead_letters_are_told_within_a_minute_with_the_last_ones_reason() -> None:
    """However many there are, it is one message."""
    bench = Bench()
    bench.observer.statistics.dead_lettered = 3
    bench.observer.last_dead_letter = "rejected: HTTP 400"
    await bench.look()
    await bench.look(31)
    [text] = bench.told
    assert "Dead letters so far: 3." in text
    assert "rejected: HTTP 400" in text
    await bench.look(HOUR)
    await bench.look(31)
    assert "No more notifications have become dead letters" in bench.told[1]


async def test_no_progress_is_told_for_the_group() -> None:
    """With what the worker holds."""
    bench = Bench()
    bench.health = Signs(status=Status.RUNNING, fetch_silent_for=50)
    await bench.look()
    await bench.look(301)
    assert "Worker host:1 has made no progress since" in bench.told[0]
    assert "in its hands: 7" in bench.told[0]


async def test_whoever_does_not_speak_for_the_group_says_nothing_of_it() -> None:
    """But of itself, once it has lost Kafka, and when that is over."""
    bench = Bench()
    bench.speaks = bench.joined = False
    bench.answer(Retry("HTTP 503"), times=5)
    bench.health = AWAY
    await bench.look()
    await bench.look(301)
    [text] = bench.told
    assert "Worker host:1 has had no word from Kafka since" in text
    assert HOOK.label not in text
    bench.health, bench.joined = RUNNING, True
    await bench.look(1)
    await bench.look(60)
    assert "hears from Kafka again" in bench.told[1]


async def test_a_worker_that_is_stopped_says_nothing() -> None:
    """Somebody meant it."""
    bench = Bench()
    bench.health = AWAY
    await bench.look()
    bench.health = Signs(status=Status.STOPPED)
    await bench.look(301)
    assert bench.told == []


async def test_what_is_not_accepted_is_told_again_and_says_what_is_true_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With growing pauses; the log and a metric say so, and no secret."""
    caplog.set_level(logging.INFO)
    bench = Bench()
    bench.channel._answers = [[Rejected(f"no such hook {OPERATOR}")], [Retry("HTTP 500")]]
    bench.health = AWAY
    await bench.look()
    await bench.look(301)
    await bench.look(4)
    assert len(bench.told) == 1
    await bench.look(2)
    await bench.look(9)
    assert len(bench.told) == 2
    await bench.look(2)
    assert len(bench.told) == 3
    said = [record.getMessage() for record in caplog.records]
    assert sum("trying again in" in line for line in said) == 2
    assert "notices reach the operator again at https://ops.example" in said[-1]
    assert "secret-of-the-operator" not in "\n".join(said)
    assert bench.observer.metrics._notices == {"accepted": 1, "failed": 2}
    assert bench.observer.statistics.retried == 0
    assert bench.observer.attempts.page().deliveries == ()


async def test_a_limit_of_the_robot_is_kept() -> None:
    """It is asked again when it said, and no notification before."""
    bench = Bench()
    bench.channel._answers = [[RateLimited("slow down", after=120.0)]]
    bench.health = AWAY
    await bench.look()
    await bench.look(301)
    lane = next(iter(bench.dispatcher))
    state, wait = lane.state()
    assert (state.value, wait is not None and wait > 100) == ("rate_limited", True)


async def test_one_address_that_hangs_holds_up_no_other() -> None:
    """Each is told by itself; mails go through the mail server's lane."""
    bench = Bench(addresses=(OPERATOR, "ops@example.com"))
    bench.channel.gate = asyncio.Event()
    bench.health = AWAY
    await bench.look()
    bench.clock.let_pass(301)
    await bench.notices.look()
    await bench.mails.arrived(1)
    assert bench.mails.sent[0].targets[0].address == "ops@example.com"
    await until(lambda: len(bench.tasks) == 1)
    await bench.notices.look()
    assert len(bench.tasks) == 1
    bench.channel.gate.set()
    await until(lambda: len(bench.tasks) == 0)
    assert bench.sender.label("ops@example.com") == "o***@example.com"


async def test_an_address_that_cannot_be_used_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The worker goes on all the same."""
    bench = Bench(addresses=("https://discord.com/api/webhooks/1/hunter2/slack",))
    bench.health = AWAY
    await bench.look()
    await bench.look(301)
    assert "a notice to the operator at https://discord.com" in caplog.text
    assert "hunter2" not in caplog.text


async def test_an_error_of_its_own_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The loop goes on, the fault is counted."""
    bench = Bench()
    bench.channel._answers = [ValueError("a bug")]
    bench.health = AWAY
    await bench.look()
    bench.clock.let_pass(301)
    await bench.notices.look()
    await until(lambda: len(bench.tasks) == 0)
    assert "an error of the service's own" in caplog.text
    assert len(bench.failures) == 1
    bench.failures.clear()
    await bench.look(6)
    assert len(bench.told) == 2


async def test_what_waits_too_long_for_its_turn_is_said_anew(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The robot is broken itself, or others are before it."""
    monkeypatch.setattr("app.engine.notices.post.PATIENCE", 0.01)
    bench = Bench()
    bench.channel._answers = [[RateLimited("slow down", after=3000.0)]]
    bench.health = AWAY
    await bench.look()
    await bench.look(301)
    await bench.look(6)
    assert "it may not be asked now: slow down" in caplog.text
    assert len(bench.told) == 1
    assert not next(iter(bench.dispatcher)).asides.waiting
