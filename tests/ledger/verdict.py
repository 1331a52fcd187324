"""Judges a run by its invariants (docs/guarantees.md#the-ledger-test)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from tests.ledger.run import Run

COMMIT_SLACK = 2.5
"""Seconds before a fault whose settlements may not be committed: a commit a second, and the time
that it takes on a busy machine."""


TELLING = 1.0
"""Seconds by which two records of when something happened may differ."""


@dataclass(frozen=True)
class Expected:
    """What a stage expects of its notifications; of all others that they are accepted once."""

    # names of those that may be lost; they are in the flow's books no longer
    at_most_once: frozenset[str] = frozenset()
    at_least_once: frozenset[str] = frozenset()  # names of those that may be repeated


@dataclass(frozen=True)
class Verdict:
    """What became of a run."""

    name: str
    produced: int
    accepted: int
    dead: int
    deferred: int
    lost: tuple[str, ...]  # neither accepted nor dead (I1)
    passed: tuple[str, ...]  # commits that passed what was not settled (I2), in words
    repeats: int  # notifications that were accepted more than once
    unexplained: tuple[str, ...]  # those of them that no fault explains (I3)
    # first deliveries that were out of their key's order (I4), in words
    disordered: tuple[str, ...]
    restless: bool  # work was left undone (I5)
    early: tuple[str, ...]  # taken from a retry topic before their delay was over (I6)
    surprises: tuple[str, ...]  # what else was not as it has to be, in words
    # seconds from the end of a fault until everything was settled that had been published by
    # then; the longest
    recovery: float
    wait: float  # seconds from Kafka having a notification until it was settled; the longest

    @property
    def sound(self) -> bool:
        """Whether every invariant holds."""
        return not (
            self.lost
            or self.passed
            or self.unexplained
            or self.disordered
            or self.restless
            or self.early
            or self.surprises
        )

    def row(self) -> str:
        """Return a line of the table."""
        mark = "" if self.sound else "  <-- broken"
        return (
            f"{self.name:<27} {self.produced:>8,} {len(self.lost):>5} {self.dead:>6,}"
            f" {self.deferred:>8,} {self.repeats:>8} {len(self.unexplained):>12}"
            f" {self.recovery:>7.1f} s {self.wait:>10.1f} s{mark}"
        )


HEADER = (
    f"{'fault':<27} {'produced':>8} {'lost':>5} {'dead':>6} {'deferred':>8} {'repeats':>8}"
    f" {'unexplained':>12} {'recovery':>9} {'longest wait':>12}"
)


def judge(run: Run) -> Verdict:
    """Judge a run that has ended."""
    published, accepted, dead = run.flow.published, run.recorder.accepted, run.observer.dead
    settled_at = {name: _settled_at(run, name) for name in published}
    repeated = {name: seen for name, seen in accepted.items() if len(seen.times) > 1}
    return Verdict(
        name=run.name,
        produced=len(published),
        accepted=len(accepted),
        dead=len(dead),
        deferred=len(run.observer.deferred),
        lost=tuple(n for n in published if n not in accepted and n not in dead),
        passed=tuple(_passed(run, settled_at)),
        repeats=len(repeated),
        unexplained=tuple(name for name in repeated if not _explained(run, name)),
        disordered=tuple(_disordered(run)),
        restless=run.settled_at is None,
        early=tuple(name for name in run.observer.deferred if _is_early(run, name)),
        surprises=tuple(run.surprises),
        recovery=max(_recovery(run, settled_at), 0.0),
        wait=max((settled_at[name] - each.at for name, each in published.items()), default=0.0),
    )


def judge_stage(run: Run, expected: Expected) -> Verdict:
    """Judge a run by what was to be expected of each notification, whatever happened."""
    published, accepted = run.flow.published, run.recorder.accepted
    times = {name: sorted(seen.times) for name, seen in accepted.items() if seen.times}
    repeated = [name for name, each in times.items() if len(each) > 1]
    waits = [times[name][0] - each.at for name, each in published.items() if name in times]
    return Verdict(
        name=run.name,
        produced=len(published) + len(expected.at_most_once),
        accepted=len(times),
        dead=0,
        deferred=0,
        lost=tuple(name for name in published if name not in times),
        passed=(),
        repeats=len(repeated),
        unexplained=tuple(name for name in repeated if name not in expected.at_least_once),
        disordered=(),
        restless=run.settled_at is None,
        early=(),
        surprises=tuple(run.surprises),
        recovery=0.0,
        wait=max(waits, default=0.0),
    )


def _recovery(run: Run, settled_at: Mapping[str, float]) -> float:
    """Return the longest time from a fault's end until what was published by then was settled."""
    return max(
        (
            settled_at[name] - window.over
            for window in run.windows
            for name, each in run.flow.published.items()
            if each.at <= window.over
        ),
        default=0.0,
    )


def _passed(run: Run, settled_at: Mapping[str, float]) -> list[str]:
    """Return every sample that speaks of something as settled that was not (I2)."""
    found = []
    by_partition: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for name, each in run.flow.published.items():
        by_partition[each.partition].append((each.offset, name))
    for entries in by_partition.values():
        entries.sort()
    for sample in run.observer.samples:
        for partition, commit in sample.commits.items():
            mark = commit.settled.mark if commit.settled else commit.offset
            open_above = set(commit.settled.unsettled) if commit.settled else set()
            for offset, name in by_partition[partition]:
                if offset >= mark:
                    break
                spoken_of = offset < commit.offset or offset not in open_above
                if spoken_of and settled_at[name] > sample.at:
                    early = settled_at[name] - sample.at
                    found.append(
                        f"{partition}: commit {commit.offset} passes {name} at {offset},"
                        f" {early:.1f} s before it is settled"
                    )
    return found


def _settled_at(run: Run, name: str) -> float:
    """Return when a notification was first accepted, deferred or dead."""
    seen = run.recorder.accepted.get(name)
    times = [*(seen.times if seen else ()), *run.observer.kept.get(name, ())]
    return min(times, default=float("inf"))


def _explained(run: Run, name: str) -> bool:
    """Say whether a fault explains the repeats of a notification (I3).

    The worker never heard of the first time; or it was accepted while a fault was going on, or so
    shortly before that it need not be committed.
    """
    seen = run.recorder.accepted[name]
    repeats = len(seen.times) - 1
    if seen.unheard >= repeats:
        return True
    return all(
        any(
            window.excuses and window.start - COMMIT_SLACK <= at <= window.end
            for window in run.windows
        )
        for at in sorted(seen.times)[:-1]
    )


def _is_early(run: Run, name: str) -> bool:
    """Say whether something was accepted while it had to wait (I6).

    Only where it was accepted once: by a repeat nobody can tell where it came from.
    """
    times = run.recorder.accepted[name].times if name in run.recorder.accepted else []
    if len(times) != 1:
        return False
    [at] = times
    return any(
        put_aside + TELLING < at < put_aside + delay - TELLING
        for put_aside, delay in run.observer.deferred[name]
    )


def _disordered(run: Run) -> list[str]:
    """Return the pairs of a key whose first deliveries were out of order (I4), in words."""
    by_key: defaultdict[str, list[tuple[int, str, float]]] = defaultdict(list)
    for name, each in run.flow.published.items():
        seen = run.recorder.accepted.get(name)
        if each.key is None or seen is None or name in run.observer.deferred:
            continue
        by_key[each.key].append((run.observer.first[name], name, min(seen.times)))
    return [
        f"{key}: {name} at {offset} came {before - at:.3f} s before {ahead} at {behind}"
        for key, seen in by_key.items()
        for (behind, ahead, before), (offset, name, at) in pairwise(sorted(seen))
        if before > at
    ]
