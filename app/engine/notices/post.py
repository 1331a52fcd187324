"""One address of the operator, and the notices sent to it."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from app.edges.channels.base import Channel
from app.edges.metrics import Metrics
from app.engine.addresses import Addresses
from app.engine.clock import EngineClock
from app.engine.lanes.dispatch import Dispatcher
from app.engine.tasks import Spawn
from app.policies.routing import route
from app.policies.service.notices import Due, Rules, after_telling, due
from app.policies.texts.notices import notice
from app.policies.texts.plain_text import clip
from app.values.delivery import Delivery
from app.values.notice import Key, Matter, Told
from app.values.notification import Request
from app.values.outcome import Delivered

log = logging.getLogger(__name__)

FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 300.0
"""Seconds before a notice that failed is tried again."""
PATIENCE: Final = 30.0
"""Seconds that a notice waits for its turn before it is outdated."""
LONGEST_ERROR: Final = 300
_MAIL, _WEBHOOK = "email", "webhook"


class Sender:
    """What a post needs to tell anybody anything.

    Args:
        dispatcher: Whose lanes the requests go through: limits hold for them and for
            notifications together.
        addresses: The channels that there are, and the mail server.
        worker: Who tells it.
        translate: Puts a sentence into the operator's language.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        dispatcher: Dispatcher,
        addresses: Addresses,
        clock: EngineClock,
        metrics: Metrics,
        *,
        group: str,
        worker: str,
        translate: Callable[[str], str],
    ) -> None:
        self._channels = channels
        self._dispatcher = dispatcher
        self._addresses = addresses
        self._clock = clock
        self._metrics = metrics
        self._group = group
        self._worker = worker
        self._translate = translate

    def label(self, address: str) -> str:
        """Return an address of the operator's as it may be shown."""
        name, at, domain = address.rpartition("@")
        if "://" in address or not at:
            return self._addresses.channels.redact(address)
        return f"{name[:1]}***@{domain}"

    async def send(self, said: Due, request: Request) -> str | None:
        """Tell an address what is due; return why it does not know it now, or None."""
        now = self._clock.now()
        told = notice(
            said,
            request,
            group=self._group,
            worker=self._worker,
            now=now,
            translate=self._translate,
        )
        name = f"notice-{self._worker}-{now:.3f}"
        digest = sha256(f"{name}\n{told.content}".encode()).digest()
        defaults, channels = self._addresses.defaults, self._addresses.channels
        routed = route(told, defaults, channels, source=name, digest=digest)
        errors = [error for _, error in routed.unroutable]
        for delivery in () if errors else routed.deliveries:
            errors += await self._deliver(delivery)
        self._metrics.count_notice(accepted=not errors)
        return clip(errors[0], LONGEST_ERROR) if errors else None

    async def _deliver(self, delivery: Delivery) -> list[str]:
        """Make one request as soon as the destination may be asked; return what went wrong."""
        lane = self._dispatcher.lane(delivery.destination)
        channel = self._channels[delivery.destination.channel]
        try:
            answer = await lane.asides.ask(channel, delivery, PATIENCE)
        except TimeoutError:
            return [f"it may not be asked now: {lane.last_error or lane.state()[0].value}"]
        if answer is None:
            return ["the worker is restarting"]
        told = [outcome for outcomes in answer.outcomes for outcome in outcomes]
        return [each.error for each in told if not isinstance(each, Delivered)]


class Post:
    """Tells one address, again until it is accepted; it is asked one thing at a time.

    Args:
        address: A URL or a mail address; secret.
        on_told: Called when it was told something about the group.
    """

    def __init__(
        self,
        address: str,
        rules: Rules,
        sender: Sender,
        clock: EngineClock,
        spawn: Spawn,
        *,
        on_told: Callable[[], None],
    ) -> None:
        # tells it from others without telling it
        self.name = sha256(address.encode()).hexdigest()[:16]
        self.told: dict[Key, Told] = {}  # what it was told of the group's matters
        self._alone: dict[Key, Told] = {}
        self._request = Request(_WEBHOOK if "://" in address else _MAIL, (address,))
        self._address = address
        self._label = sender.label(address)
        self._rules = rules
        self._sender = sender
        self._clock = clock
        self._spawn = spawn
        self._on_told = on_told
        self._busy = False
        self._failed = False
        self._wait = FIRST_WAIT
        self._not_before = 0.0

    def tell(self, alone: Iterable[Matter], group: Sequence[Matter] | None) -> None:
        """Tell it what is due, if it is not being told something now.

        Args:
            alone: What this worker says by itself.
            group: What the group's workers see; None if another one speaks for them.
        """
        if self._busy or self._clock.monotonic() < self._not_before:
            return
        now = self._clock.now()
        mine = due(alone, self._alone, now, self._rules)
        ours = Due() if group is None else due(group, self.told, now, self._rules)
        if mine or ours:
            self._busy = True
            self._spawn(self._send(mine, ours), f"tell the operator at {self._label}")

    def resume(self, told: Iterable[Told] | None) -> None:
        """Go on with what it was told by whoever spoke for the group before, if that is known."""
        if told is not None:
            self.told = {each.matter.key: each for each in told}

    async def _send(self, mine: Due, ours: Due) -> None:
        both = Due(mine.begun + ours.begun, mine.lasting + ours.lasting, mine.over + ours.over)
        error: str | None = "an error of the service's own"
        try:
            error = await self._sender.send(both, self._request)
        finally:
            self._busy = False
            self._note(error)
        if error is None:
            now = self._clock.now()
            self._alone = after_telling(self._alone, mine, now, self._rules)
            self.told = after_telling(self.told, ours, now, self._rules)
            if ours:
                self._on_told()

    def _note(self, error: str | None) -> None:
        now = self._clock.monotonic()
        if error is None:
            if self._failed:
                log.info("notices reach the operator again at %s", self._label)
            self._failed, self._wait = False, FIRST_WAIT
            self._not_before = now + self._rules.gap
            return
        log.warning(
            "a notice to the operator at %s failed, trying again in %g s: %s",
            self._label,
            self._wait,
            error.replace(self._address, self._label),
        )
        self._failed = True
        self._not_before = now + self._wait
        self._wait = min(self._wait * 2, LONGEST_WAIT)
