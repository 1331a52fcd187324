"""Destinations, looked after by operators."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.engine.addresses import Addresses
from app.engine.control import board as board_module
from app.engine.control import destination_test
from app.engine.control.board import Board
from app.engine.control.destination_test import DestinationTest
from app.engine.control.destinations import DestinationDesk
from app.engine.control.known_destinations import KnownDestinations
from app.engine.inflight.item import Item
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.turn import Turn
from app.policies.books.pauses import destination_id
from app.policies.limits.retry import RetryPolicy
from app.policies.routing import Defaults
from app.values.delivery import Destination
from app.values.destinations import DestinationSort
from app.values.errors import KafkaUnavailableError, UnknownDestinationError, UntestableError
from app.values.outcome import Denied, Outcome, RateLimited, Rejected, Retry
from app.values.snapshot import AttemptStatus, DestinationState
from tests.support.channels import KNOWN
from tests.support.control import CONTROL, ControlTopic, ControlWriter
from tests.support.engine import (
    PARTITION,
    ScriptedChannel,
    SkewedClock,
    assignment,
    delivery,
    item,
    notification,
    observer,
    until,
)

RECIPIENTS = """
users:
  trader-001:
    name: Day trader
    contacts:
      - {type: webhook, address: "https://hooks.example/a"}
  quiet-one:
    contacts:
      - {type: webhook, address: "https://hooks.example/b", name: risk room,
         headers: {Authorization: "Bearer of-good-news"}}
      - {type: webhook, address: "https://hooks.example/a"}
      - {type: email, address: "quiet@example.com"}
"""


def hook(name: str) -> Destination:
    """Return a webhook."""
    return Destination(
        "webhook", f"https://hooks.example/{name}", KNOWN.redact(f"https://hooks.example/{name}")
    )


MAIL = Destination("email", "smtp://mail.example:25", "smtp://mail.example:25")


class Stage:
    """A desk with everything around it."""

    def __init__(self, folder: Path) -> None:
        file = folder / "recipients.yaml"
        file.write_text(RECIPIENTS)
        self.clock = SkewedClock()
        self.topic = ControlTopic()
        self.topic.now = self.clock.now()
        self.writer = ControlWriter(self.topic)
        self.board = Board("group", self.clock, lambda: self.topic)
        self.observer = observer(self.clock)
        self.assignment = assignment()
        self.channel = ScriptedChannel()
        self.finished: list[Item] = []
        turn = Turn(self.observer)
        turn.settle = self.finished.append
        self.dispatcher = Dispatcher(
            {"webhook": self.channel, "email": self.channel},
            {"webhook": 4, "email": 4},
            RetryPolicy(1, 0.01, 0.01, 86_400.0),
            self.clock,
            self.observer,
            self.assignment,
            window=Window(1000),
            turn=turn,
            pause_of=self.board.pause_of,
        )
        self.board.on_pauses = self.dispatcher.keep_to_pauses
        self.addresses = Addresses(file, None, Defaults(smtp=MAIL.address), KNOWN)
        self.desk = DestinationDesk(
            KnownDestinations(
                self.dispatcher, self.observer.statistics, self.board, self.addresses, self.clock
            ),
            DestinationTest(
                self.dispatcher,
                {"webhook": self.channel, "email": self.channel},
                self.addresses,
                self.clock,
            ),
            self.board,
            self.writer,  # type: ignore[arg-type]  # stands for the producer
            CONTROL.topic,
            "group",
            self.clock,
        )
        self._offset = 0

    def put(self, to: Destination, text: str = "text") -> None:
        """Submit one notification."""
        told = notification(text)
        made = item(told, self.assignment[PARTITION], offset=self._offset)
        self._offset += 1
        each = delivery(told, destination=to)
        target = each.targets[0]
        address = to.address if to is not MAIL else "somebody@example.com"
        target = type(target)(to.channel, address, to.label)
        self.dispatcher.submit(made, [type(each)(told, to, (target,), each.source, each.digest)])

    async def sent(self, to: Destination, *answers: Outcome) -> None:
        """Send one notification after the other, each answered so."""
        for answer in answers or (None,):
            self.channel._answers = [] if answer is None else [[answer]]
            self.put(to)
            count = len(self.finished) + 1
            await until(lambda count=count: len(self.finished) >= count)  # type: ignore[misc]


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A desk whose board is followed."""
    monkeypatch.setattr(board_module, "WAIT", 0.01)
    made = Stage(tmp_path)
    following = asyncio.create_task(made.board.run())
    yield made
    made.dispatcher.close()
    following.cancel()
    await asyncio.wait((following,))


async def test_a_destination_is_shown_as_it_is(stage: Stage) -> None:
    """By the name of whom it reaches, with what it has said."""
    await stage.sent(hook("b"), Rejected("HTTP 400"), Rejected("HTTP 404"))
    await stage.sent(hook("b"))
    shown = await stage.desk.get(destination_id(hook("b")))
    assert (shown.channel, shown.label, shown.name) == (
        "webhook",
        hook("b").label,
        "risk room (quiet-one)",
    )
    assert (shown.state, shown.until, shown.paused_by) == (DestinationState.OPEN, None, None)
    assert (shown.messages_sent, shown.messages_failed) == (1, 2)
    assert (shown.attempts_last_hour, shown.success_rate_last_hour) == (3, 1 / 3)
    assert shown.last_error == "HTTP 404"
    assert shown.last_success_time is not None
    assert "hooks.example/b" not in shown.label


async def test_what_waits_is_shown_with_its_age(stage: Stage) -> None:
    """And what is under way."""
    stage.channel.gate = asyncio.Event()
    for _ in range(6):
        stage.put(hook("a"))
    await stage.channel.arrived(1)
    shown = await stage.desk.get(destination_id(hook("a")))
    assert shown.waiting + shown.in_flight == 6
    assert shown.oldest_waiting is not None
    stage.channel.gate.set()


async def test_what_was_put_aside_is_counted(stage: Stage) -> None:
    """For a pause and for an answer that defers it; also when nobody has used it for long."""
    identity = destination_id(hook("a"))
    await stage.sent(hook("a"), Denied("HTTP 403", certain=True))
    assert (await stage.desk.get(identity)).messages_deferred == 1
    await stage.desk.pause(identity, "alice")
    await until(lambda: stage.board.pause_of(identity) is not None)
    stage.put(hook("a"))
    stage.put(hook("a"))
    await until(lambda: len(stage.finished) == 3)
    assert (await stage.desk.get(identity)).messages_deferred == 3
    stage.dispatcher.close()
    assert (await stage.desk.get(identity)).messages_deferred == 3


async def test_names_are_of_everybody_whom_it_reaches(stage: Stage, tmp_path: Path) -> None:
    """The file's, and anew when it is read anew; a mail server has none."""
    await stage.sent(hook("a"))
    await stage.sent(MAIL)
    page = await stage.desk.page(sort=DestinationSort.NAME)
    assert [each.name for each in page.destinations] == ["Day trader, quiet-one", None]
    contact = 'contacts: [{type: webhook, address: "https://hooks.example/a"}]'
    users = "\n".join(f"  u{number}: {{{contact}}}" for number in range(5))
    (tmp_path / "recipients.yaml").write_text(f"users:\n{users}\n")
    stage.addresses.reload()
    assert (await stage.desk.get(destination_id(hook("a")))).name == "u0, u1, u2, …"


async def test_the_worst_come_first(stage: Stage) -> None:
    """By state, then by what was refused within the hour; others as they are asked for."""
    await stage.sent(hook("well"))
    await stage.sent(hook("well"))
    await stage.sent(hook("poor"), Rejected("HTTP 400"))
    await stage.sent(hook("denied"), Denied("HTTP 403", certain=True))
    await stage.sent(hook("limited"), RateLimited("HTTP 429", after=0.01))
    await stage.sent(hook("held"))
    await stage.desk.pause(destination_id(hook("held")), "alice")
    order = {
        destination_id(hook(name)): name for name in ("well", "poor", "denied", "limited", "held")
    }

    async def names(sort: DestinationSort) -> list[str]:
        page = await stage.desk.page(sort=sort)
        return [order[each.id] for each in page.destinations]

    worst = await names(DestinationSort.WORST)
    assert worst[:2] == ["denied", "held"]
    assert worst.index("poor") < worst.index("well")
    assert (await names(DestinationSort.SENT))[0] == "well"
    assert (await names(DestinationSort.FAILED))[0] == "poor"
    assert (await names(DestinationSort.RECENT))[0] == "held"
    assert len(await names(DestinationSort.WAITING)) == 5


async def test_they_are_searched_and_shown_some_at_a_time(stage: Stage) -> None:
    """By name, address, error and state; the cursor leads on."""
    for name in ("a", "b", "c"):
        await stage.sent(hook(name), Rejected(f"HTTP 40{name}"))
    first = await stage.desk.page(limit=2)
    assert (len(first.destinations), first.total, first.next_cursor) == (2, 3, 2)
    last = await stage.desk.page(limit=2, cursor=2)
    assert (len(last.destinations), last.next_cursor) == (1, None)
    assert {each.id for each in (*first.destinations, *last.destinations)} == {
        destination_id(hook(name)) for name in ("a", "b", "c")
    }
    for query, name in (("DAY TRADER", "a"), ("risk", "b"), ("http 40c", "c")):
        found = await stage.desk.page(query=query)
        assert [each.id for each in found.destinations] == [destination_id(hook(name))]
    assert (await stage.desk.page(state=DestinationState.BROKEN)).total == 0
    assert (await stage.desk.page(state=DestinationState.OPEN)).total == 3


async def test_one_that_nobody_has_used_for_long_is_still_known(stage: Stage) -> None:
    """By its counts, and as paused by what an operator has said."""
    await stage.sent(hook("a"), Rejected("HTTP 400"))
    stage.dispatcher.close()
    shown = await stage.desk.get(destination_id(hook("a")))
    assert (shown.state, shown.waiting, shown.last_error) == (
        DestinationState.OPEN,
        0,
        "HTTP 400",
    )
    await stage.desk.pause(shown.id, "alice")
    stage.observer.statistics.destinations.clear()
    shown = await stage.desk.get(shown.id)
    assert (shown.state, shown.label) == (DestinationState.PAUSED, hook("a").label)
    with pytest.raises(UntestableError, match="does not know its address"):
        await stage.desk.test(shown.id, "alice")
    resumed = await stage.desk.resume(shown.id, "alice")
    assert resumed.state is DestinationState.OPEN
    with pytest.raises(UnknownDestinationError):
        await stage.desk.get(shown.id)


async def test_a_pause_is_written_down_before_it_is_answered(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Who did it is known; a second one changes nothing."""
    caplog.set_level(logging.INFO)
    await stage.sent(hook("a"))
    identity = destination_id(hook("a"))
    paused = await stage.desk.pause(identity, "alice")
    assert (paused.state, paused.paused_by) == (DestinationState.PAUSED, "alice")
    assert paused.paused_at is not None
    again = await stage.desk.pause(identity, "bob")
    assert (again.paused_by, len(stage.topic.records)) == ("alice", 1)
    stage.put(hook("a"), "held")
    await until(lambda: len(stage.finished) == 2)
    assert stage.channel.contents == ["text"]
    resumed = await stage.desk.resume(identity, "bob")
    assert (resumed.state, resumed.paused_by) == (DestinationState.OPEN, None)
    stage.put(hook("a"), "goes")
    await until(lambda: stage.channel.contents == ["text", "goes"])
    said = [each for each in caplog.messages if hook("a").label in each]
    assert [each.split(" was ")[-1] for each in said] == ["paused by alice", "resumed by bob"]


async def test_what_kafka_does_not_take_is_not_so(stage: Stage) -> None:
    """Nobody is told that a destination is paused which is not, elsewhere."""
    await stage.sent(hook("a"))
    stage.writer.failure = KafkaUnavailableError("away")
    with pytest.raises(KafkaUnavailableError):
        await stage.desk.pause(destination_id(hook("a")), "alice")
    assert (await stage.desk.get(destination_id(hook("a")))).state is DestinationState.OPEN


async def test_an_unknown_one_is_refused(stage: Stage) -> None:
    """Whatever is to be done with it."""
    for act in (stage.desk.pause, stage.desk.resume, stage.desk.test):
        with pytest.raises(UnknownDestinationError, match="knows no destination 'nowhere'"):
            await act("nowhere", "alice")


async def test_those_that_are_known_are_known_by_the_address_that_is_shown(stage: Stage) -> None:
    """By their counts, and as paused by what an operator has said."""
    await stage.sent(hook("a"))
    stage.dispatcher.close()
    stage.desk.check_label(hook("a").label)
    identity = destination_id(hook("a"))
    await stage.desk.pause(identity, "alice")
    await until(lambda: stage.board.pause_of(identity) is not None)
    stage.observer.statistics.destinations.clear()
    stage.desk.check_label(hook("a").label)
    with pytest.raises(UnknownDestinationError, match="knows no destination 'nowhere'"):
        stage.desk.check_label("nowhere")


async def test_a_test_goes_straight_there_and_counts_for_nothing(stage: Stage) -> None:
    """Also while it is paused, with the credentials that the last notification had."""
    await stage.sent(hook("b"))
    identity = destination_id(hook("b"))
    await stage.desk.pause(identity, "alice")
    answer = await stage.desk.test(identity, "alice")
    assert (answer.accepted, answer.status, answer.said) == (True, AttemptStatus.DELIVERED, None)
    assert answer.duration is not None
    assert answer.destination.state is DestinationState.PAUSED
    assert "sent by alice" in stage.channel.contents[-1]
    assert (answer.destination.messages_sent, answer.destination.attempts_last_hour) == (1, 1)
    assert len(stage.observer.attempts.page().deliveries) == 1


async def test_a_test_of_one_that_is_not_in_use_has_its_contacts_credentials(stage: Stage) -> None:
    """As the recipients file has them."""
    await stage.sent(hook("b"))
    stage.dispatcher.close()
    answer = await stage.desk.test(destination_id(hook("b")), "alice")
    assert answer.accepted
    (target,) = stage.channel.sent[-1].targets
    assert target.access.headers == (("Authorization", "Bearer of-good-news"),)


async def test_a_test_says_what_the_destination_said(stage: Stage) -> None:
    """And learns from it: a broken one that accepts it is well again."""
    await stage.sent(hook("a"), Denied("HTTP 403", certain=True))
    identity = destination_id(hook("a"))
    assert (await stage.desk.get(identity)).state is DestinationState.DENIED
    stage.channel._answers = [[Rejected("HTTP 400 no such chat")]]
    answer = await stage.desk.test(identity, "alice")
    assert (answer.accepted, answer.status) == (False, AttemptStatus.REJECTED)
    assert answer.said == "HTTP 400 no such chat"
    stage.channel._answers = [[Retry("HTTP 500")]]
    assert (await stage.desk.test(identity, "alice")).status is AttemptStatus.RETRY
    answer = await stage.desk.test(identity, "alice")
    assert answer.accepted
    assert answer.destination.state is DestinationState.OPEN


async def test_a_test_keeps_to_the_destinations_limits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request too many may cost ten minutes."""
    monkeypatch.setattr(destination_test, "PATIENCE", 0.01)
    await stage.sent(hook("a"))
    next(iter(stage.dispatcher)).hold(stage.clock.monotonic() + 60)
    answer = await stage.desk.test(destination_id(hook("a")), "alice")
    assert (answer.accepted, answer.status, answer.duration) == (
        False,
        AttemptStatus.RATE_LIMITED,
        None,
    )
    assert len(stage.channel.sent) == 1


async def test_a_test_of_a_worker_that_starts_anew_says_so(stage: Stage) -> None:
    """Its lanes are closed meanwhile."""
    await stage.sent(hook("a"))
    next(iter(stage.dispatcher)).hold(stage.clock.monotonic() + 60)
    testing = asyncio.create_task(stage.desk.test(destination_id(hook("a")), "alice"))
    lane = next(iter(stage.dispatcher))
    await until(lambda: bool(lane.asides.waiting))
    stage.dispatcher.close()
    answer = await testing
    assert (answer.accepted, answer.said) == (False, "the worker is restarting")


async def test_a_mail_server_is_tested_by_a_mail_to_the_default_address_alone(stage: Stage) -> None:
    """Nobody gets a test who only happened to be the last one."""
    await stage.sent(MAIL)
    with pytest.raises(UntestableError, match="no default destination"):
        await stage.desk.test(destination_id(MAIL), "alice")
    stage.addresses.defaults = Defaults(smtp=MAIL.address, email_to=("ops@example.com",))
    assert (await stage.desk.test(destination_id(MAIL), "alice")).accepted
    (target,) = stage.channel.sent[-1].targets
    assert target.address == "ops@example.com"
