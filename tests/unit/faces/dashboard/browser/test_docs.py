"""The API's description in a real browser, with the network closed to other hosts."""

from itertools import product
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, Request, expect

from tests.support.browser import SIZES, visited
from tests.support.fakes import Fakes

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_every_call_is_described_without_another_host(browser: Browser, url: str) -> None:
    """Swagger UI renders from this service alone, under the strict policy."""
    async with visited(browser, f"{url}/docs") as page:
        asked: list[str] = []

        def note(request: Request) -> None:
            asked.append(request.url)

        page.on("request", note)
        await page.reload()
        await expect(page.get_by_role("heading", name="Notification worker")).to_be_visible()
        await expect(page.locator(".opblock")).to_have_count(await _operations(page))
        assert f"{url}/openapi.json" in asked
        assert all(each.startswith((url, "data:")) for each in asked)


async def test_a_call_can_be_tried(browser: Browser, fakes: Fakes, url: str) -> None:
    """What the page shows is what the service answers."""
    fakes.worker.change(group_id="the_group")
    async with visited(browser, f"{url}/docs#/status/report") as page:
        block = page.locator("#operations-status-report")
        await block.get_by_role("button", name="Try it out").click()
        await block.get_by_role("button", name="Execute").click()
        await expect(block.locator(".response .response-col_description").first).to_contain_text(
            "Group ID:         the_group"
        )


async def test_it_follows_the_systems_colours(browser: Browser, url: str) -> None:
    """A dark system has a dark page, and no width scrolls sideways."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    async with visited(browser, f"{url}/docs") as page:
        await expect(page.locator(".opblock").first).to_be_visible()
        for scheme, (width, height) in product(schemes, SIZES):
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size({"width": width, "height": height})
            red = "(path) => Number(getComputedStyle(path).color.match(/\\d+/)[0])"
            brightness = await page.locator(".opblock-summary-path").first.evaluate(red)
            assert (brightness > 150) is (scheme == "dark")
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


async def _operations(page: Page) -> int:
    count = """fetch("/openapi.json").then((answer) => answer.json()).then((document) =>
      Object.values(document.paths).reduce((sum, path) => sum + Object.keys(path).length, 0))"""
    return int(await page.evaluate(count))
