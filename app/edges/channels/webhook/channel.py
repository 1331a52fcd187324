"""Webhooks of any service that takes the Standard Webhooks form."""

import time
from collections.abc import Callable, Sequence

from app.edges.channels.answers import allowance, failure, judge, quote_body
from app.edges.channels.base import Channel
from app.edges.channels.webhook.payload import encode, headers, left_out
from app.edges.http import HttpAnswer, HttpPort
from app.policies.headers.identifiers import webhook_id
from app.values.delivery import Delivery, Target
from app.values.errors import NotifierError
from app.values.outcome import Answer, Outcome


class WebhookChannel(Channel):
    """Posts notifications as Standard Webhooks.

    Args:
        http: Sends the requests.
        timeout: Seconds for one attempt as a whole.
        signing_keys: Sign the requests; without any they are not signed.
        clock: Seconds since the epoch.
    """

    name = "webhook"

    def __init__(
        self,
        http: HttpPort,
        timeout: float,
        signing_keys: Sequence[bytes] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._timeout = timeout
        self._keys = signing_keys
        self._clock = clock

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """See ``Channel.send``."""
        (delivery,) = deliveries
        target = delivery.targets[0]
        now = self._clock()
        body = encode(delivery.notification, now)
        message = webhook_id(delivery.source, delivery.digest, target.address)
        said = None
        outcome: Outcome
        try:
            answer = await self._http.post(
                target.address,
                body,
                {**dict(target.access.headers), **headers(message, now, body, self._keys)},
                self._timeout,
            )
        except NotifierError as error:
            outcome = failure(error)
        else:
            outcome = classify(answer, self._clock(), target)
            said = allowance(answer.headers, self._clock())
        notes = left_out(delivery.notification)
        return Answer(((outcome,) * len(delivery.targets),), said, (notes,) if notes else ())


def classify(answer: HttpAnswer, now: float, target: Target) -> Outcome:
    """Return what an answer means.

    Args:
        answer: Anything at all.
        now: Seconds since the epoch.
        target: The webhook; neither its URL nor what lets requests in must be shown.
    """
    said = "" if 200 <= answer.status < 300 else quote_body(answer, target)
    return judge(answer, said, now)
