"""Whatever notifications go to: destinations with moods, and what they have accepted."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random

from app.values.delivery import Delivery
from app.values.outcome import (
    Allowance,
    Answer,
    Delivered,
    Denied,
    Gone,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
)
from tests.support.simulation.loop import now

HOOKS = tuple(f"http://hooks.example/{name}" for name in "abc")
CHATS = tuple(f"http://chat.example/api/webhooks/{number}/token" for number in (1, 2))
MAIL_SERVER = "smtp://mail:25"
READERS = ("a@mail.example", "b@mail.example", "c@mail.example")
ADDRESSES = (*HOOKS, *CHATS, MAIL_SERVER)
FINE = "fine"
MOODS = (FINE, FINE, "slow", "hung", "failing", "flaky", "picky", "limited", "denied")
LAST_MOOD = "gone"
"""Rarer than the others: whatever is sent there is given up."""


class Destinations:
    """Every destination there is."""

    def __init__(self, chance: Random) -> None:
        self.moods = dict.fromkeys(ADDRESSES, FINE)  # how each of them answers, by address
        # how often each target accepted each notification, by message id and target
        self.accepted: Counter[tuple[str, str]] = Counter()
        # when a target answered for good about a notification, for the first time
        self.answered: dict[tuple[str, str], float] = {}
        self._chance = chance

    def heal(self) -> None:
        """Let all of them accept whatever comes."""
        self.moods = dict.fromkeys(ADDRESSES, FINE)

    async def answer(self, deliveries: Sequence[Delivery]) -> Answer:
        """Take a request; what is accepted is accepted when the answer goes out."""
        address = deliveries[0].destination.address
        mood = self.moods[address]
        await asyncio.sleep(self._duration(mood))
        outcomes = self._outcomes(mood, deliveries)
        for each, told in zip(deliveries, outcomes, strict=True):
            for target, outcome in zip(each.targets, told, strict=True):
                self._book(each.notification.message_id or "", target.address, outcome)
        allowance = None
        if address in CHATS:
            allowance = Allowance(5, self._chance.randrange(5), self._chance.random() * 2)
        return Answer(outcomes, allowance)

    def _duration(self, mood: str) -> float:
        if mood == "slow":
            return self._chance.uniform(0.5, 4.0)
        return 10.0 if mood == "hung" else self._chance.random() * 0.1

    def _outcomes(
        self, mood: str, deliveries: Sequence[Delivery]
    ) -> tuple[tuple[Outcome, ...], ...]:
        merged = len(deliveries) > 1
        whole = self._outcome_of_all(mood, merged=merged)
        outcomes = tuple(
            tuple(whole or self._outcome_of_one(mood) for _ in each.targets) for each in deliveries
        )
        if merged and any(isinstance(each, Retry) for told in outcomes for each in told):
            return tuple((Retry("HTTP 500"),) for _ in deliveries)
        return outcomes

    def _outcome_of_all(self, mood: str, *, merged: bool) -> Outcome | None:
        """Return the one answer to everything in a request, or None where each gets its own."""
        after = self._chance.choice((None, 0.0, 2.0, 90.0))
        answers: dict[str, Outcome] = {
            "hung": Retry("no answer"),
            "failing": Retry("HTTP 503", after=after or None),
            "limited": RateLimited("HTTP 429", after=after),
            "denied": Denied("HTTP 403"),
            "gone": Gone("HTTP 410"),
        }
        if mood == "picky" and merged:
            return Rejected("HTTP 400")
        return answers.get(mood)

    def _outcome_of_one(self, mood: str) -> Outcome:
        roll = self._chance.random()
        if mood == "flaky" and roll < 0.6:
            return Retry("HTTP 500")
        if mood == "picky" and roll < 0.3:
            return Rejected("HTTP 400")
        return Delivered()

    def _book(self, message_id: str, target: str, outcome: Outcome) -> None:
        name = message_id, target
        self.accepted[name] += isinstance(outcome, Delivered)
        if isinstance(outcome, Delivered | Rejected | Gone):
            self.answered.setdefault(name, now())
