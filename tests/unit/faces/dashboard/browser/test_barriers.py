"""axe finds nothing serious: on every page, in every state, in both languages and colours."""

from collections.abc import Callable
from itertools import product
from typing import Literal

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, expect

from app.faces.api.examples import DESTINATION
from app.policies.service.access import Access
from app.values.errors import KafkaUnavailableError
from app.values.snapshot import DestinationState, Status
from tests.support.browser import barriers, visited
from tests.support.fakes import KEY, Fakes
from tests.support.furnished import furnish, furnish_letters, furnish_stories
from tests.support.served import served

pytestmark = pytest.mark.asyncio(loop_scope="session")

Look = tuple[Literal["light", "dark"], tuple[int, int], str]
LIGHT: Look = ("light", (1440, 900), "en")
DARK: Look = ("dark", (390, 844), "zh")
ONE = f"/destinations/{DESTINATION.id}"


def furnished(fakes: Fakes) -> None:
    """Show something of everything."""
    furnish(fakes, rows=2)
    furnish_letters(fakes)
    furnish_stories(fakes)


def failing(fakes: Fakes) -> None:
    """Lose Kafka."""
    furnished(fakes)
    fakes.worker.change(problem="Kafka has not answered for 21 s")
    fakes.dead_letters.error = KafkaUnavailableError("no broker answers")
    fakes.tracer.error = KafkaUnavailableError("no broker answers")


def stopped(fakes: Fakes) -> None:
    """Stop the worker."""
    furnished(fakes)
    fakes.worker.change(status=Status.STOPPED, is_running=False, partitions=())


def with_destinations(fakes: Fakes) -> None:
    """Have a destination in each state."""
    for number, state in enumerate(DestinationState):
        identity = f"{number:016x}"
        fakes.destinations.views[identity] = replace(DESTINATION, id=identity, state=state)
    fakes.destinations.views[DESTINATION.id] = DESTINATION


def empty(_: Fakes) -> None:
    """Let nothing have happened yet."""


@pytest.mark.parametrize(
    ("state", "paths", "looks"),
    [
        (empty, ("/", "/destinations", "/dead-letters", "/history"), [LIGHT]),
        (
            furnished,
            (
                *("/", "/dead-letters", "/dead-letters?group=theirs", "/dead-letters/plan?id=3/14"),
                *("/dead-letters/3/14", "/dead-letters/plan", "/history"),
                *("/notifications/one", "/notifications/none"),
            ),
            [LIGHT, DARK],
        ),
        (failing, ("/", "/dead-letters", "/history"), [DARK]),
        (stopped, ("/",), [DARK]),
        (with_destinations, ("/destinations", ONE), [LIGHT, DARK]),
        (with_destinations, (f"{ONE}?done=paused", "/destinations/none"), [LIGHT]),
        (empty, ("/docs",), [LIGHT]),
    ],
    ids=["empty", "furnished", "failing", "stopped", "destinations", "answers", "docs"],
)
async def test_no_page_has_a_serious_barrier(
    browser: Browser,
    fakes: Fakes,
    url: str,
    state: Callable[[Fakes], None],
    paths: tuple[str, ...],
    looks: list[Look],
) -> None:
    """Light and English on a desk, dark and Chinese on a phone."""
    state(fakes)
    for path, (scheme, size, language) in product(paths, looks):
        address = f"{url}{path}{'&' if '?' in path else '?'}language={language}"
        async with visited(browser, "about:blank", size=size) as page:
            await page.emulate_media(color_scheme=scheme)
            await page.goto(address)
            if path == "/":
                await expect(page.locator("html")).to_have_attribute("data-link", "live")
            if path == "/docs":
                await expect(page.locator(".opblock").first).to_be_visible()
            assert await barriers(page) == []


async def test_a_lost_connection_is_no_barrier(browser: Browser, fakes: Fakes, url: str) -> None:
    """What is grey then can still be read."""
    furnished(fakes)
    async with visited(browser, url) as page:
        await expect(page.locator("#link")).to_have_text("Live")
        await page.route("**/events", lambda route: route.abort())
        fakes.service.closing.set()
        await expect(page.locator("#lost")).to_contain_text("Connection to the service lost.")
        assert await barriers(page) == []
        await page.unroute("**/events")  # the tab is the next test's, too


async def test_the_sign_in_has_no_barrier(browser: Browser) -> None:
    """Before and after a wrong key."""
    async with served(Fakes(access=Access.of([KEY]))) as url:
        for path, scheme in (("/sign-in", "light"), ("/sign-in?wrong=true", "dark")):
            async with visited(browser, f"{url}{path}") as page:
                await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                assert await barriers(page) == []
