"""Findings of checks, and the rule that no check stops the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from typing import TypeVar

import msgspec

from app.values.errors import KafkaUnavailableError, NotifierError

PATIENCE = 5.0
"""Seconds that one check may take."""
AGAIN_SECONDS = 0.2

T = TypeVar("T")


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAIL = "FAIL"
    SKIP = "skip"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's."""

    verdict: Verdict
    subject: str  # the thing checked: ``broker``, ``topic notifications``
    text: str  # the finding, and the remedy for a fault


def ok(subject: str, text: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(Verdict.OK, subject, text)


def fail(subject: str, problem: str, remedy: str) -> Finding:
    """Report a fault and its remedy."""
    return Finding(Verdict.FAIL, subject, f"{problem.rstrip('.')}. {remedy}")


def skip(subject: str, reason: str) -> Finding:
    """Say why something was not looked at."""
    return Finding(Verdict.SKIP, subject, reason)


async def bounded(
    subject: str, check: Awaitable[Iterable[Finding]], remedy: str, patience: float = PATIENCE
) -> list[Finding]:
    """Run one check; an error in it is a finding, and so is running out of time.

    Args:
        check: Returns findings, or raises.
        patience: Seconds.
    """
    try:
        async with asyncio.timeout(patience):
            return [*await check]
    except TimeoutError:
        return [fail(subject, f"no answer within {patience:g} s", remedy)]
    except NotifierError as error:
        return [fail(subject, str(error), remedy)]
    except Exception as error:  # noqa: BLE001 - one check must not keep the others from their work
        problem = f"the check itself failed: {type(error).__name__}: {error}"
        return [fail(subject, problem, "Please report this.")]


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again for a while: a cluster that never had a group has to make room for it first."""
    deadline = asyncio.get_running_loop().time() + PATIENCE - 1
    while True:
        try:
            return await ask()
        except KafkaUnavailableError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(AGAIN_SECONDS)
