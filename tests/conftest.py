"""What every test run needs."""

import signal
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, is_hypothesis_test, settings

APP = Path(__file__).parents[1] / "app"

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

# Ignored in what a script runs in the background, and so in every process that a test would start.
signal.signal(signal.SIGINT, signal.default_int_handler)


COVERAGE = pytest.StashKey[Coverage]()
"""If coverage is measured."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Traces the import of the application, and nothing of the tests: each process collects all."""
    coverage = Coverage.current()
    if coverage is not None:
        for module in walk_packages([str(APP)], "app."):
            import_module(module.name)
        session.config.stash[COVERAGE] = coverage
    while (running := Coverage.current()) is not None:  # xdist's processes have one more
        running.stop()
    return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the browser: it waits the most, so the others may as well run beside it."""
    items.sort(key=lambda item: "browser" not in getattr(item, "fixturenames", ()))
    for item in items:
        if _runs_what_others_cover(item):
            item.add_marker(pytest.mark.untraced)


def _runs_what_others_cover(item: pytest.Item) -> bool:
    """Say whether coverage would cost much and tell nothing.

    Hypothesis runs the same lines a hundred times; the services of a world are other processes; a
    browser asks for what tests of each page ask for.
    """
    fixtures = getattr(item, "fixturenames", ())
    is_elsewhere = "world" in fixtures or "browser" in fixtures
    return is_elsewhere or is_hypothesis_test(getattr(item, "obj", None))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Traces the tests that are to be, fixtures included."""
    coverage = item.config.stash.get(COVERAGE, None)
    if coverage is None or item.get_closest_marker("untraced"):
        return (yield)
    with coverage.collect():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escapes lone surrogates in what a test logged: parallel runs cannot pass them on."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
