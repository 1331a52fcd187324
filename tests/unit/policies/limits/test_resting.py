"""Partitions that cannot be read: each rests alone, longer each time."""

from app.policies.limits.resting import FIRST_PAUSE, LONGEST_PAUSE, Rests
from app.values.record import TopicPartition

ONE, OTHER = TopicPartition("a", 0), TopicPartition("a", 1)
NOT_ALLOWED, NO_LEADER = 29, 5


def test_pauses_grow_up_to_a_limit() -> None:
    """A right that is given back is noticed within that time."""
    rests = Rests()
    pauses = [rests.failed(ONE, NOT_ALLOWED, float(second)) for second in range(10)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert rests.failed(OTHER, NOT_ALLOWED, 10.0) == FIRST_PAUSE


def test_the_last_reason_is_told_and_the_first_time() -> None:
    """Whatever is answered meanwhile, it has been so since then."""
    rests = Rests()
    rests.failed(ONE, NO_LEADER, 5.0)
    rests.failed(ONE, NOT_ALLOWED, 7.0)
    [(partition, trouble)] = rests
    assert (partition, trouble.code, trouble.since) == (ONE, NOT_ALLOWED, 5.0)


def test_what_was_read_begins_anew() -> None:
    """The next time is a first one."""
    rests = Rests()
    rests.failed(ONE, NO_LEADER, 0.0)
    rests.failed(ONE, NO_LEADER, 1.0)
    rests.read(ONE)
    rests.read(OTHER)
    assert not [*rests]
    assert rests.failed(ONE, NO_LEADER, 2.0) == FIRST_PAUSE


def test_what_is_not_ours_any_more_is_forgotten() -> None:
    """Somebody else has it."""
    rests = Rests()
    rests.failed(ONE, NO_LEADER, 0.0)
    rests.failed(OTHER, NO_LEADER, 0.0)
    rests.keep([OTHER])
    assert [partition for partition, _ in rests] == [OTHER]
