"""Signing in and out in a real browser."""

import re

import pytest
from playwright.async_api import Browser, expect

from app.policies.service.access import Access
from tests.support.browser import LOW_CONTRAST, SIZES, agree, visited
from tests.support.fakes import KEY, Fakes
from tests.support.served import served

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_page_opens_after_signing_in(browser: Browser, scripts: bool) -> None:
    """By keyboard: a wrong key is said, the right one opens what was asked for, and out again."""
    async with served(Fakes(access=Access.of([f"ops={KEY}"]))) as url:
        asked = f"{url}/?status=delivered"
        async with visited(browser, asked, scripts=scripts) as page:
            await expect(page).to_have_url(re.compile(r"/sign-in\?next="))
            await expect(page.get_by_label("API key")).to_be_focused()
            await page.keyboard.type("wrong-key-0123456789")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("alert")).to_contain_text("not known")
            await page.get_by_label("API key").fill(KEY)
            await page.get_by_role("button", name="Sign in").click()
            await expect(page).to_have_url(asked)
            await expect(page.get_by_text("Signed in as")).to_contain_text("Signed in as")
            if scripts:
                await expect(page.locator("#link")).to_have_text("Live")
            await page.get_by_role("button", name="Sign out").click()
            await expect(page).to_have_url(f"{url}/sign-in")


async def test_a_page_whose_sign_in_has_expired_leads_to_the_sign_in(browser: Browser) -> None:
    """What is asked for then is not done, and nothing is shown as if it were live."""
    fakes = Fakes(access=Access.of([KEY]))
    async with served(fakes) as url, visited(browser, url) as page:
        await page.get_by_label("API key").fill(KEY)
        await page.keyboard.press("Enter")
        await expect(page.locator("#link")).to_have_text("Live")
        fakes.now += 13 * 3600
        await page.get_by_role("button", name="Stop").click()
        await agree(page)
        await expect(page).to_have_url(re.compile("/sign-in"))
        assert fakes.worker.stops == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_sign_in_can_be_read_at_any_size(browser: Browser, scheme: str) -> None:
    """Nothing is cut off, and contrast is enough."""
    async with (
        served(Fakes(access=Access.of([KEY]))) as url,
        visited(browser, f"{url}/sign-in?wrong=true") as page,
    ):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width
        assert await page.evaluate(LOW_CONTRAST) == []
