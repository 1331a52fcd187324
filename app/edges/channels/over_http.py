"""What all channels have in common that POST JSON to a URL."""

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from app.edges.channels.answers import allowance, failure
from app.edges.channels.base import Attempt, Channel, Then
from app.edges.http import HttpAnswer, HttpPort
from app.values.delivery import Delivery, Target
from app.values.errors import NotifierError
from app.values.note import Note
from app.values.outcome import Answer, Delivered, Outcome

_MOST_KNOWN = 256


class HttpRequest(NamedTuple):
    """One request.

    Attributes:
        url: Secret.
        body: The JSON text.
        headers: Beside those that every request has.
    """

    url: str
    body: bytes
    headers: Mapping[str, str]


class HttpChannel(Channel):
    """Makes one request of deliveries, and reads what its answer means for all of them.

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
        self._known: dict[int, tuple[HttpAnswer, Answer]] = {}

    @abstractmethod
    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """Return the request for deliveries to one destination, at ``now`` since the epoch."""

    @abstractmethod
    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """Return what an answer means.

        If it means that a request was accepted, it means that whoever is told, and whenever.

        Args:
            answer: Anything at all.
            now: Seconds since the epoch.
            target: The webhook; neither its URL nor what lets requests in must be shown.
        """

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """Return what is not told of a notification, or not as it was written."""
        del delivery
        return ()

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """See ``Channel.begin``."""
        url, body, headers = self.request(deliveries, self._clock())
        told = partial(self._told, deliveries, then)
        return self._http.begin(url, body, headers, self._timeout, told)

    def _told(
        self, deliveries: Sequence[Delivery], then: Then, result: HttpAnswer | Exception
    ) -> None:
        try:
            answer = self._known_answer(deliveries, result) or self._read(deliveries, result)
        except Exception as error:  # noqa: BLE001 - the attempt ends, whatever a channel trips over
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
        if isinstance(result, HttpAnswer) and _is_plain(answer):
            self._remember(result, answer)
        return answer

    def _known_answer(
        self, deliveries: Sequence[Delivery], result: HttpAnswer | Exception
    ) -> Answer | None:
        """Return what the very same answer meant before, if nothing more is to be said."""
        known = self._known.get(id(result))
        if known is None or known[0] is not result or len(deliveries) > 1:
            return None
        is_plain = len(deliveries[0].targets) == 1 and not self.notes(deliveries[0])
        return known[1] if is_plain else None

    def _remember(self, result: HttpAnswer, answer: Answer) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[id(result)] = result, answer


def _is_plain(answer: Answer) -> bool:
    """Say whether one target accepted it, and that is all: nothing is said about limits."""
    if answer.allowance is not None or answer.notes or len(answer.outcomes) != 1:
        return False
    (outcomes,) = answer.outcomes
    return len(outcomes) == 1 and isinstance(outcomes[0], Delivered)
