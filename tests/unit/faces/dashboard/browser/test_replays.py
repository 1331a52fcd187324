"""Replaying dead letters on the page, in a real browser."""

import pytest
from playwright.async_api import Browser, Page, expect

from app.values.errors import BusyError, KafkaUnavailableError
from app.values.outcome import Reason
from app.values.replay import Replay, Selection
from app.values.snapshot import DestinationSnapshot, DestinationState, PartitionSnapshot
from tests.support.browser import opened
from tests.support.fakes import Fakes, make_dead_letter

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONE = Selection(places=frozenset({(3, 14)}))
EXPIRED = Selection(reason=Reason.EXPIRED)


def furnish(fakes: Fakes) -> None:
    """Put two dead letters into the topic, one of them replayed, and a plan for the other."""
    fakes.dead_letters.letters = [
        make_dead_letter("0/7", replayed="2026-01-01T12:00:00+00:00"),
        make_dead_letter("3/14"),
    ]
    fakes.replayer.planned = Replay(state="planned", selected=12, replayable=10, already=2)


async def test_one_is_replayed(browser: Browser, fakes: Fakes, url: str) -> None:
    """Its plan, its progress and its mark appear, and the page stays where it is."""
    furnish(fakes)
    async with opened(browser, url) as page:
        await page.get_by_role("button", name="Replay dead letter 3/14").click()
        plan = page.get_by_role("region", name="Replay dead letter 3/14?")
        await expect(plan).to_contain_text("10 of 12 will be sent again")
        await expect(plan).to_contain_text("2 replayed before.")
        await expect(plan.get_by_text("expired")).to_be_hidden()
        assert fakes.replayer.asked == [(ONE, "plan")]
        await plan.get_by_role("button", name="Send again").click()
        await expect(plan).to_be_hidden()
        state = page.locator("#replay")
        await expect(state).to_contain_text("Sending again: 0 of 10")
        assert fakes.replayer.asked == [(ONE, "plan"), (ONE, None)]
        fakes.replayer.change(replayed=4)
        await expect(state).to_contain_text("Sending again: 4 of 10")
        await expect(page.get_by_role("progressbar")).to_have_attribute("value", "4")
        fakes.dead_letters.letters[1] = make_dead_letter("3/14", replayed="2026-01-01T12:00:00Z")
        fakes.replayer.change(state="done", replayed=10, ended="2026-01-01T12:00:05+00:00")
        await expect(state).to_contain_text("Last replay: 10 of 10 sent again")
        await expect(page.locator("#answer")).to_have_text("10 of 10 dead letters sent again.")
        await expect(page.locator("#dead-letters .replayed:visible")).to_have_count(2)
        await expect(page.get_by_role("button", name="Replay dead letter")).to_have_count(0)
        assert page.url == f"{url}/"


async def test_all_of_a_reason_are_chosen_by_keyboard(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """The plan has the focus when it appears; who cancels is back where it came from."""
    furnish(fakes)
    async with opened(browser, url) as page:
        await page.get_by_label("Which dead letters").select_option("expired")
        button = page.get_by_role("button", name="Replay all")
        await button.press("Enter")
        heading = page.get_by_role("heading", name="Replay all with the reason expired?")
        await expect(heading).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Send again")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(heading).to_be_hidden()
        await expect(button).to_be_focused()
        await button.press("Enter")
        await page.keyboard.press("Tab")
        await page.get_by_role("button", name="Send again").press("Enter")
        await expect(page.locator("#replay")).to_contain_text("Sending again")
    assert fakes.replayer.asked == [(EXPIRED, "plan"), (EXPIRED, "plan"), (EXPIRED, None)]


async def test_what_cannot_be_done_is_said(browser: Browser, fakes: Fakes, url: str) -> None:
    """A plan of nothing, a second replay, Kafka away, a replay that fails."""
    furnish(fakes)
    async with opened(browser, url) as page:
        answer, all_of_them = page.locator("#answer"), page.get_by_role("button", name="Replay all")
        fakes.replayer.error = KafkaUnavailableError("no broker answers")
        await all_of_them.click()
        await expect(answer).to_contain_text("no broker answers")
        fakes.replayer.error = None
        await all_of_them.click()
        send = page.get_by_role("button", name="Send again")
        await expect(send).to_be_enabled()
        fakes.replayer.error = BusyError("a replay is under way; wait for its end")
        await send.click()
        await expect(answer).to_contain_text("under way")
        fakes.replayer.error = None
        fakes.replayer.planned = Replay(state="planned", selected=2, already=2)
        await all_of_them.click()
        await expect(send).to_be_disabled()
        fakes.replayer.planned = Replay(state="planned", selected=2, replayable=2)
        await all_of_them.click()
        await send.click()
        await fakes.replayer.begun.wait()
        fakes.replayer.change(state="failed", error="Kafka refused", ended="2026-01-01T12:00:05Z")
        await expect(page.locator("#replay")).to_contain_text("The last replay ended early")
        await expect(page.locator("#replay")).to_contain_text("Kafka refused")


async def test_it_works_without_scripts(browser: Browser, fakes: Fakes, url: str) -> None:
    """Links to plans, a form to do them, and marks on the page that comes back."""
    furnish(fakes)
    async with opened(browser, f"{url}/?q=AAPL", scripts=False) as page:
        await expect(page.locator("#plan")).to_be_hidden()
        await page.get_by_role("button", name="Replay dead letter 3/14").click()
        await expect(page.locator("#plan")).to_contain_text("10 of 12 will be sent again")
        await page.get_by_role("link", name="Cancel").click()
        await expect(page.locator("#plan")).to_be_hidden()
        await expect(page.get_by_label("Text")).to_have_value("AAPL")
        await page.get_by_label("Which dead letters").select_option("expired")
        await page.get_by_role("button", name="Replay all").click()
        await page.get_by_role("button", name="Send again").click()
        await expect(page.locator("#answer")).to_contain_text("The replay has begun")
        await expect(page.locator("#replay")).to_contain_text("Sending again: 0 of 10")
    assert fakes.replayer.asked == [(ONE, "plan"), (EXPIRED, "plan"), (EXPIRED, None)]


async def test_broken_destinations_can_be_asked_again(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Resume is of use while one is broken, and says so."""

    async def resumable(page: Page) -> bool:
        return await page.get_by_role("button", name="Resume").is_enabled()

    async with opened(browser, url) as page:
        assert not await resumable(page)
        broken = DestinationSnapshot(
            "discord", DestinationState.BROKEN, None, 0, 0, 0, 0, 0, 0, "500"
        )
        fakes.worker.change(destinations={"https://a.example/***": broken})
        resume = page.get_by_role("button", name="Resume")
        await expect(resume).to_be_enabled()
        await expect(resume).to_have_attribute(
            "title", "Fetch again, and ask broken, denied and gone destinations again at once"
        )
        await resume.click()
        await expect(page.locator("#answer")).to_contain_text("broken destinations are asked again")


async def test_what_is_deferred_is_shown_where_there_is_something(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Figures that are nought most of the time do not stand in the way."""
    async with opened(browser, url) as page:
        overview = page.locator("#overview")
        for words in ("Deferred", "Not due", "Skipped", "Missed"):
            await expect(overview.get_by_text(words)).to_be_hidden()
        fakes.worker.change(
            messages_deferred=12,
            deferred_waiting=34,
            messages_skipped=56,
            messages_missed=78,
            partitions=(
                PartitionSnapshot("notifications", 0, 5, 5, 5, 0, 0),
                PartitionSnapshot("retry.group.30s", 0, 5, 5, 39, 0, 0),
                PartitionSnapshot("retry.group.10m", 0, 5, 5, 5, 0, 0),
            ),
        )
        for words, figure in (("Deferred", 12), ("Not due", 34), ("Skipped", 56), ("Missed", 78)):
            await expect(overview.get_by_text(words)).to_be_visible()
            await expect(overview.get_by_text(str(figure), exact=True)).to_be_visible()
        rows = page.locator("#partitions tbody tr")
        await expect(rows).to_have_count(2)
        name = page.get_by_role("rowheader", name="retry 30s/0 34 not due")
        await expect(name).to_be_visible()
        shown = await page.locator("#partitions").inner_text()
        await page.reload()
        await expect(page.locator("#link")).to_have_text("Live")
        assert await page.locator("#partitions").inner_text() == shown
