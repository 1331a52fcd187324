"""The reasons that a trading day finds for what arrives more than once."""

from app.values.history import Addressee, Entry, Try
from app.values.snapshot import AttemptStatus
from tests.day.repeats import HANDOVER, reasons

DELIVERED, RETRY = AttemptStatus.DELIVERED, AttemptStatus.RETRY


def entry(*tries: Try, origin: str = "notifications/0/1") -> Entry:
    """Return what the history has of a notification that was settled once."""
    to = (Addressee("webhook", "http://desk.example"),)
    return Entry("id-n1", origin, "sent", 90.0, 111.0, targets=to, tries=tries)


SENT = Try(111.0, 0, DELIVERED, 2, 0.1)


def test_what_arrived_once_needs_no_reason() -> None:
    """Whatever else happened."""
    assert reasons([111.0], [entry(SENT)], [100.0]) == []


def test_an_answer_that_the_worker_did_not_hear_is_a_reason() -> None:
    """It cannot know that its request was accepted, and asks again."""
    unheard = Try(110.0, 0, RETRY, 1, 10.0, "no answer within 10.0 s")
    (why,) = reasons([100.5, 111.0], [entry(unheard, SENT)], [])
    assert why == "accepted, and the worker did not hear it: no answer within … s"


def test_an_answer_that_was_no_is_none() -> None:
    """Nor is an attempt of which nothing arrived, or one that was not made."""
    for tried in (
        Try(101.0, 0, RETRY, 1, 1.0, "HTTP 503"),
        Try(60.0, 0, RETRY, 1, 10.0, "no answer within 10.0 s"),
        Try(101.0, 0, RETRY, 1, None, "no answer within 10.0 s"),
    ):
        assert reasons([100.5, 111.0], [entry(tried, SENT)], []) == [None]


def test_what_stands_in_kafka_twice_arrives_twice() -> None:
    """Its producer, which had no acknowledgement, wrote it again."""
    twice = [entry(SENT), entry(SENT, origin="notifications/0/9")]
    (why,) = reasons([100.5, 111.0], twice, [])
    assert why == "published twice: its producer did not hear that Kafka had it"


def test_a_partition_that_changed_hands_is_a_reason() -> None:
    """Soon after the first arrival, and not long after or before it."""
    (why,) = reasons([100.0, 111.0], [entry(SENT)], [104.0])
    assert why == "delivered, and its partition changed hands before that was committed"
    assert reasons([100.0, 111.0], [entry(SENT)], [98.0, 101.0 + HANDOVER]) == [None]


def test_each_repeat_needs_a_reason_of_its_own() -> None:
    """One reason does not excuse a third arrival."""
    twice = [entry(SENT), entry(SENT, origin="notifications/0/9")]
    first, second = reasons([100.5, 105.0, 111.0], twice, [])
    assert first is not None
    assert second is None
