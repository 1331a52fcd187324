"""The doctor's look at open transactions."""

import pytest

from app.doctor import transactions
from app.doctor.findings import Verdict
from app.doctor.transactions import check_transactions
from app.edges.kafka.transactions import Holder, OpenTransaction
from app.settings.models import KafkaSettings
from app.values.record import TopicPartition
from tests.support.survey import SOURCE, Cluster, FakeSurvey

PLACE = TopicPartition(SOURCE, 0)


async def examined(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is found, each of it a fault."""
    monkeypatch.setattr(transactions, "LOOK_AGAIN", 0.0)
    cluster.logs = {PLACE: range(31)}
    found = await check_transactions(FakeSurvey(cluster), KafkaSettings(), lambda: 1_000.0)
    assert {each.verdict for each in found} <= {Verdict.FAIL}
    return [each.text for each in found]


async def test_whose_it_is_and_what_to_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The producer's name and number, how long it has been silent, and how to abort it."""
    holder = Holder(4000, 955.0, "orders-1")
    cluster = Cluster(transactions=[[OpenTransaction(PLACE, 10, 31, holder)]])
    (text,) = await examined(cluster, monkeypatch)
    assert "notifications/0: 21 records from offset 10 on wait behind a transaction" in text
    assert "the producer orders-1 (id 4000, last wrote 45 s ago)" in text
    assert "--topic notifications --partition 0 --start-offset 10" in text


async def test_a_name_that_may_not_be_seen_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known is enough to act on."""
    for holder, words in ((Holder(7, 999.0), "the producer (id 7,"), (None, "that a producer has")):
        cluster = Cluster(transactions=[[OpenTransaction(PLACE, 10, 31, holder)]])
        (text,) = await examined(cluster, monkeypatch)
        assert words in text


async def test_one_that_has_ended_a_moment_later_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor one after the other."""
    first, next_one = OpenTransaction(PLACE, 10, 31, None), OpenTransaction(PLACE, 20, 31, None)
    cases: list[list[list[OpenTransaction]]] = [[[first], []], [[first], [next_one]], [[]]]
    for looks in cases:
        assert await examined(Cluster(transactions=looks), monkeypatch) == []
