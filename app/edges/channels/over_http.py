"""What the channels share that POST JSON to a URL."""

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import msgspec

from app.edges.channels.answers import allowance, failure
from app.edges.channels.base import Attempt, Channel, Then
from app.edges.http import HttpAnswer, HttpPort
from app.values.delivery import Delivery, Target
from app.values.errors import NotifierError
from app.values.note import Note
from app.values.outcome import PLAIN_YES, Answer, Outcome

_MOST_KNOWN = 256


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """One request."""

    url: str  # secret
    body: bytes  # the JSON text
    headers: Mapping[str, str]


_encoder = msgspec.json.Encoder()


def json_request(
    target: Target,
    body: object,
    url: str | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> HttpRequest:
    """Return the request that posts a value as JSON.

    Args:
        target: Whom it is for. What lets requests in goes into the headers, before all others.
        url: Where to post, if that is not the target's address.
    """
    return HttpRequest(
        url or target.address, _encoder.encode(body), {**headers, **dict(target.access.headers)}
    )


class HttpChannel(Channel):
    """Makes one request of deliveries, and turns its answer into their outcomes.

    Args:
        http: Sends the requests.
        timeout: Seconds for one attempt as a whole.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, http: HttpPort, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._http = http
        self._timeout = timeout
        self._clock = clock
        self._known: dict[int, HttpAnswer] = {}  # answers that mean success, and nothing else

    @abstractmethod
    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """Return the request for deliveries to one destination, at ``now`` since the epoch."""

    @abstractmethod
    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """Return the outcome that an answer stands for.

        If an answer means success, it does so for every target, and at any time.

        Args:
            answer: May be malformed.
            now: Seconds since the epoch.
            target: The webhook; neither its URL nor what lets requests in must be shown.
        """

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """Return what was left out of a notification, or changed."""
        del delivery
        return ()

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """See ``Channel.begin``."""
        return self.begin_request(self.request(deliveries, self._clock()), deliveries, then)

    def begin_request(
        self, made: HttpRequest, deliveries: Sequence[Delivery], then: Then
    ) -> Attempt:
        """Make a request of deliveries; see ``Channel.begin``."""
        told = partial(self._told, deliveries, then)
        return self._http.begin(made.url, made.body, made.headers, self._timeout, told)

    def _told(
        self, deliveries: Sequence[Delivery], then: Then, result: HttpAnswer | Exception
    ) -> None:
        try:
            is_known = self._known.get(id(result)) is result and self._says_all(deliveries)
            answer = PLAIN_YES if is_known else self._read(deliveries, result)
        except Exception as error:  # noqa: BLE001 - the attempt ends, whatever fails in a channel
            then(error)
        else:
            then(answer)

    def _read(self, deliveries: Sequence[Delivery], result: HttpAnswer | Exception) -> Answer:
        said = None
        if isinstance(result, HttpAnswer):
            now = self._clock()
            outcome = self.classify(result, now, deliveries[0].targets[0])
            said = allowance(result.headers, now)
        elif isinstance(result, NotifierError):
            outcome = failure(result)
        else:
            raise result
        outcomes = tuple((outcome,) * len(each.targets) for each in deliveries)
        notes = tuple(map(self.notes, deliveries))
        answer = Answer(outcomes, said, notes if any(notes) else ())
        if isinstance(result, HttpAnswer) and answer == PLAIN_YES:
            self._remember(result)
        return answer

    def _says_all(self, deliveries: Sequence[Delivery]) -> bool:
        """Say whether there is one target, and no note."""
        [delivery, *others] = deliveries
        return not others and len(delivery.targets) == 1 and not self.notes(delivery)

    def _remember(self, result: HttpAnswer) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[id(result)] = result
