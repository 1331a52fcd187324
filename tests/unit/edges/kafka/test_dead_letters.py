import asyncio
import base64
import random
from collections.abc import Callable, Mapping
from typing import Self, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.edges.kafka import dead_letters as dead_letters_module
from app.edges.kafka import paging
from app.edges.kafka.connection import Connection
from app.edges.kafka.dead_letters import LARGEST_PAGE, DeadLetters
from app.edges.kafka.log_reader import LogReader, Stretch
from app.policies.headers.records import TargetMark, written_marks
from app.policies.service.dead_letter_view import LONGEST_VALUE
from app.values.dead_letter import DeadLetter, OtherGroup
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.outcome import Reason
from app.values.record import Headers, Record, TopicPartition
from app.values.replay import EVERYTHING, Place, ReplayMark, Selection
from tests.support.topic import Topic, no_marks

EXPIRED = Selection(reason=Reason.EXPIRED)
NOWHERE = Connection("127.0.0.1:1", {"bootstrap_servers": "127.0.0.1:1"})


@pytest.fixture
def dead_letters(topic: Topic) -> DeadLetters:
    """A reader of the topic."""
    return DeadLetters(topic.connection, topic.name, no_marks)


def because(reason: Reason) -> Headers:
    """Return the header that states a reason."""
    return (("notifier.reason", reason.value.encode()),)


def values(letters: tuple[DeadLetter, ...]) -> list[str | None]:
    """Return the values of dead letters."""
    return [letter.value for letter in letters]


async def all_pages(
    dead_letters: DeadLetters, *, limit: int, wanted: Selection = EVERYTHING
) -> list[tuple[DeadLetter, ...]]:
    """Return every page, following the cursors."""
    pages = []
    cursor = None
    while True:
        page = await dead_letters.page(wanted, limit=limit, cursor=cursor)
        pages.append(page.dead_letters)
        cursor = page.next_cursor
        if cursor is None:
            return pages


async def test_the_newest_of_all_partitions_come_first(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """By time; at the same time by partition."""
    for second in range(8):
        await topic.write(b"%d" % second, partition=second % 3, second=second)
    await topic.write(b"tie", partition=3, second=7)

    page = await dead_letters.page(limit=4)

    assert values(page.dead_letters) == ["tie", "7", "6", "5"]
    assert page.next_cursor is not None
    rest = await dead_letters.page(limit=100, cursor=page.next_cursor)
    assert values(rest.dead_letters) == ["4", "3", "2", "1", "0"]
    assert rest.next_cursor is None


async def test_a_last_page_that_is_full_has_no_cursor(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """Nobody is sent to an empty page when the end is known."""
    await topic.write_many([b"0", b"1"])

    assert (await dead_letters.page(limit=2)).next_cursor is None


async def test_a_missing_or_empty_topic_has_an_empty_page(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """Before the first dead letter there is nothing wrong."""
    missing = await dead_letters.page(limit=10)
    assert (missing.dead_letters, missing.next_cursor) == ((), None)
    assert await dead_letters.get(0, 0) is None

    await topic.write_marker()
    empty = await dead_letters.page(limit=10)
    assert (empty.dead_letters, empty.next_cursor) == ((), None)


async def test_pages_hold_what_was_there_at_the_first(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """Dead letters that arrive meanwhile neither repeat nor push out older ones."""
    for number in range(6):
        await topic.write(b"%d" % number, partition=number % 2, second=number)
    first = await dead_letters.page(limit=2)

    for partition in range(3):
        await topic.write(b"late", partition=partition, second=100)
    second = await dead_letters.page(limit=2, cursor=first.next_cursor)
    third = await dead_letters.page(limit=5, cursor=second.next_cursor)

    assert values(first.dead_letters + second.dead_letters + third.dead_letters) == list("543210")
    assert third.next_cursor is None


async def test_reads_far_back_past_markers(topic: Topic, dead_letters: DeadLetters) -> None:
    """More than one span of offsets, some of which hold no record."""
    for start in range(0, 300, 60):
        await topic.write_many([b"%d" % number for number in range(start, start + 60)])
        await topic.write_marker()

    pages = await all_pages(dead_letters, limit=250)

    assert [value for page in pages for value in values(page)] == [
        str(number) for number in reversed(range(300))
    ]
    assert len(pages) == 2


async def test_a_page_has_at_most_a_thousand(topic: Topic, dead_letters: DeadLetters) -> None:
    """However many are asked for."""
    await topic.write_many([b"x"] * (LARGEST_PAGE + 1))

    pages = await all_pages(dead_letters, limit=50_000)

    assert [len(page) for page in pages] == [LARGEST_PAGE, 1]


async def test_a_page_of_large_ones_is_cut_short(topic: Topic, dead_letters: DeadLetters) -> None:
    """A page has a bounded size; the cursor goes on."""
    large = 900 * 1024
    for second in range(12):
        await topic.write(b"%d" % second + b" " * large, partition=second % 4, second=second)

    pages = await all_pages(dead_letters, limit=100)

    found = [(letter.value or "").split()[0] for page in pages for letter in page]
    assert found == [str(number) for number in reversed(range(12))]
    assert max(len(letter.value or "") for page in pages for letter in page) == LONGEST_VALUE
    assert [len(page) for page in pages] == [10, 2]
    whole = await dead_letters.get(0, 0)
    assert whole is not None
    assert len(whole.value or "") == large + 1


async def test_a_reason_is_looked_for_as_far_back_as_needed(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """Newest first again, in every partition."""
    for partition in range(3):
        await topic.write_many(
            [b"%d" % partition], partition=partition, headers=because(Reason.EXPIRED)
        )
        await topic.write_many([b"x"] * 500, partition=partition, headers=because(Reason.REJECTED))

    page = await dead_letters.page(EXPIRED, limit=2)

    assert values(page.dead_letters) == ["2", "1"]
    assert [letter.reason for letter in page.dead_letters] == ["expired"] * 2
    rest = await dead_letters.page(EXPIRED, limit=2, cursor=page.next_cursor)
    assert values(rest.dead_letters) == ["0"]
    assert rest.next_cursor is None
    nothing = await dead_letters.page(Selection(reason=Reason.INVALID), limit=2)
    assert (nothing.dead_letters, nothing.looked_at) == ((), 1503)
    assert nothing.looked_back_to == "2026-01-01T12:00:00.000+00:00"


async def test_looking_for_a_rare_reason_is_bounded(
    topic: Topic, dead_letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page looks at so many records; its cursor goes on from there."""
    monkeypatch.setattr(paging, "SCAN_LIMIT", 4000)
    await topic.write_many([b"found"], headers=because(Reason.EXPIRED))
    for _ in range(7):
        await topic.write_many([b"x"] * 1000, headers=because(Reason.REJECTED))

    pages = await all_pages(dead_letters, limit=10, wanted=EXPIRED)

    assert [values(page) for page in pages] == [[], ["found"]]


async def test_reads_at_the_same_time_wait_for_each_other(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """Memory is bounded over all callers, and each has its own answer."""
    await topic.write_many([b"0", b"1", b"2"])

    pages = await asyncio.gather(*(dead_letters.page(limit=limit) for limit in (1, 2, 3)))

    assert [values(page.dead_letters) for page in pages] == [["2"], ["2", "1"], ["2", "1", "0"]]


async def test_gets_one(topic: Topic, dead_letters: DeadLetters) -> None:
    """By the partition and offset that its id names."""
    for number in range(3):
        await topic.write(b"%d" % number, partition=1, headers=because(Reason.UNROUTABLE))
    page = await dead_letters.page(limit=1)

    letter = await dead_letters.get(1, 2)

    assert letter is not None
    assert (letter.id, letter.value, letter.reason) == ("1/2", "2", "unroutable")
    assert page.dead_letters == (letter,)


@pytest.mark.parametrize(
    ("partition", "offset"), [(0, 2), (0, -1), (0, 1), (3, 0), (4, 0), (-1, 0)]
)
async def test_gets_none_where_there_is_none(
    topic: Topic, dead_letters: DeadLetters, partition: int, offset: int
) -> None:
    """Beyond the ends, in no partition, or where a transaction ended."""
    await topic.write(b"0")
    await topic.write_marker()

    assert await dead_letters.get(partition, offset) is None


async def test_a_cursor_that_it_did_not_make_is_refused(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """Every change shows, and a cursor is good for its own topic only."""
    await topic.write_many([b"0", b"1"])
    cursor = (await dead_letters.page(limit=1)).next_cursor
    assert cursor is not None
    raw = base64.urlsafe_b64decode(cursor + "==")

    tampered = [
        "",
        "x",
        "é",
        cursor + "A",
        cursor + "==",
        cursor[:-2],
        cursor.lower() if cursor != cursor.lower() else cursor.upper(),
        f"{cursor[:4]} {cursor[4:]}",
        base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode().rstrip("="),
        base64.urlsafe_b64encode(raw[:8] + b"\xc1").decode().rstrip("="),
    ]
    for each in tampered:
        with pytest.raises(ValueError, match="not a cursor"):
            await DeadLetters(NOWHERE, topic.name, no_marks).page(limit=1, cursor=each)

    with pytest.raises(ValueError, match="not a cursor"):
        await DeadLetters(NOWHERE, "another", no_marks).page(limit=1, cursor=cursor)


async def test_a_record_that_aiokafka_cannot_decode_is_named(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """Not to be taken for a bad cursor, which is a ValueError as well."""
    await topic.write_header_name(b"\xff\xfe")

    with pytest.raises(KafkaRefusedError, match=r"a header's name is not UTF-8"):
        await dead_letters.page(limit=1)


async def test_kafka_that_is_away_is_unavailable() -> None:
    """Nothing listens there."""
    dead_letters = DeadLetters(NOWHERE, "t", no_marks, timeout=1)

    with pytest.raises(KafkaUnavailableError, match="did not hand over dead letters"):
        await dead_letters.page(limit=1)
    with pytest.raises(KafkaUnavailableError, match="did not hand over a dead letter"):
        await dead_letters.get(0, 0)


async def test_kafka_that_does_not_answer_is_unavailable_in_time() -> None:
    """Something takes the connection and says nothing; it is closed again."""
    closed = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        closed.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    connection = Connection(address, {"bootstrap_servers": address})

    async with server, asyncio.timeout(5):
        with pytest.raises(KafkaUnavailableError):
            await DeadLetters(connection, "t", no_marks, timeout=0.5).page(limit=1)
        await closed.wait()


class Log:
    """A log in memory; reads as ``LogReader`` does, holding back what is too much.

    Args:
        partitions: The offset and time of each record, ascending by offset.
        most: How many records of a range one read holds.
    """

    def __init__(self, partitions: list[list[tuple[int, float]]], most: int = 1000) -> None:
        self.partitions = partitions
        self.most = most
        self.reads = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def ranges(self) -> dict[int, range]:
        """Return ranges that begin at the first record and end after some marker."""
        return {
            number: range(records[0][0], records[-1][0] + 2) if records else range(5, 5)
            for number, records in enumerate(self.partitions)
        }

    async def read(
        self, ranges: Mapping[int, range], wanted: Callable[[Record], bool]
    ) -> dict[int, Stretch]:
        """Return the newest of the wanted records in each range."""
        self.reads += 1
        stretches = {}
        for number, offsets in ranges.items():
            found = [
                Record(TopicPartition("t", number), offset, time, None, None)
                for offset, time in self.partitions[number]
                if offset in offsets
            ]
            held = [record for record in found if wanted(record)]
            start = held[-self.most].offset if len(held) > self.most else offsets.start
            stretches[number] = Stretch(start, tuple(held[-self.most :]), len(found))
        return stretches


class OfLog(DeadLetters):
    """Dead letters read from memory."""

    def __init__(self, log: Log, timeout: float = 5.0) -> None:
        super().__init__(NOWHERE, "t", no_marks, timeout)
        self.log = log

    def _log(self) -> LogReader:
        return cast(LogReader, self.log)


@st.composite
def logs(draw: st.DrawFn) -> list[list[tuple[int, float]]]:
    """Partitions with gaps, trimmed starts, and times that may run backwards."""
    seed = random.Random(draw(st.integers()))  # hypothesis itself is slow on long lists
    steps = draw(st.sampled_from([1, 2, 40, 5000]))
    partitions = []
    for _ in range(draw(st.integers(0, 5))):
        offset = seed.randint(0, 1000)
        records = []
        for _ in range(draw(st.integers(0, 60))):
            records.append((offset, float(seed.randint(0, 100))))
            offset += seed.randint(1, steps)
        partitions.append(records)
    return partitions


@settings(max_examples=50, deadline=None)
@given(logs(), st.integers(1, 200), st.integers(1, 50))
async def test_pages_hold_every_record_once(
    partitions: list[list[tuple[int, float]]], limit: int, most: int
) -> None:
    """Whatever the gaps, the times, and how little one read can hold."""
    pages = await all_pages(OfLog(Log(partitions, most)), limit=limit)

    ids = [letter.id for page in pages for letter in page]
    assert sorted(ids) == sorted(
        f"{number}/{offset}" for number, records in enumerate(partitions) for offset, _ in records
    )
    for number, records in enumerate(partitions):
        own = [each for each in ids if each.startswith(f"{number}/")]
        assert own == [f"{number}/{offset}" for offset, _ in reversed(records)]
    assert all(len(page) == limit for page in pages[:-1] if page)


@settings(max_examples=50, deadline=None)
@given(logs(), st.integers(1, 200))
async def test_pages_are_in_order_of_time(
    partitions: list[list[tuple[int, float]]], limit: int
) -> None:
    """Where a partition's times ascend, as they do when brokers or producers stamp them."""
    ordered = [
        [(offset, time) for (offset, _), time in zip(each, sorted(t for _, t in each), strict=True)]
        for each in partitions
    ]
    pages = await all_pages(OfLog(Log(ordered)), limit=limit)

    expected = sorted(
        ((time, n, offset) for n, each in enumerate(ordered) for offset, time in each), reverse=True
    )
    ids = [letter.id for page in pages for letter in page]
    assert ids == [f"{number}/{offset}" for _, number, offset in expected]


async def test_a_late_page_goes_on_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the time-out is for looking; what was looked at by then is not looked at again."""
    monkeypatch.setattr(dead_letters_module, "MORE_THAN_WANTED", 0)
    monkeypatch.setattr(paging, "SPANS", range(10, 10))
    log = Log([[(offset, 0.0) for offset in range(30)]])

    pages = await all_pages(OfLog(log, timeout=0.000_001), limit=25)

    assert [letter.id for page in pages for letter in page] == [
        f"0/{offset}" for offset in reversed(range(30))
    ]
    assert log.reads == len(pages) > 2


async def test_a_page_reads_hardly_more_than_it_shows() -> None:
    """Of each partition a few, however many there are; more of those that have the newest."""
    even = Log([[(offset, float(offset)) for offset in range(1000)] for _ in range(12)])
    page = await OfLog(even).page(limit=5)
    assert [letter.id for letter in page.dead_letters] == [f"{n}/999" for n in range(11, 6, -1)]
    assert page.looked_at <= 12 * 10
    newest = [(offset, float(offset)) for offset in range(1000)]
    old = [(offset, -1.0) for offset in range(1000)]
    skewed = Log([newest, *[old] * 11])
    page = await OfLog(skewed).page(limit=50)
    assert [letter.id for letter in page.dead_letters] == [f"0/{999 - n}" for n in range(50)]
    assert page.looked_at <= 12 * 12 + 100


async def test_what_is_rare_is_not_looked_for_beyond_what_is_found_elsewhere() -> None:
    """A partition without any would be read to its beginning, for fear of a newer one."""
    log = Log([[(offset, float(offset)) for offset in range(5000)] for _ in range(4)])
    chosen = Selection(places=frozenset((0, offset) for offset in range(5000)))
    page = await OfLog(log).page(chosen, limit=50)
    assert [letter.id for letter in page.dead_letters] == [f"0/{4999 - n}" for n in range(50)]
    assert page.looked_at < 1000
    rest = await all_pages(OfLog(log), limit=1000, wanted=chosen)
    assert sum(map(len, rest)) == 5000


def by(group: str, target: str, error: str) -> Headers:
    """Return the headers of a dead letter that a group gave up at a target."""
    mark = TargetMark("webhook", target, "1" * 16)
    texts = {
        "notifier.reason": "rejected",
        "notifier.error": f"{target}: {error}",
        "notifier.targets.failed": written_marks([mark]).decode(),
        "notifier.group": group,
    }
    return tuple((name, text.encode()) for name, text in texts.items())


async def test_an_overview_tells_causes_and_other_groups_apart(
    topic: Topic, dead_letters: DeadLetters
) -> None:
    """The most frequent cause first; errors that differ in a number alone are one."""
    for number in range(3):
        await topic.write(
            b"%d" % number, headers=by("ours", "hook-a", f"HTTP 400: id {4711 + number}")
        )
    await topic.write(b"b", headers=by("ours", "hook-b", "HTTP 404"), partition=1, second=5)
    await topic.write(b"c", headers=by("theirs", "hook-a", "HTTP 400"), second=7)

    overview = await dead_letters.overview(Selection(group="ours"), group="ours", limit=2)

    assert values(overview.page.dead_letters) == ["b", "2"]
    assert [(each.destination, each.error, each.count) for each in overview.causes] == [
        ("webhook hook-a", "HTTP 400: id #", 3),
        ("webhook hook-b", "HTTP 404", 1),
    ]
    assert overview.page.dead_letters[1].cause == overview.causes[0].id
    assert overview.others == (OtherGroup("theirs", 1, "2026-01-01T12:00:07.000+00:00"),)
    assert overview.page.looked_at == 5
    one = Selection(causes=frozenset({overview.causes[0].id}))
    rest = await dead_letters.overview(
        one, group="ours", limit=50, cursor=overview.page.next_cursor
    )
    assert values(rest.page.dead_letters) == ["1", "0"]


async def test_marks_that_cannot_be_read_end_the_page(topic: Topic) -> None:
    """Whether something was replayed has to be known."""
    await topic.write(b"x")

    async def no_marks_today() -> Mapping[Place, ReplayMark]:
        raise KafkaUnavailableError("no broker answers")

    letters = DeadLetters(topic.connection, topic.name, no_marks_today)
    with pytest.raises(KafkaUnavailableError, match="no broker answers"):
        await letters.page(limit=1)
