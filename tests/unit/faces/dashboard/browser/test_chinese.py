"""The status page in Chinese, while it lives."""

import pytest
from playwright.async_api import Browser, expect

from app.values.snapshot import AttemptStatus, Condition, DestinationSnapshot, DestinationState
from tests.support.browser import visited
from tests.support.fakes import Fakes, make_attempt

pytestmark = pytest.mark.asyncio(loop_scope="session")

BROKEN = DestinationSnapshot(
    "webhook", DestinationState.BROKEN, None, 2, 1, 0, 0, 0, 0, "no answer within 10 s"
)


async def test_what_arrives_later_is_chinese_as_well(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """States, sentences of the service, answers to a button, and what the scripts say."""
    async with visited(browser, f"{url}/?language=zh") as page:
        await expect(page.locator("#link")).to_have_text("实时")
        fakes.worker.change(
            problem="waiting for Kafka for 12 s",
            conditions=(Condition("clock", "", "no answer in time", 0.0),),
            destinations={"http://127.0.0.1/***": BROKEN},
        )
        fakes.attempts.add(
            make_attempt(1, status=AttemptStatus.RETRY, error="no answer within 10 s")
        )
        await expect(page.locator(".pill")).to_have_text("故障")
        await expect(page).to_have_title("故障 · Notification Worker")
        await expect(page.locator("#problem")).to_have_text("等待 Kafka 已 12 秒")
        await expect(page.locator("#warnings")).to_have_text("没有及时应答")
        await expect(page.locator("#destinations tbody")).to_contain_text("熔断")
        await expect(page.locator("#destinations tbody")).to_contain_text("10 秒内没有应答")
        await expect(page.locator("#deliveries tbody")).to_contain_text("待重试")
        await expect(page.locator("#deliveries tbody")).to_contain_text("10 秒内没有应答")
        await page.get_by_role("button", name="发送", exact=True).click()
        await expect(page.locator("#answer")).to_contain_text("测试通知已发布。")


async def test_the_page_fits_a_phone_in_chinese(browser: Browser, url: str) -> None:
    """Nothing is wider than the screen."""
    for path in ("/", "/dead-letters", "/history"):
        async with visited(browser, f"{url}{path}?language=zh", size=(390, 844)) as page:
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide == 390
