"""Everybody who is told something on that day: desks by webhook, chat robots, mailboxes."""

import random
import re
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from app.inbox.inbox import Inbox
from app.values.inbox import InboxCard
from tests.ledger.recorder import Mood, Recorder
from tests.support.in_thread import in_thread

DESKS = 8
NAME = re.compile(r"\bn\d+\b")
"""How a notification is known again in whatever a service shows of it."""

ROBOTS = {
    "discord": "/api/webhooks/{number}/token-of-the-risk-room",
    "feishu": "/open-apis/bot/v2/hook/token-of-the-risk-room-{number}",
    "dingtalk": "/robot/send?access_token=token-of-the-risk-room-{number}",
    "wecom": "/cgi-bin/webhook/send?key=token-of-the-risk-room-{number}",
    "telegram": "/bot{number}:token-of-the-risk-room/sendMessage?chat_id=-100{number}",
    "slack": "/services/T0{number}/B0{number}/token",
}
"""Paths by service; the stand-in tells them apart as the service does."""
A_MINUTE = {"dingtalk": 20, "wecom": 20, "feishu": 100}
"""Requests that a robot takes, by its service's own word (one robot of each)."""


class Destinations:
    """All of them, in a loop of their own."""

    def __init__(self, chance: random.Random) -> None:
        self.desks = Recorder(chance)  # webhooks of the firm's own, with moods
        # when each notification was shown where, by its name
        self.accepted: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
        # when each service's robot was asked and took it
        self.requests: defaultdict[str, deque[float]] = defaultdict(deque)
        self._inbox = Inbox(self._shown, slowness=0.5)

    async def start(self) -> None:
        """Listen on loopback."""
        await self.desks.start()
        await self._inbox.__aenter__()

    async def stop(self) -> None:
        """Stop listening."""
        await self._inbox.__aexit__(None, None, None)
        await self.desks.stop()

    @property
    def mail(self) -> tuple[str, int]:
        """Host and port of the mail server."""
        return self._inbox.smtp_address

    def robot(self, service: str) -> str:
        """Return the URL of a service's robot."""
        host, port = self._inbox.http_address
        return f"http://{host}:{port}" + ROBOTS[service].format(number=1)

    def fail(self, *, desks: list[int]) -> None:
        """Let these desks and every robot be away."""
        self.desks.moods |= {f"/{desk}": Mood.FAILING for desk in desks}
        self._inbox.behave("error")

    def heal(self) -> None:
        """Let everybody be there again."""
        self.desks.heal()
        self._inbox.behave("ok")

    def seen(self, name: str) -> list[tuple[str, float]]:
        """Return where and when a notification arrived."""
        at_desks = self.desks.accepted.get(name)
        times = at_desks.times if at_desks else ()
        return [*(("webhook", at) for at in times), *self.accepted.get(name, ())]

    def too_many(self) -> list[str]:
        """Return each robot that was asked more often in a minute than its service allows."""
        found = []
        for service, most in A_MINUTE.items():
            times = list(self.requests[service])
            worst = max((sum(at <= each < at + 60 for each in times) for at in times), default=0)
            if worst > most:
                found.append(f"{service} took {worst} requests within a minute, and allows {most}")
        return found

    def _shown(self, card: InboxCard) -> None:
        at = time.time()
        texts = (card.title or "", card.text, *(text for pair in card.fields for text in pair))
        self.requests[card.kind].append(at)
        for name in set(NAME.findall(" ".join(texts))):
            self.accepted[name].append((card.kind, at))


@contextmanager
def destinations(chance: random.Random) -> Iterator[Destinations]:
    """Run them in a thread of their own: nothing that the rest does delays them."""
    made = Destinations(chance)
    with in_thread(made):
        yield made
