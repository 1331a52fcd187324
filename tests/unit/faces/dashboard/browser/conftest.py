import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.support.browser import ARGUMENTS
from tests.support.fakes import Fakes
from tests.support.served import served
from tests.support.tools import Tools


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Return one Chromium for all tests."""
    executable = await asyncio.to_thread(Tools.here().browser)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def fakes() -> Fakes:
    """Return the fakes behind the page."""
    return Fakes()


@pytest_asyncio.fixture(loop_scope="session")
async def url(fakes: Fakes) -> AsyncIterator[str]:
    """Return the page's address."""
    async with served(fakes) as url:
        yield url
