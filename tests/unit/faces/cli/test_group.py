"""``notifier group reset``: what it says, asks and refuses."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.edges.kafka.connection import Connection
from app.engine.control.group_reset import GroupInUseError, Memory
from app.engine.group.subscription import Subscription
from app.faces.cli import group
from app.policies.books.saved_commits import Saved
from app.values.record import TopicPartition

KNOWN = Memory([TopicPartition("notifications", 0)], Saved({}, {}), kept=2, done=1234, ahead=56)
UNKNOWN = Memory([], Saved({}, {}), kept=0, done=0, ahead=0)


class Kafka:
    """What is known of the group, and whether it was made to forget it."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.forgot = 0
        self.failure: GroupInUseError | None = None

    async def recall(self, _: Connection, group: Subscription) -> Memory:
        """See ``group_reset``."""
        assert group.group_id == "notification_worker_group"
        if self.failure is not None:
            raise self.failure
        return self.memory

    async def forget(self, connection: Connection, _: Subscription, memory: Memory) -> None:
        """See ``group_reset``."""
        assert (connection.bootstrap_servers, memory) == ("kafka:9092", self.memory)
        self.forgot += 1


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kafka:
    """A group that is known, at a broker of that name."""
    made = Kafka(KNOWN)
    monkeypatch.setattr(group, "recall", made.recall)
    monkeypatch.setattr(group, "forget", made.forget)
    monkeypatch.setenv("NOTIFIER_KAFKA__BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return made


def reset(*arguments: str, answer: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(group.command, ["reset", *arguments], input=answer)


def test_says_what_it_means_and_asks(kafka: Kafka) -> None:
    """Nothing is forgotten unless somebody says yes."""
    result = reset(answer="n\n")
    assert (result.exit_code, kafka.forgot) == (1, 0)
    assert "1 committed offsets on Kafka, 2 kept in notifications.control." in result.output
    assert "begins at the earliest" in result.output
    assert "up to 1,234 records are read and sent again" in result.output
    result = reset(answer="y\n")
    assert (result.exit_code, kafka.forgot) == (0, 1)
    assert result.output.endswith("Forgotten.\n")


def test_asks_nothing_where_it_is_told_not_to(kafka: Kafka) -> None:
    """For scripts."""
    assert (reset("--yes").exit_code, kafka.forgot) == (0, 1)


def test_says_what_is_left_out_with_latest(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """There it is the other way round."""
    monkeypatch.setenv("NOTIFIER_KAFKA__AUTO_OFFSET_RESET", "latest")
    assert "56 records that were not read are left out" in reset("--yes").output
    assert kafka.forgot == 1


def test_a_group_that_is_not_known_is_left_alone(kafka: Kafka) -> None:
    """A second time does nothing."""
    kafka.memory = UNKNOWN
    result = reset("--yes")
    assert (result.exit_code, kafka.forgot) == (0, 0)
    assert "Nothing is known of the group notification_worker_group" in result.output


def test_a_group_that_has_members_is_refused(kafka: Kafka) -> None:
    """In one line that says what to do."""
    kafka.failure = GroupInUseError("the group has members: stop them first")
    result = reset("--yes")
    assert (result.exit_code, kafka.forgot) == (1, 0)
    assert result.output == "Error: the group has members: stop them first\n"


def test_the_embedded_broker_has_nothing_to_forget(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps nothing over a stop."""
    monkeypatch.delenv("NOTIFIER_KAFKA__BOOTSTRAP_SERVERS")
    result = reset("--yes")
    assert (result.exit_code, kafka.forgot) == (1, 0)
    assert "there is nothing to reset" in result.output
