"""What channels over HTTP have in common: one request, one reading of its answer."""

from collections.abc import Mapping, Sequence

import pytest

from app.edges.channels.over_http import HttpChannel, HttpRequest
from app.edges.http import HttpAnswer, HttpConnectionError, HttpRequestError, Then
from app.values.delivery import Delivery, Target
from app.values.note import Note
from app.values.outcome import PLAIN_YES, Allowance, Answer, Delivered, Outcome, Rejected, Retry
from tests.support.engine import delivery, notification

NOTE = Note("content", "shortened")


class Port:
    """An HTTP port whose answers the test gives."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, Then]] = []
        self.cancelled = 0

    def begin(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, then: Then
    ) -> "Port":
        """Begin."""
        del headers, timeout
        self.asked.append((url, body, then))
        return self

    def cancel(self) -> None:
        """Count."""
        self.cancelled += 1


class Plain(HttpChannel):
    """Posts the text; takes every answer for accepted, and counts how often it looks."""

    name = "plain"

    def __init__(self, port: Port) -> None:
        super().__init__(port, 1.0, clock=lambda: 1000.0)
        self.classified = 0

    def request(self, deliveries: Sequence[Delivery], now: float) -> HttpRequest:
        """See ``HttpChannel.request``."""
        body = f"{len(deliveries)} {now}".encode()
        return HttpRequest(deliveries[0].targets[0].address, body, {})

    def classify(self, answer: HttpAnswer, now: float, target: Target) -> Outcome:
        """See ``HttpChannel.classify``."""
        del now, target
        self.classified += 1
        if answer.status == 599:
            raise ZeroDivisionError
        return Delivered() if answer.status < 400 else Rejected("no")

    def notes(self, delivery: Delivery) -> tuple[Note, ...]:
        """See ``HttpChannel.notes``."""
        return (NOTE,) if delivery.notification.content == "long" else ()


def told(channel: Plain, port: Port, result: HttpAnswer | Exception, *parts: str) -> object:
    """Return what comes of one request for deliveries with these texts."""
    results: list[object] = []
    channel.begin([delivery(notification(each)) for each in parts or ("text",)], results.append)
    assert results == []
    port.asked[-1][2](result)
    (only,) = results
    return only


def test_one_request_one_answer_for_all_of_them() -> None:
    """What it means is said of each target, and notes of each delivery."""
    port = Port()
    channel = Plain(port)
    answer = told(channel, port, HttpAnswer(204), "text", "long")
    assert answer == Answer(((Delivered(),), (Delivered(),)), None, ((), (NOTE,)))
    assert port.asked[0][:2] == ("https://hooks.example/a", b"2 1000.0")


@pytest.mark.parametrize(
    ("error", "kind"),
    [(HttpConnectionError("away"), Retry), (HttpRequestError("unusable"), Rejected)],
)
def test_no_answer_is_an_outcome_too(error: Exception, kind: type[Outcome]) -> None:
    """Whatever the port says of a destination."""
    port = Port()
    answer = told(Plain(port), port, error)
    assert isinstance(answer, Answer)
    assert isinstance(answer.outcomes[0][0], kind)


@pytest.mark.parametrize("result", [HttpAnswer(599), ValueError("a fault of the port's own")])
def test_an_error_of_its_own_is_handed_on(result: HttpAnswer | Exception) -> None:
    """The attempt ends, and whoever began it learns why."""
    port = Port()
    assert isinstance(told(Plain(port), port, result), ZeroDivisionError | ValueError)


def test_the_same_answer_again_is_not_read_again() -> None:
    """If one target accepted it and nothing else is to be said."""
    port = Port()
    channel = Plain(port)
    accepted = HttpAnswer(204)
    assert told(channel, port, accepted) == PLAIN_YES
    assert told(channel, port, accepted) == PLAIN_YES
    assert channel.classified == 1
    assert told(channel, port, accepted, "long") == Answer(((Delivered(),),), None, ((NOTE,),))
    assert told(channel, port, accepted, "a", "b") == Answer(((Delivered(),), (Delivered(),)))
    assert told(channel, port, HttpAnswer(204)) == PLAIN_YES
    assert channel.classified == 4


def test_what_is_said_about_limits_and_refusals_is_heeded_each_time() -> None:
    """The same bytes mean another time each time that they come."""
    port = Port()
    channel = Plain(port)
    limits = {"x-ratelimit-remaining": "3", "x-ratelimit-reset-after": "2"}
    for result in (HttpAnswer(204, limits), HttpAnswer(404)):
        for _ in range(2):
            answer = told(channel, port, result)
            assert isinstance(answer, Answer)
            assert answer.allowance == (Allowance(None, 3, 2.0) if result.headers else None)
    assert channel.classified == 4
    assert not channel._known


def test_what_is_remembered_is_bounded() -> None:
    """Connections come and go, each with an answer of its own."""
    port = Port()
    channel = Plain(port)
    for _ in range(1000):
        told(channel, port, HttpAnswer(204))
    assert len(channel._known) <= 256


def test_an_attempt_is_cancelled_at_the_port() -> None:
    """Nothing stands between."""
    port = Port()
    Plain(port).begin([delivery(notification("text"))], lambda _: None).cancel()
    assert port.cancelled == 1
