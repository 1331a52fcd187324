"""What every test run needs."""

import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

# Ignored in what a script runs in the background, and so in every process that a test would start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the browser: it waits the most, so the others may as well run beside it."""
    items.sort(key=lambda item: "browser" not in getattr(item, "fixturenames", ()))
    for item in items:
        if _runs_what_others_cover(item):
            item.add_marker(pytest.mark.no_cover)


def _runs_what_others_cover(item: pytest.Item) -> bool:
    """Say whether coverage would cost much and tell nothing: tracing makes Python three times slower.

    Hypothesis runs the same lines a hundred times; the services of a world are other processes.
    """
    has_processes = "world" in getattr(item, "fixturenames", ())
    return has_processes or is_hypothesis_test(getattr(item, "obj", None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escapes lone surrogates in what a test logged: parallel runs cannot pass them on."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
