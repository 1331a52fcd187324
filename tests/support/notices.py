"""A worker as the operator's notices see it, on a clock that the test sets."""

from collections.abc import Sequence

from app.engine.addresses import Addresses
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.notices.exchange import Exchange
from app.engine.notices.notices import Notices
from app.engine.notices.post import Sender
from app.engine.notices.watch import Watch
from app.engine.tasks import Tasks
from app.engine.turn import Turn
from app.policies.limits.retry import RetryPolicy
from app.policies.routing import Defaults
from app.policies.service.health import Signs
from app.policies.service.notices import Rules
from app.values.delivery import Destination
from app.values.outcome import Answer, Delivered, Outcome
from app.values.snapshot import Status
from tests.support.channels import KNOWN
from tests.support.engine import (
    ScriptedChannel,
    SkewedClock,
    assignment,
    observer,
    until,
)

DAY = 86_400.0
RULES = Rules(after=300.0, every=3600.0)
OPERATOR = "https://ops.example/hook?token=secret-of-the-operator"
HOOK = Destination("webhook", "https://hooks.example/a", "https://hooks.example/***#a")
RUNNING = Signs(status=Status.RUNNING)
AWAY = Signs(status=Status.STARTING, start_error="refused")


class Bench:
    """Notices about one worker, which the test sets; they go to a scripted channel.

    Args:
        name: The worker's.
        addresses: The operator's.
        exchange: What the group's workers tell each other.
    """

    def __init__(
        self,
        name: str = "host:1",
        addresses: Sequence[str] = (OPERATOR,),
        exchange: Exchange | None = None,
        clock: SkewedClock | None = None,
    ) -> None:
        self.clock = clock or SkewedClock()
        self.health = RUNNING  # the signs of the worker's health
        self.joined = self.speaks = True
        self.in_flight = 7
        self.observer = observer(self.clock)
        self.channel = ScriptedChannel()
        self.mails = ScriptedChannel()
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        self.dispatcher = Dispatcher(
            {"webhook": self.channel, "email": self.mails},
            {"webhook": 1, "email": 1},
            RetryPolicy(3, 0.01, 0.01, DAY),
            self.clock,
            self.observer,
            assignment(),
            window=Window(1000),
            turn=Turn(self.observer),
        )
        self.sender = Sender(
            {"webhook": self.channel, "email": self.mails},
            self.dispatcher,
            Addresses(None, None, Defaults(smtp="smtp://mail.example:25"), KNOWN),
            self.clock,
            self.observer.metrics,
            group="group",
            worker=name,
            translate=str,
        )
        self.notices = Notices(
            Watch(self, name, "notifications.dlq", self.observer, self.clock, RULES),
            addresses,
            self.sender,
            exchange,
            RULES,
            self.clock,
            self.observer,
            spawn=self.tasks.spawn,
        )

    def signs(self) -> Signs:
        """Return what the test has set."""
        return self.health

    async def look(self, later: float = 0.0) -> None:
        """Let time pass, look, and let what is told be told."""
        self.clock.let_pass(later)
        await self.notices.look()
        await until(lambda: len(self.tasks) == 0)
        assert not self.failures

    def answer(self, outcome: Outcome, times: int = 1) -> None:
        """Let the destination that is watched have answered."""
        lane = self.dispatcher.lane(HOOK)
        for _ in range(times):
            number = lane._gate.begin(self.clock.monotonic())
            lane._answers.learn(number, Answer(((outcome,),)), self.clock.monotonic(), None)

    def mend(self) -> None:
        """Let it accept something."""
        self.answer(Delivered())

    @property
    def told(self) -> list[str]:
        """What the operator was asked to take, newest last."""
        return self.channel.contents
