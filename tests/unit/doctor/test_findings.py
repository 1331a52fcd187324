import asyncio
from collections.abc import Iterable

from app.doctor.findings import Finding, Verdict, bounded, fail, ok
from app.values.errors import NotifierError

REMEDY = "Do this."


async def test_what_a_check_finds_is_passed_on() -> None:
    """A check that ends in time has the last word."""

    async def check() -> Iterable[Finding]:
        return iter([ok("a", "fine"), fail("b", "broken.", "Mend it.")])

    assert await bounded("s", check(), REMEDY) == [
        Finding(Verdict.OK, "a", "fine"),
        Finding(Verdict.FAIL, "b", "broken. Mend it."),
    ]


async def test_an_error_meant_for_the_operator_is_a_fault() -> None:
    """The text of this service's own errors is shown with what to do."""

    async def check() -> Iterable[Finding]:
        raise NotifierError("no such thing")

    assert await bounded("s", check(), REMEDY) == [fail("s", "no such thing", REMEDY)]


async def test_an_unexpected_error_stops_nobody() -> None:
    """A mistake in a check is a finding like any other."""

    async def check() -> Iterable[Finding]:
        raise KeyError("x")

    [finding] = await bounded("s", check(), REMEDY)
    assert finding.verdict is Verdict.FAIL
    assert "the check itself failed: KeyError: 'x'" in finding.text


async def test_a_check_ends_in_time() -> None:
    """Something that never answers is a fault after the given time."""

    async def check() -> Iterable[Finding]:
        await asyncio.Event().wait()
        return []

    assert await bounded("s", check(), REMEDY, patience=0.01) == [
        fail("s", "no answer within 0.01 s", REMEDY)
    ]
