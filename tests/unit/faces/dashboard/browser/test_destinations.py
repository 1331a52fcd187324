"""The pages about destinations, in a browser."""

import re
import time

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, expect

from app.faces.api.examples import DESTINATION
from app.values.errors import KafkaUnavailableError
from app.values.snapshot import AttemptStatus, DestinationState
from tests.support.browser import LOW_CONTRAST, SIZES, agree, opened, visited
from tests.support.fakes import Fakes, make_attempt

pytestmark = pytest.mark.asyncio(loop_scope="session")

ID = DESTINATION.id
OPEN = replace(DESTINATION, state=DestinationState.OPEN, paused_by=None, paused_at=None)


async def test_one_is_looked_after_on_its_page(browser: Browser, fakes: Fakes, url: str) -> None:
    """Paused, tested, resumed; figures, chart and attempts come by themselves."""
    fakes.destinations.views = {ID: OPEN}
    fakes.rates.add(OPEN.label, time.time() - 30, 0.02, accepted=True)
    async with visited(browser, f"{url}/destinations/{ID}") as page:
        answer, pause = page.locator("#answer"), page.locator("[data-act=pause] button")
        await expect(page.locator('[data-chart="throughput"] path.accepted')).to_have_attribute(
            "d", re.compile("^M")
        )
        await pause.click()
        await agree(page)
        await expect(answer).to_contain_text("Paused: nothing is sent there")
        await expect(page.locator("#destination .pill")).to_have_text("paused")
        await expect(page.locator('[data-with="paused_by"]')).to_contain_text("this machine")
        await expect(pause).to_be_disabled()
        await page.get_by_role("button", name="Test").click()
        await expect(answer).to_contain_text("accepted the test")
        fakes.destinations.answer = (AttemptStatus.REJECTED, "HTTP 404 Unknown Webhook")
        await page.get_by_role("button", name="Test").click()
        await expect(answer).to_contain_text("did not accept the test: HTTP 404 Unknown Webhook")
        await page.get_by_role("button", name="Resume").click()
        await expect(answer).to_contain_text("Resumed: what waits is sent now.")
        await expect(pause).to_be_enabled()
        await expect(page.locator('[data-with="paused_by"]')).to_be_hidden()
        fakes.attempts.add(make_attempt(5, content=f"to {OPEN.label}"))
        fakes.destinations.views = {ID: replace(OPEN, messages_sent=4321)}
        await expect(page.locator("#destination")).to_contain_text("4,321")
        await expect(page.locator("#attempts tbody tr")).to_have_count(1)
        fakes.destinations.error = KafkaUnavailableError("no broker answers")
        await pause.click()
        await agree(page)
        await expect(page.get_by_role("alert").filter(has_text="no broker")).to_be_visible()


async def test_the_status_page_leads_to_the_worst(browser: Browser, fakes: Fakes, url: str) -> None:
    """Live, with how many there are; a search leads to the list."""
    async with opened(browser, url) as page:
        await expect(page.locator("#destinations .empty")).to_be_visible()
        fakes.destinations.views = {
            f"{number:016x}": replace(OPEN, id=f"{number:016x}", name=f"user {number}")
            for number in range(60)
        }
        rows = page.locator("#destinations tbody tr")
        await expect(rows).to_have_count(50)
        await expect(page.locator("#destinations header")).to_contain_text("All destinations (60)")
        await expect(rows.first.locator("a")).to_have_attribute(
            "href", "/destinations/0000000000000000"
        )
        await page.locator("#destinations input").fill("discord")
        await page.locator("#destinations input").press("Enter")
        await expect(page.get_by_text("1 – 50 / 60")).to_be_visible()
        assert fakes.destinations.asked[-1]["query"] == "discord"
        await page.get_by_role("link", name="More").click()
        await expect(page.get_by_text("51 – 60 / 60")).to_be_visible()
        await page.get_by_role("link", name="user 53").click()
        await expect(page.locator("#destination h2")).to_contain_text("user 53")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_they_are_readable_everywhere(
    browser: Browser, fakes: Fakes, url: str, scheme: str
) -> None:
    """Nothing is cut off on a phone, every text has its contrast."""
    states = list(DestinationState)
    fakes.destinations.views = {
        f"{number:016x}": replace(DESTINATION, id=f"{number:016x}", state=states[number])
        for number in range(len(states))
    }
    for size in SIZES:
        for path in ("/destinations", f"/destinations/{0:016x}"):
            async with visited(browser, f"{url}{path}", size=size) as page:
                await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                assert await page.evaluate(LOW_CONTRAST) == []
