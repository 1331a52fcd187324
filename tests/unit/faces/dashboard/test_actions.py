import dataclasses
import logging

import pytest

from app.faces.dashboard.actions import ACTIONS, act
from app.faces.dashboard.flashes import FLASHES
from app.values.errors import (
    KafkaRefusedError,
    KafkaUnavailableError,
    NotifierError,
    RecipientsFileError,
    TemplateError,
)
from app.values.snapshot import Status
from tests.support.fakes import Fakes

TEST = {"type": "alert", "count": "3", "delay": "0"}


async def test_the_worker_is_stopped_and_started(fakes: Fakes) -> None:
    """A stop drains; both say what happened."""
    assert await act("stop", fakes.service, {}, "ops") == "stopped"
    assert fakes.worker.stops == [True]
    assert fakes.worker.snapshot().status is Status.STOPPED
    assert await act("start", fakes.service, {}, "ops") == "started"
    assert fakes.worker.snapshot().status is Status.RUNNING


async def test_a_start_without_kafka_does_not_hang() -> None:
    """The page comes back and says that the worker is waiting."""
    fakes = Fakes(patience=0.01)
    fakes.worker.kafka.clear()
    assert await act("start", fakes.service, {}, "ops") == "starting"
    await fakes.service.starter.stop()


async def test_the_worker_is_paused_and_resumed(fakes: Fakes) -> None:
    """Fetching stops and goes on."""
    assert await act("pause", fakes.service, {}, "ops") == "paused"
    assert fakes.worker.state.paused
    assert await act("resume", fakes.service, {}, "ops") == "resumed"
    assert not fakes.worker.state.paused


@pytest.mark.parametrize(
    ("delay", "warning", "flash"),
    [("0", None, "published"), ("0.5", None, "publishing"), ("0", "none", "no-destination")],
)
async def test_test_notifications_are_published(
    fakes: Fakes, delay: str, warning: str | None, flash: str
) -> None:
    """The form's values arrive, and the answer tells the three cases apart."""
    fakes.publisher.warning = warning
    assert await act("test-notifications", fakes.service, TEST | {"delay": delay}, "ops") == flash
    assert fakes.publisher.tests == [("alert", 3, float(delay))]


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "carrier-pigeon"},
        {"count": "0"},
        {"count": "10001"},
        {"count": "many"},
        {"delay": "-1"},
        {"delay": "61"},
        {"delay": "nan"},
        {"delay": ""},
    ],
)
async def test_impossible_values_publish_nothing(fakes: Fakes, changes: dict[str, str]) -> None:
    """A form that was tampered with is answered, not obeyed."""
    assert await act("test-notifications", fakes.service, TEST | changes, "ops") == "invalid"
    assert await act("test-notifications", fakes.service, {}, "ops") == "invalid"
    assert fakes.publisher.tests == []


async def test_the_inbox_obeys(fakes: Fakes) -> None:
    """It answers as told, and forgets what came in."""
    assert await act("inbox-behaviour", fakes.service, {"behaviour": "slow"}, "ops") == "behaviour"
    assert fakes.inbox.behaviour == "slow"
    assert await act("inbox-behaviour", fakes.service, {"behaviour": "rude"}, "ops") == "invalid"
    assert await act("inbox-clear", fakes.service, {}, "ops") == "cleared"


async def test_without_an_inbox_its_buttons_say_so(fakes: Fakes) -> None:
    """A stale page's buttons do not fail."""
    service = dataclasses.replace(fakes.service, inbox=None)
    assert await act("inbox-behaviour", service, {"behaviour": "slow"}, "ops") == "no-inbox"
    assert await act("inbox-clear", service, {}, "ops") == "no-inbox"


async def test_recipients_are_reloaded(fakes: Fakes) -> None:
    """The button reads the files anew."""
    assert await act("reload", fakes.service, {}, "ops") == "reloaded"
    assert fakes.reloader.reloads == 1


@pytest.mark.parametrize(
    ("error", "flash"),
    [
        (KafkaUnavailableError("away"), "kafka-away"),
        (KafkaRefusedError("not allowed"), "kafka-refused"),
        (RecipientsFileError("recipients.yaml, line 3: no such user"), "reload-refused"),
        (TemplateError("alert.txt: unexpected end"), "reload-refused"),
        (NotifierError("something else"), "failed"),
    ],
)
async def test_a_failure_is_told_apart_and_logged(
    fakes: Fakes, caplog: pytest.LogCaptureFixture, error: NotifierError, flash: str
) -> None:
    """The page says what kind of failure it was; the log has its words."""
    fakes.reloader.error = error
    with caplog.at_level(logging.WARNING):
        assert await act("reload", fakes.service, {}, "ops") == flash
    assert str(error) in caplog.text


async def test_every_answer_has_a_text(fakes: Fakes) -> None:
    """No action answers with a flash that the page does not know."""
    forms = {
        "test-notifications": TEST,
        "inbox-behaviour": {"behaviour": "ok"},
    }
    for name in ACTIONS:
        assert await act(name, fakes.service, forms.get(name, {}), "ops") in FLASHES
