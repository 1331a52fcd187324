"""The pictures: which pages, in which size, in both languages."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from playwright.async_api import Page, async_playwright

from tests.support.browser import ARGUMENTS
from tests.support.tools import Tools
from tests.tour.world import KEY, STORY, Firm

DESK: Final = (1280, 860)
PHONE: Final = (390, 844)
QUALITY: Final = 72
LANGUAGES: Final = {"": "en-US", ".zh-CN": "zh-CN"}
"""By what the names of their files end with."""
Step = Callable[[Page, Firm], Awaitable[None]]


async def _sign_in(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/sign-in")


async def _status(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/")
    await page.wait_for_selector("html[data-link=live]")
    await page.wait_for_timeout(2500)  # until figures, charts and rows have come


async def _fleet(page: Page, firm: Firm) -> None:
    await _status(page, firm)
    await page.locator("#fleet").evaluate("(fleet) => scrollTo(0, fleet.offsetTop - 100)")


async def _destinations(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/destinations")


async def _destination(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/destinations?q=Risk")
    await page.locator("tbody a").first.click()
    await page.wait_for_timeout(2500)


async def _story(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/notifications/{STORY}")


async def _history(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/history?q=600519")


async def _dead_letters(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/dead-letters")


async def _replay(page: Page, firm: Firm) -> None:
    await page.goto(f"{firm.workers[0].url}/dead-letters/plan?all=1&reason=rejected")


PICTURES: Final[dict[str, tuple[Step, tuple[int, int]]]] = {
    "sign-in": (_sign_in, DESK),
    "status": (_status, DESK),
    "fleet": (_fleet, DESK),
    "phone": (_status, PHONE),
    "destinations": (_destinations, DESK),
    "destination": (_destination, DESK),
    "story": (_story, DESK),
    "history": (_history, DESK),
    "dead-letters": (_dead_letters, DESK),
    "replay": (_replay, DESK),
}
"""By the name of the file, in the order in which they are taken."""


async def take(firm: Firm, folder: Path) -> list[str]:
    """Take every picture in every language; return the names of their files."""
    taken = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=Tools.here().browser(), args=ARGUMENTS
        )
        for suffix, language in LANGUAGES.items():
            context = await browser.new_context(locale=language)
            page = await context.new_page()
            for name, (step, (width, height)) in PICTURES.items():
                await page.set_viewport_size({"width": width, "height": height})
                await step(page, firm)
                file = f"{name}{suffix}.webp"
                await _write(page, folder / file)
                taken.append(file)
                if name == "sign-in":
                    await page.locator("#key").fill(KEY)
                    await page.keyboard.press("Enter")
                    await page.wait_for_selector("html[data-link=live]")
            await context.close()
        await browser.close()
    return taken


async def _write(page: Page, file: Path) -> None:
    """Write what is seen as WebP, which Chromium makes by itself and Playwright does not ask for."""
    session = await page.context.new_cdp_session(page)
    answer = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    await asyncio.to_thread(file.write_bytes, base64.b64decode(answer["data"]))
    await session.detach()
