"""What is wrong comes first, and what stops something asks first."""

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, expect

from app.faces.api.examples import DESTINATION
from app.values.snapshot import DestinationState
from tests.support.browser import barriers, opened, visited
from tests.support.fakes import Fakes
from tests.support.furnished import DISCORD, LONG, destination, furnish

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = (390, 844)
ORDER = ("#problem", ".attention", "#overview", "#destinations", "#dead-letters", "#charts")
"""From the top of a phone's page down."""


async def test_destinations_that_take_nothing_lead_the_page(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Counted by state, as they come and go, and each count leads to their list."""
    fakes.worker.change(destinations={DISCORD: destination(DestinationState.OPEN)})
    async with opened(browser, url) as page:
        attention = page.locator(".attention")
        await expect(attention).to_be_hidden()
        fakes.worker.change(
            destinations={
                DISCORD: destination(DestinationState.GONE),
                LONG: destination(DestinationState.BROKEN),
                f"{LONG}/2": destination(DestinationState.BROKEN),
            }
        )
        await expect(attention.get_by_role("link", name="Destinations gone: 1")).to_be_visible()
        await expect(attention.get_by_text("Destinations denied")).to_be_hidden()
        await attention.get_by_role("link", name="Destinations broken: 2").click()
        await expect(page.get_by_label("State")).to_have_value("broken")


async def test_on_a_phone_what_is_wrong_comes_first(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Before the charts, and on the first screen; the report and the test form come last."""
    furnish(fakes)
    async with opened(browser, url, size=PHONE) as page:
        tops = []
        for name in (*ORDER, "#report"):
            box = await page.locator(name).bounding_box()
            assert box is not None, name
            tops.append(box["y"])
        assert tops == sorted(tops)
        assert tops[ORDER.index("#overview")] < PHONE[1] / 2


async def test_a_destination_is_paused_after_a_question(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """A click beside it is a no; the question itself is no barrier."""
    shown = replace(DESTINATION, state=DestinationState.OPEN, paused_by=None)
    fakes.destinations.views = {DESTINATION.id: shown}
    async with visited(browser, f"{url}/destinations/{DESTINATION.id}") as page:
        await page.locator("[data-act=pause] button").click()
        await expect(page.get_by_role("dialog")).to_contain_text("Pause this destination?")
        assert await barriers(page) == []
        await page.mouse.click(5, 5)
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert fakes.destinations.said == []
