"""What was published, what became of it, and which repeats are excused."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

import msgspec

from app.policies.books.commit_metadata import read_commit
from app.policies.books.ledger import Ledger
from app.policies.headers.deferral import read_paused
from app.policies.headers.records import FAILED, REASON, fingerprint, origin_of, read_marks
from app.values.delivery import Destination
from app.values.record import Headers, Record, TopicPartition
from tests.support.simulation.clocks import Clocks
from tests.support.simulation.destinations import CHATS, Destinations
from tests.support.simulation.loop import now
from tests.support.simulation.story import Fault, Story

TOPIC, DEAD_LETTERS, RETRIES = "notifications", "dead", "retry"
DELAY = 30.0
LOOKS_APART = 3.5
"""Seconds between two looks at where a log ends: by as much a clock that is wrong is believed."""
ROUNDING = 0.01
NOTICED_AFTER = 5.0
"""Seconds until every worker has looked whether topics were made anew."""
A_MOMENT = 0.5
"""Seconds in which what a lane has begun goes out."""
MOST_COPIES = 50
"""Records of one notification that are written while workers know how old they are; more are a
circle. While they do not, clocks alone say when one is due: every crash leaves one more, and brokers
an hour apart have them all written again at once."""


class Published(msgspec.Struct, frozen=True):
    """A notification as it was published."""

    name: str
    targets: tuple[tuple[str, str], ...]  # each with the channel it was named for
    key: str | None  # its ordering key, or None
    urgent: bool  # it may overtake others in a chat
    twice: bool  # its record was published a second time
    expires: float | None = None  # when its time has passed, by the loop's clock; None for never

    @property
    def addresses(self) -> list[str]:
        """The addresses of its targets."""
        return [address for _, address in self.targets]


class Books:
    """Knows every notification by its message id, and holds the group to its promises.

    It is the cluster's observer.

    Args:
        destinations: What they have accepted.
        clocks: Which may be wrong.
        story: Is told of every write.
    """

    # tells how far somebody knows a log to have been: what is written below that takes the
    # place of something that was lost, and cannot be told from it
    known_end: Callable[[TopicPartition], int]

    def __init__(self, destinations: Destinations, clocks: Clocks, story: Story) -> None:
        self.faults: list[Fault] = []  # what was seen that must not be
        # who may arrive twice: a fault came in between, and nobody could know more
        self.excused: set[str] = set()
        # who was put aside at some time, be it that nothing of it was written: another
        # with the same key may have gone ahead
        self.put_aside: set[str] = set()
        # what was written before it may be of any age, as far as workers know
        self.unwatched_until = 0.0
        # what was deferred before it may come early: a destination was resumed
        self.released_until = 0.0
        self._paused_since: dict[tuple[str, Destination], float] = {}
        self._written_at: dict[tuple[TopicPartition, int], float] = {}
        self._clocks = clocks
        self._destinations = destinations
        self._story = story
        self._published: dict[str, Published] = {}
        self._names: defaultdict[tuple[TopicPartition, int], list[tuple[float, str]]]
        self._names = defaultdict(list)
        self._forgiven: set[str] = set()
        self._indistinct: set[tuple[TopicPartition, int]] = set()
        self._repeats_until: dict[str, float] = {}
        self._copies: defaultdict[str, list[Record]] = defaultdict(list)
        self._watched_copies: Counter[str] = Counter()
        self._uncommitted: defaultdict[TopicPartition, dict[int, Record]] = defaultdict(dict)

    def publish(self, notification: Published) -> None:
        """Enter a notification whose record is about to be written."""
        self._published[notification.name] = notification

    def name_of(self, value: bytes | None, headers: Headers) -> str:
        """Return whose record it is that is about to be written."""
        if value is not None:
            return str(msgspec.json.decode(value)["message_id"])
        stub = Record(TopicPartition("", 0), 0, 0.0, None, None, headers)
        topic, partition, offset, timestamp = msgspec.structs.astuple(origin_of(stub))
        return self._name_at(TopicPartition(topic, partition), offset, timestamp)

    def names_at(self, partition: TopicPartition, offsets: Iterable[int]) -> set[str]:
        """Return whose records stand there."""
        return {self._names[partition, offset][-1][1] for offset in offsets}

    def name(self, record: Record) -> str:
        """Return whose record it is, wherever it stands."""
        return self._name_at(record.partition, record.offset, record.timestamp)

    def _name_at(self, partition: TopicPartition, offset: int, timestamp: float) -> str:
        """Return whose record stood there then: a log that lost its end gives offsets twice."""
        names = self._names[partition, offset]
        return min(names, key=lambda each: abs(each[0] - timestamp))[1]

    def lose(self, records: Iterable[Record]) -> None:
        """Forgive that records are not delivered which Kafka has lost; some may be all the same."""
        for record in records:
            name = self.name(record)
            self._forgiven.add(name)
            self.put_aside.add(name)
            self._uncommitted[record.partition].pop(record.offset, None)

    def expect_repeats(self, topic: str) -> None:
        """Excuse what is written to a topic before everybody knows that it is another one."""
        self._repeats_until[topic] = now() + NOTICED_AFTER

    def heard(self, worker: str, destination: Destination, *, paused: bool) -> None:
        """Take note of a worker that has heard what an operator said about a destination."""
        if paused:
            self._paused_since.setdefault((worker, destination), now())
        else:
            self._paused_since.pop((worker, destination), None)

    def asking(self, worker: str, destination: Destination, names: list[str]) -> None:
        """I8: nothing is sent to a destination by a worker that knows it to be paused."""
        if now() > self._paused_since.get((worker, destination), now()) + A_MOMENT:
            fault = f"I8: {worker} asks {destination.label}, which is paused"
            self.faults.append(Fault(fault, tuple(names)))

    def appended(self, record: Record) -> None:
        """See ``Observer``."""
        name = self.name_of(record.value, record.headers)
        self._names[record.partition, record.offset].append((record.timestamp, name))
        self._copies[name].append(record)
        if now() < self._repeats_until.get(record.partition.topic, 0.0):
            self.excused.add(name)
        place = record.partition, record.offset
        self._indistinct.discard(place)
        if record.offset < self.known_end(record.partition):
            self._story.tell(f"{name} cannot be told from what was lost there", [name])
            self._forgiven.add(name)
            self._indistinct.add(place)
        self._uncommitted[record.partition][record.offset] = record
        self._written_at[record.partition, record.offset] = now()
        self._check_expiry(name, record)
        self._watched_copies[name] += now() > self.unwatched_until
        if self._watched_copies[name] > MOST_COPIES:
            self.faults.append(Fault(f"{name} is written again and again", (name,)))
        self._story.tell(f"{name} is written to {record.coordinates}", [name])

    def committing(self, partition: TopicPartition, offset: int, metadata: str) -> None:
        """See ``Observer``. I2: no commit passes what has no answer yet."""
        settled = _settled_by(offset, metadata)
        uncommitted = self._uncommitted[partition]
        for record in list(uncommitted.values()):
            if settled(record.offset):
                del uncommitted[record.offset]
                if (partition, record.offset) in self._indistinct:
                    continue
                self._check_delay(record)
                if not self._is_answered(record):
                    fault = f"I2: a commit passes {record.coordinates}"
                    self.faults.append(Fault(fault, (self.name(record),)))

    def _check_delay(self, record: Record) -> None:
        """I6: nothing is taken from a retry topic before its delay, whatever the clocks say.

        But for what was written before its partition was given to whoever has it: there the clocks
        alone can tell, if any can. And for what waits for nothing but a pause: it is due as soon as
        that is over, also if it was written after that.
        """
        if read_paused(record.headers):
            return
        written_at = self._written_at[record.partition, record.offset]
        early = written_at + DELAY - now()
        if record.partition.topic != f"{RETRIES}.30s" or early <= 0:
            return
        if written_at <= self.released_until:
            return
        watched = written_at > self.unwatched_until
        told = self._clocks.right and self._clocks.stamping
        if told or (watched and early > LOOKS_APART):
            fault = f"I6: {record.coordinates} is taken {early:.1f} s too early"
            self.faults.append(Fault(fault, (self.name(record),)))

    def _check_expiry(self, name: str, record: Record) -> None:
        """I7: nothing expires before its time, whatever this machine's clock says."""
        reason = dict(record.headers).get(REASON)
        if record.partition.topic != DEAD_LETTERS or reason != b"expired":
            return
        expires = self._published[name].expires
        known = self._clocks.right or (self._clocks.brokers_right and self._clocks.stamping)
        if known and (expires is None or now() < expires - ROUNDING):
            self.faults.append(Fault(f"I7: {name} expires too early", (name,)))

    def _is_answered(self, record: Record) -> bool:
        """Say whether a record is done: every target has it, or it was written elsewhere since."""
        notification = self._published[self.name(record)]
        accepted = self._destinations.accepted
        if all(accepted[notification.name, address] for address in notification.addresses):
            return True
        copies = self._copies[notification.name]
        others = [each for each in copies if each is not record]
        if notification.twice:
            return bool(others)
        later = others[copies.index(record) :]
        return any(each.partition.topic != TOPIC for each in later)

    def excuse_uncommitted(self, partition: TopicPartition) -> None:
        """Excuse what was begun and may not be known to whoever gets the partition next."""
        for record in self._uncommitted[partition].values():
            name = self.name(record)
            if self._is_begun(self._published[name]):
                self.excused.add(name)

    def excuse_everything_uncommitted(self) -> None:
        """Excuse that of every partition."""
        for partition in self._uncommitted:
            self.excuse_uncommitted(partition)

    def _is_begun(self, notification: Published) -> bool:
        asked = self._destinations.accepted
        return self._is_deferred(notification.name) or any(
            (notification.name, address) in asked for address in notification.addresses
        )

    def _is_deferred(self, name: str) -> bool:
        """Say whether it was put aside or given up at some time."""
        return name in self.put_aside or any(
            record.partition.topic != TOPIC for record in self._copies[name]
        )

    def verdicts(self) -> Iterator[Fault]:
        """Yield what became of notifications that must not have."""
        of_keys = defaultdict(list)
        of_partitions = defaultdict(list)
        for notification in self._published.values():
            yield from self._lost(notification)
            yield from self._doubled(notification)
            if notification.key is not None:
                of_keys[notification.key].append(notification)
            if notification.key is not None or not notification.urgent:
                [first, *_] = self._copies[notification.name]
                of_partitions[first.partition].append(notification)
        for notifications in of_keys.values():
            yield from self._overtaken(notifications)
        for notifications in of_partitions.values():
            yield from self._overtaken(notifications, chats=True)

    def _lost(self, notification: Published) -> Iterator[Fault]:
        """I1: every target accepted it, or a dead letter names the target."""
        given_up = {
            mark.id
            for record in self._copies[notification.name]
            if record.partition.topic == DEAD_LETTERS
            for mark in read_marks(dict(record.headers).get(FAILED))
        }
        if notification.name in self._forgiven:
            return
        for channel, address in notification.targets:
            accepted = self._destinations.accepted[notification.name, address]
            if not accepted and fingerprint(channel, address) not in given_up:
                yield Fault(f"I1: {notification.name} is lost for {address}", (notification.name,))

    def _doubled(self, notification: Published) -> Iterator[Fault]:
        """I3: nobody gets it twice, but for a fault that excuses it."""
        if notification.twice or notification.name in self.excused:
            return
        for address in notification.addresses:
            if self._destinations.accepted[notification.name, address] > 1:
                name = notification.name
                yield Fault(f"I3: {name} came twice to {address}", (name,))

    def _overtaken(
        self, notifications: Iterable[Published], *, chats: bool = False
    ) -> Iterator[Fault]:
        """I4: they arrive in their order, until one of them is put aside.

        Those of one key do so everywhere, in a chat all of a partition but the urgent ones.
        """
        latest: dict[str, tuple[float, str]] = {}
        for notification in notifications:
            name = notification.name
            if notification.twice or self._is_deferred(name):
                continue
            for address in notification.addresses:
                at = self._destinations.answered.get((name, address))
                if at is None or (chats and address not in CHATS):
                    continue
                before, ahead = latest.get(address, (at, name))
                if at < before:
                    yield Fault(f"I4: {name} came before {ahead} to {address}", (name, ahead))
                latest[address] = at, name


def _settled_by(offset: int, metadata: str) -> Callable[[int], bool]:
    """Return what says whether an offset is settled by a commit; it is asked in rising order."""
    committed = read_commit(offset, metadata)
    ledger = Ledger(offset, committed.settled if committed else None)
    return lambda each: each < offset or ledger.passes_over(each)
