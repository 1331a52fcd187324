"""What the operator is told, and when: never too often, and never not at all."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.policies.service.notices import (
    MOST,
    UNHEARD,
    DeadLetterCount,
    Due,
    Rules,
    Watchlist,
    after_telling,
    due,
    together,
)
from app.values.notice import Key, Matter, MatterKind, Report, Told

RULES = Rules(after=300.0, every=3600.0)
STEP = 10.0


def destination(name: str = "hook", since: float = 0.0, affected: int = 1) -> Matter:
    """Return a destination that is broken."""
    return Matter(MatterKind.DESTINATION, name, since, "HTTP 503", "broken", affected)


def away(since: float = 0.0) -> Matter:
    """Return a worker that has lost Kafka."""
    return Matter(MatterKind.KAFKA_AWAY, "host:1", since, "refused")


def says(begun: int = 0, lasting: int = 0, over: int = 0) -> tuple[int, int, int]:
    """Return how much of each kind a message says."""
    return begun, lasting, over


def counted(said: Due) -> tuple[int, int, int]:
    """Return how much of each kind a message says."""
    return says(len(said.begun), len(said.lasting), len(said.over))


def test_a_matter_is_told_once_it_has_lasted_and_again_after_a_while() -> None:
    """Not before, not twice in between; at its end once more."""
    told: Mapping[Key, Told] = {}
    assert not due([destination()], told, 299.0, RULES)
    said = due([destination()], told, 300.0, RULES)
    assert counted(said) == says(begun=1)
    told = after_telling(told, said, 300.0, RULES)
    assert not due([destination()], told, 3899.0, RULES)
    said = due([destination()], told, 3900.0, RULES)
    assert counted(said) == says(lasting=1)
    told = after_telling(told, said, 3900.0, RULES)
    said = due([], told, 3910.0, RULES)
    assert counted(said) == says(over=1)
    told = after_telling(told, said, 3910.0, RULES)
    assert not due([], told, 3920.0, RULES)


def test_a_message_that_is_not_accepted_is_due_as_before() -> None:
    """Only an acceptance counts as told."""
    assert due([away()], {}, 400.0, RULES) == due([away()], {}, 401.0, RULES)


def test_what_comes_again_soon_is_told_again_only_after_a_while() -> None:
    """A destination that breaks every ten minutes is told once an hour."""
    told = after_telling({}, Due(begun=(destination(),)), 300.0, RULES)
    told = after_telling(told, Due(over=(destination(),)), 400.0, RULES)
    again = destination(since=500.0)
    assert not due([again], told, 3899.0, RULES)
    assert counted(due([again], told, 3900.0, RULES)) == says(begun=1)
    assert after_telling(told, Due(), 3900.0, RULES) == {}


def test_dead_letters_are_told_within_a_minute() -> None:
    """However patient the operator is otherwise."""
    letters = Matter(MatterKind.DEAD_LETTERS, "notifications.dlq", 0.0)
    assert not due([letters], {}, 29.0, RULES)
    assert due([letters], {}, 30.0, RULES)


# Of each of three destinations, whether it is broken in each step; and when the address is away.
_STATES = st.lists(st.tuples(*(st.booleans(),) * 4), min_size=1, max_size=120)
_RULES = st.builds(
    Rules, after=st.sampled_from([0.0, 10.0, 60.0]), every=st.sampled_from([10.0, 100.0, 300.0])
)


@given(_STATES, _RULES)
def test_nothing_is_told_too_often_and_nothing_is_passed_over(
    states: Sequence[tuple[bool, ...]], rules: Rules
) -> None:
    """No matter more often than ``every``; whatever lasts is told, whatever was told ends."""
    told: Mapping[Key, Told] = {}
    begins: dict[str, float] = {}
    tellings: dict[str, list[float]] = {}
    believed: set[str] = set()
    for step, (*broken, reachable) in enumerate([*states, (False,) * 3 + (True,)]):
        now = step * STEP
        names = [f"hook {number}" for number, each in enumerate(broken) if each]
        begins = {name: begins.get(name, now) for name in names}
        said = due([destination(*each) for each in begins.items()], told, now, rules)
        if not reachable:
            continue
        told = after_telling(told, said, now, rules)
        for matter in (*said.begun, *said.lasting):
            tellings.setdefault(matter.subject, []).append(now)
            believed.add(matter.subject)
        believed -= {matter.subject for matter in said.over}
        for name, since in begins.items():
            lasted, last = now - since, tellings.get(name, [-rules.every])[-1]
            if lasted >= rules.after:
                assert now - last < rules.every, "it lasts, and is not told"
        assert believed <= set(begins), "it is over, and that is not told"
    for times in tellings.values():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert all(gap >= rules.every for gap in gaps)
    assert not believed


def test_a_short_absence_is_no_end() -> None:
    """What comes back within the grace has never ended, and keeps its beginning."""
    seen = Watchlist(RULES)
    seen.look([away(0.0)], (), 0.0)
    seen.look([], (), 29.0)
    seen.look([away(29.5)], (), 29.5)
    assert [matter.since for matter in seen.matters] == [0.0]
    seen.look([], (), 59.0)
    assert seen.matters
    seen.look([], (), 59.5)
    assert seen.matters == ()


def test_a_destination_is_well_only_once_it_has_accepted_something() -> None:
    """A worker that starts anew knows no destination; silence of hours ends it at last."""
    seen = Watchlist(RULES)
    seen.look([destination("a"), destination("b")], (), 0.0)
    seen.look([], {"a"}, 31.0)
    assert [matter.subject for matter in seen.matters] == ["b"]
    seen.look([], (), UNHEARD)
    assert seen.matters == ()


def test_what_was_told_before_is_gone_on_with() -> None:
    """Another worker speaks now: what is not over is still watched, and nothing else."""
    seen = Watchlist(RULES)
    seen.resume([Told(destination("a"), 1.0), Told(destination("b"), 1.0, over=True)], 100.0)
    assert [matter.subject for matter in seen.matters] == ["a"]
    seen.look([replace(destination("a"), since=50.0)], (), 101.0)
    assert [matter.since for matter in seen.matters] == [0.0]


def test_the_list_is_bounded() -> None:
    """Any number of destinations may be broken."""
    seen = Watchlist(RULES)
    seen.look([destination(str(number)) for number in range(MOST + 1)], (), 0.0)
    assert len(seen.matters) == MOST


def test_dead_letters_that_follow_each_other_are_one_matter() -> None:
    """It ends once there was none for as long as the operator is not told twice."""
    letters = DeadLetterCount("dlq", every=100.0)
    assert letters.look(0, "", 0.0) is None
    assert letters.look(2, "invalid", 10.0) == Matter(
        MatterKind.DEAD_LETTERS, "dlq", 10.0, "invalid", affected=2
    )
    assert letters.look(5, "rejected", 50.0) == Matter(
        MatterKind.DEAD_LETTERS, "dlq", 10.0, "rejected", affected=5
    )
    assert letters.look(5, "rejected", 149.0) is not None
    assert letters.look(5, "rejected", 150.0) is None
    again = letters.look(6, "expired", 160.0)
    assert again is not None
    assert (again.since, again.affected) == (160.0, 1)


def test_what_several_workers_see_is_one_matter() -> None:
    """It began when the first saw it, and met what it met everywhere."""
    reports = [
        Report("a", 0.0, (destination(since=5.0, affected=2), destination("other"))),
        Report("b", 0.0, (destination(since=3.0, affected=4),), ("well",)),
    ]
    found, fine = together(reports)
    assert [(each.subject, each.since, each.affected) for each in found] == [
        ("hook", 3.0, 6),
        ("other", 0.0, 1),
    ]
    assert fine == {"well"}
