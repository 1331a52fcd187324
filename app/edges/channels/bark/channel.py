"""Bark."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from app.edges.channels.bark.address import place_of
from app.edges.channels.bark.answers import classify
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.texts import Said, TextChannel, TextForm
from app.edges.http import HttpAnswer
from app.policies.headers.identifiers import webhook_id
from app.policies.texts.dialects import Dialect
from app.policies.texts.units import json_length
from app.values.delivery import Delivery, Target
from app.values.notification import Priority
from app.values.outcome import Outcome

LIMIT = 2600
"""Bytes of a text as JSON writes them. Apple takes 4,096 for everything together."""
MAX_TITLE = 100
_LEVELS = {
    Priority.LOW: "passive",
    Priority.NORMAL: "active",
    Priority.HIGH: "timeSensitive",
    Priority.URGENT: "critical",
}
_ID_LENGTH = 32


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    device_key: str
    body: str
    level: str
    id: str
    title: str = ""
    url: str = ""


class BarkText(Dialect):
    """Plain text, counted as it goes to Apple."""

    def length(self, written: str) -> int:
        """See ``Dialect.length``."""
        return json_length(written)


FORM: Final = TextForm(BarkText(), BarkText(), LIMIT, title=MAX_TITLE)
_encoder = msgspec.json.Encoder()


class BarkChannel(TextChannel):
    """Pushes to iPhones.

    A push that is repeated because its answer was lost has the same id, and so replaces the first.
    """

    name = "bark"
    form = FORM

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        made = super().request(deliveries, now)
        names = (webhook_id(each.source, each.digest, made.url) for each in deliveries)
        told = hashlib.sha256("\n".join(names).encode()).hexdigest()[:_ID_LENGTH]
        body = msgspec.json.decode(made.body, type=_Body)
        body = replace(body, id=told)
        return replace(made, body=_encoder.encode(body))

    def post(self, said: Said, target: Target, now: float) -> HttpRequest:
        """See ``TextChannel.post``."""
        del now
        place = place_of(target.address)
        url = said.url if len(said.url) <= MAX_URL else ""
        body = _Body(place.key, said.text, _LEVELS[said.priority], "", said.title, url)
        return json_request(target, body, place.url)

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        return classify(answer, now, target)


MAX_URL = 500
