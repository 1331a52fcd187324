import asyncio

import pytest

from app.faces.dashboard.replays import Plan, plan, read_choice
from app.values.errors import KafkaUnavailableError
from app.values.outcome import Reason
from app.values.replay import Replay, Selection
from tests.support.fakes import FakeReplayer

PLANNED = Replay(state="planned", selected=1, replayable=1, ids=("0/1",))


class SilentReplayer(FakeReplayer):
    """Kafka is away: nothing is ever answered."""

    async def plan(self, selection: Selection) -> Replay:
        """Wait for ever."""
        await asyncio.Event().wait()
        return await super().plan(selection)


@pytest.mark.parametrize("choice", ["", "ALL", "rejected ", "1/", "1/2/3", "-1/2"])
def test_what_is_no_choice_selects_nothing(choice: str) -> None:
    """Least of all everything."""
    assert read_choice(choice) is None


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("all", "all dead letters"),
        ("3/17", "dead letter 3/17"),
        ("invalid", "all with the reason invalid"),
    ],
)
async def test_a_plan_says_what_it_is_about(choice: str, words: str) -> None:
    """In words that follow "Replay"."""
    planned = await plan(FakeReplayer(), choice)
    assert planned == Plan(choice, PLANNED)
    assert planned.described == words


async def test_without_a_choice_nothing_is_planned() -> None:
    """Most pages are loaded without one."""
    replayer = FakeReplayer()
    assert await plan(replayer, "") is None
    assert replayer.asked == []


async def test_a_page_does_not_wait_for_ever_for_a_plan(caplog: pytest.LogCaptureFixture) -> None:
    """It comes without one, and the log says why."""
    assert await plan(SilentReplayer(), "all", patience=0.01) == Plan("all", None)
    replayer = FakeReplayer()
    replayer.error = KafkaUnavailableError("no broker answers")
    assert await plan(replayer, "all") == Plan("all", None)
    assert "no broker answers" in caplog.text


def test_a_reason_is_chosen_by_its_name() -> None:
    """As the dead letters have it."""
    assert [read_choice(reason.value) for reason in Reason] == [
        Selection(reason=reason) for reason in Reason
    ]
