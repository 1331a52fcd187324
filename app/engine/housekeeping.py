"""Housekeeping: what may wait a few seconds, done again and again while a session is alive."""

from typing import Final

from app.engine.cluster.strangers import say_strangers
from app.engine.parts import Parts
from app.policies.books.pauses import paused_texts
from app.values.errors import NotifierError

FAULT_SECONDS: Final = 600.0
"""Seconds that an error of the service's own is shown after it last happened."""
FAULT: Final = (
    "{}: a fault of this service, not of Kafka or a destination. What it met is tried again;"
    " please report it with the traceback in the log"
)


class NoProgressError(NotifierError):
    """Nothing moves although it could: the session has to be restarted."""


class Housekeeping:
    """Drops what is not needed any more, and keeps the conditions true."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Run once.

        Raises:
            NoProgressError: The watchdog wants a new session.
        """
        parts = self._parts
        parts.dispatcher.drop_idle()
        parts.dispatcher.put_aside_overdue(parts.assignment.items())
        for assigned in parts.assignment:
            assigned.resumed(parts.board.pauses.resumed_on)
        await parts.addresses.learn_names()
        self._show_conditions()
        parts.pulse.beat()
        stuck = parts.pulse.stuck()
        if stuck is not None:
            raise NoProgressError(stuck)
        await parts.trimmer.trim()

    def _show_conditions(self) -> None:
        parts, conditions = self._parts, self._parts.conditions
        parts.transactions.look()
        if parts.current.session is not None:
            parts.current.session.look(parts.unreadable)
        say_strangers(parts.connection, conditions, stops_work=False)
        self._show_faults()
        trouble = parts.observer.history.trouble
        conditions.replace("history", {} if trouble is None else {"": trouble})
        spans = parts.observer.spans
        lost = None if spans is None else spans.trouble
        conditions.replace("telemetry", {} if lost is None else {"": lost})
        conditions.replace("recipients", parts.addresses.recipients.warnings)
        conditions.replace("denied", parts.dispatcher.denied())
        conditions.replace("outdated_address", parts.dispatcher.outdated())
        conditions.replace(
            "paused_destination", paused_texts(parts.board.pauses, parts.addresses.name_of)
        )

    def _show_faults(self) -> None:
        fault = self._parts.observer.last_fault
        if fault is None or self._parts.clock.monotonic() - fault[1] > FAULT_SECONDS:
            self._parts.conditions.end("internal_error")
        else:
            self._parts.conditions.begin("internal_error", FAULT.format(fault[0]))
