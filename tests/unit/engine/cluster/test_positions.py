"""Positions: kept true to the logs when topics are made anew, and when logs lose something."""

import asyncio
from collections.abc import Collection

import pytest

from app.edges.kafka.partition_logs import PartitionLogs
from app.engine.cluster.positions import Positions
from app.engine.conditions import Conditions
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item
from app.engine.inflight.partition import Assigned, Start
from app.policies.books.commit_metadata import Settled
from app.policies.books.ledger import Commit
from app.values.errors import KafkaUnavailableError
from app.values.record import TopicPartition
from tests.support.engine import PARTITION, SkewedClock, item, notification, observer

OLD, NEW = "old-id", "new-id"


class Logs(PartitionLogs):
    """The logs of a cluster that the test writes."""

    def __init__(self) -> None:
        # by topic; one that is left out is not there
        self.ids: dict[str, str | None] = {PARTITION.topic: OLD}
        self.bounds = (0, 100)  # start and end of every log
        self.asked = 0  # how often the ids were asked for
        self.gone: set[TopicPartition] = set()  # partitions of which nobody knows
        self.failure: Exception | None = None
        self.gate = asyncio.Event()  # cleared, answers about bounds wait for it
        self.gate.set()

    async def topic_ids(self, topics: Collection[str]) -> dict[str, str | None]:
        """Return the ids of those that are there."""
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return {topic: each for topic, each in self.ids.items() if topic in topics}

    async def starts(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return where all logs begin."""
        await self.gate.wait()
        return dict.fromkeys(partitions, self.bounds[0])

    async def known_starts(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return where those logs begin that are there."""
        starts = await self.starts(partitions)
        return {at: each for at, each in starts.items() if at not in self.gone}

    async def ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return where all logs end."""
        return dict.fromkeys(partitions, self.bounds[1])


class Member:
    """As much of a consumer as positions need; remembers where it was told to go on."""

    def __init__(self) -> None:
        self.logs = Logs()
        self.metadata = self
        self.updates = self.asked_anew = 0
        self.sought: list[tuple[TopicPartition, int]] = []
        self.resumed: list[TopicPartition] = []

    def has(self, partition: TopicPartition) -> bool:
        """Say that it has them all."""
        return bool(partition)

    def learn_anew(self) -> None:
        """Count it."""
        self.asked_anew += 1

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Remember it."""
        self.sought.append((partition, offset))

    def resume(self, partition: TopicPartition) -> None:
        """Remember it."""
        self.resumed.append(partition)


class Bench:
    """One partition that was read up to 50, of the topic with the old id."""

    def __init__(self, topic_id: str | None = OLD) -> None:
        self.clock = SkewedClock()
        self.observer = observer(self.clock)
        self.conditions = Conditions(self.clock.now)
        self.member = Member()
        self.assignment = Assignment()
        self.assignment.give({PARTITION: Start(40, topic_id=topic_id)}, {})
        self.held = [item(notification(), self.assigned, offset=offset) for offset in (48, 49)]
        self.dropped: list[int] = []
        self.committing = asyncio.Lock()
        self.positions = Positions(
            self.member,  # type: ignore[arg-type]  # as much as is used
            self.assignment,
            self.clock,
            self.observer,
            self.conditions,
            drop=lambda: self.dropped.append(self.assigned.epoch),
            committing=self.committing,
        )

    @property
    def assigned(self) -> Assigned:
        """What is held of the partition now."""
        return self.assignment[PARTITION]

    @property
    def said(self) -> list[str]:
        """What is said of it."""
        return [each.kind for each in self.conditions]

    def moved(self, reason: str) -> float | None:
        """Return how often a position was moved for that reason."""
        name = "ginkgo_worker_positions_moved_total"
        return self.observer.metrics.registry.get_sample_value(name, {"reason": reason})


@pytest.fixture
async def bench() -> Bench:
    """The usual one."""
    return Bench()


async def test_a_topic_that_was_made_anew_is_read_from_its_start(bench: Bench) -> None:
    """Whatever position and end say: they are of another topic."""
    bench.member.logs.ids[PARTITION.topic] = NEW
    assert await bench.positions.look()
    assert bench.dropped == [bench.assigned.epoch]
    assert [bench.assignment.of(each) for each in bench.held] == [None, None]
    assert (bench.assigned.position, bench.assigned.topic_id) == (0, NEW)
    assert bench.member.sought == [(PARTITION, 0)]
    assert bench.assigned.ledger.to_commit(0) == Commit(0)  # in the place of the old one's
    assert bench.said == ["topic_recreated"]
    assert "2 notifications of the old one" in next(iter(bench.conditions)).text
    assert (bench.moved("topic_recreated"), bench.member.asked_anew) == (1, 1)
    assert not await bench.positions.look()


async def test_a_partition_that_was_left_out_until_something_was_due_is_fetched_again(
    bench: Bench,
) -> None:
    """What it waited for is gone with the old topic."""
    bench.assigned.held = True
    bench.member.logs.ids[PARTITION.topic] = NEW
    await bench.positions.look()
    assert bench.member.resumed == [PARTITION]
    assert not bench.assigned.held


async def test_the_same_topic_is_left_alone(bench: Bench) -> None:
    """And it is not asked again before something may have changed."""
    await bench.positions.look()
    await bench.positions.look()
    assert bench.member.logs.asked == 1
    assert (bench.dropped, bench.member.sought, bench.said) == ([], [], [])
    bench.member.updates += 1
    await bench.positions.look()
    assert bench.member.logs.asked == 2


@pytest.mark.parametrize("clock", ["ahead", "skew"])
async def test_a_loop_that_stood_still_asks_before_anything_else(bench: Bench, clock: str) -> None:
    """A process that was stopped, and a machine that was suspended: that shows in one clock each."""
    await bench.positions.look()
    assert not bench.positions.turn()
    setattr(bench.clock, clock, 5.0)
    assert bench.positions.turn()
    assert bench.positions.turn()  # until somebody has looked
    assert await bench.positions.look()
    assert bench.member.logs.asked == 2
    assert not bench.positions.turn()


async def test_who_could_not_look_has_not_looked(bench: Bench) -> None:
    """Kafka away: nothing is committed or taken until it is known."""
    bench.member.logs.failure = KafkaUnavailableError("away")
    with pytest.raises(KafkaUnavailableError):
        await bench.positions.look()
    bench.member.logs.failure = None
    assert await bench.positions.look()


async def test_a_topic_that_is_away_is_known_and_kept(bench: Bench) -> None:
    """Deleted and not there again yet: what is held may still be delivered."""
    del bench.member.logs.ids[PARTITION.topic]
    await bench.positions.look()
    assert not bench.positions.may_commit(bench.assigned)
    assert bench.dropped == []
    bench.member.logs.ids[PARTITION.topic] = OLD
    await bench.positions.look(anyway=True)
    assert bench.positions.may_commit(bench.assigned)


async def test_an_id_that_was_not_known_is_learnt() -> None:
    """From brokers that were brought up to date."""
    bench = Bench(topic_id=None)
    await bench.positions.look()
    assert bench.assigned.topic_id == OLD
    bench.member.logs.ids[PARTITION.topic] = None
    await bench.positions.look(anyway=True)
    assert (bench.assigned.topic_id, bench.dropped) == (OLD, [])


async def test_what_a_rebalance_has_replaced_meanwhile_is_not_touched(bench: Bench) -> None:
    """Whoever begins with a partition asks for its id itself."""
    bench.member.logs.ids[PARTITION.topic] = NEW
    bench.member.logs.gate.clear()
    looking = asyncio.create_task(bench.positions.look())
    await asyncio.sleep(0)
    bench.assignment.give({PARTITION: Start(7, topic_id=NEW)}, {})
    bench.member.logs.gate.set()
    await looking
    assert (bench.assigned.position, bench.dropped, bench.member.sought) == (7, [], [])


async def test_a_partition_that_the_new_topic_has_not_holds_nothing_up(bench: Bench) -> None:
    """The others begin at once; of this one nothing is committed, until it comes or is taken away."""
    second = TopicPartition(PARTITION.topic, 1)
    bench.assignment.give(
        {each: Start(40, topic_id=OLD) for each in (PARTITION, second)}, leftovers={}
    )
    bench.member.logs.ids[PARTITION.topic] = NEW
    bench.member.logs.gone = {second}
    await bench.positions.look()
    assert bench.member.sought == [(PARTITION, 0)]
    assert not bench.positions.may_commit(bench.assignment[second])
    bench.member.logs.gone = set()
    assert await bench.positions.look()
    assert bench.member.sought == [(PARTITION, 0), (second, 0)]
    assert bench.positions.may_commit(bench.assignment[second])
    assert not await bench.positions.look()


async def test_a_log_that_lost_its_end_is_read_on_at_the_new_one(bench: Bench) -> None:
    """What it held was read: it is not sent again, and what is in memory is still delivered."""
    bench.member.logs.bounds = (0, 49)
    await bench.positions.find([PARTITION])
    assert bench.member.sought == [(PARTITION, 49)]
    assert (bench.assigned.position, bench.assigned.end) == (49, 49)
    assert (bench.dropped, list(bench.assignment.items())) == ([], bench.held)
    assert bench.observer.statistics.vanished == 1
    assert (bench.said, bench.moved("log_truncated")) == (["log_truncated"], 1)
    for each in bench.held:
        bench.assigned.settle(each)
    assert bench.assigned.ledger.to_commit(49) == Commit(49)
    fresh = item(notification(), bench.assigned, offset=49)
    assert list(bench.assignment.items()) == [fresh]


async def test_what_others_settled_beyond_the_new_end_is_not_taken_for_settled(
    bench: Bench,
) -> None:
    """Other records will stand at those offsets; the position itself is right."""
    bench.assignment.give({PARTITION: Start(40, Settled(60, (41, 55)), OLD)}, {})
    bench.member.logs.bounds = (0, 52)
    await bench.positions.find([PARTITION])
    ledger = bench.assigned.ledger
    assert (bench.assigned.position, bench.member.sought) == (40, [])
    assert (ledger.passes_over(51), ledger.passes_over(52)) == (True, False)
    assert ledger.to_commit(52) == Commit(52)
    assert bench.observer.statistics.vanished == 8
    assert (bench.said, bench.moved("log_truncated")) == (["log_truncated"], 1)


@pytest.mark.parametrize("how", ["being read", "read on"])
async def test_a_log_that_is_read_meanwhile_is_longer_than_was_told(bench: Bench, how: str) -> None:
    """The position is right, whatever was told before."""
    bench.member.logs.bounds = (0, 49)
    bench.member.logs.gate.clear()
    finding = asyncio.create_task(bench.positions.find([PARTITION]))
    for _ in range(5):
        await asyncio.sleep(0)
    if how == "read on":
        bench.assigned.position += 1
    else:
        bench.assigned.reading = True
    bench.member.logs.gate.set()
    await finding
    assert (bench.said, bench.member.sought) == ([], [])


async def test_a_commit_under_way_does_not_bring_the_old_end_back(bench: Bench) -> None:
    """The books are changed once it has ended."""
    bench.member.logs.bounds = (0, 30)
    async with bench.committing:
        finding = asyncio.create_task(bench.positions.find([PARTITION]))
        for _ in range(5):
            await asyncio.sleep(0)
        assert bench.assigned.position == 50
        bench.assigned.ledger.acknowledged(Commit(48))
    await finding
    assert bench.assigned.ledger.committed == 30
    assert bench.assigned.ledger.to_commit(30) == Commit(30)


async def test_another_topic_is_not_taken_for_a_log_that_lost_its_end(bench: Bench) -> None:
    """Its id tells, however short it is."""
    bench.member.logs.ids[PARTITION.topic] = NEW
    bench.member.logs.bounds = (0, 30)
    await bench.positions.find([PARTITION])
    assert bench.said == ["topic_recreated"]
    assert bench.assigned.position == 0


async def test_without_ids_a_log_that_is_too_short_is_read_from_its_start() -> None:
    """Rather send again than miss anything."""
    bench = Bench(topic_id=None)
    bench.member.logs.ids[PARTITION.topic] = None
    bench.member.logs.bounds = (10, 30)
    await bench.positions.find([PARTITION])
    assert (bench.said, bench.moved("unknown")) == (["log_replaced"], 1)
    assert (bench.assigned.position, len(bench.dropped)) == (10, 1)


async def test_what_retention_deleted_before_it_was_read_is_counted(bench: Bench) -> None:
    """Going on at the earliest that is there."""
    bench.member.logs.bounds = (75, 100)
    await bench.positions.find([PARTITION])
    assert bench.member.sought == [(PARTITION, 75)]
    assert bench.assigned.position == 75
    assert bench.observer.statistics.missed == 25
    assert bench.said == ["messages_missed"]
    assert "notifications/0: 25 offsets from 50 on" in next(iter(bench.conditions)).text
    assert list(bench.assignment.items()) == bench.held


async def test_what_was_settled_before_is_not_missed(bench: Bench) -> None:
    """By the commit's metadata it was done: nobody lacks it."""
    bench.assignment.give({PARTITION: Start(40, Settled(60, (41, 55)), OLD)}, {})
    bench.member.logs.bounds = (62, 100)
    await bench.positions.find([PARTITION])
    assert bench.observer.statistics.missed == 4  # 41, 55, 60, 61


async def test_a_position_that_is_in_the_log_by_now_stays(bench: Bench) -> None:
    """Somebody moved it, or the partition is not held any more."""
    await bench.positions.find([PARTITION, TopicPartition("elsewhere", 0)])
    assert (bench.member.sought, bench.said) == ([], [])


def test_items_that_nobody_can_read_again_are_held_apart() -> None:
    """They count as in flight, and no commit waits for them."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    assigned = assignment[PARTITION]
    items: list[Item] = [item(notification(), assigned, offset=offset) for offset in range(4)]
    assigned.cut(2)
    assert (assignment.in_flight, assigned.strays) == (4, {items[2], items[3]})
    assert assigned.snapshot().unsettled == 4
    assigned.settle(items[3])
    assigned.settle(items[0])
    assert assigned.lowest_unsettled == 1
    assert assignment.in_flight == 2
