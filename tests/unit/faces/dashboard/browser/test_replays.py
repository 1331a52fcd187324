"""Replaying dead letters on the page, in a real browser."""

import pytest
from playwright.async_api import Browser, Page, expect

from app.values.dead_letter import OtherGroup
from app.values.errors import BusyError
from app.values.replay import Replay, Selection
from app.values.snapshot import DestinationSnapshot, DestinationState, PartitionSnapshot
from tests.support.browser import LOW_CONTRAST, SIZES, opened, visited
from tests.support.fakes import Fakes, make_dead_letter
from tests.support.furnished import CAUSE, furnish_letters

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE = Selection(places=frozenset({(3, 14)}))
BOTH = Selection(places=frozenset({(3, 14), (3, 15)}), causes=frozenset({CAUSE}))


async def test_one_is_replayed_from_the_status_page(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Its plan, then its progress, without a reload until it has ended."""
    furnish_letters(fakes)
    async with opened(browser, url) as page:
        await page.get_by_role("link", name="Replay dead letter 3/14").click()
        await expect(page.get_by_role("heading", name="Replay what was ticked?")).to_be_visible()
        await expect(page.locator("main")).to_contain_text("10 of 12 will be sent again")
        await expect(page.locator("main")).to_contain_text("2 replayed before.")
        assert fakes.replayer.asked == [(ONE, "plan")]
        await page.get_by_role("spinbutton").fill("50")
        await page.get_by_role("button", name="Send again").click()
        state = page.locator("#replay")
        await expect(state).to_contain_text("Sending again: 0 of 10")
        assert page.url == f"{url}/dead-letters"
        assert fakes.replayer.asked == [(ONE, "plan"), (ONE, 50.0)]
        fakes.replayer.change(replayed=4)
        await expect(state).to_contain_text("Sending again: 4 of 10")
        await expect(page.get_by_role("progressbar")).to_have_attribute("value", "4")
        fakes.dead_letters.letters[1] = make_dead_letter("3/14", replayed="2026-01-01T12:00:00Z")
        fakes.replayer.change(state="done", replayed=10, ended="2026-01-01T12:00:05+00:00")
        await expect(state).to_contain_text("Last replay: 10 of 10 sent again")
        await expect(page.get_by_label("Dead letter 3/14")).to_have_count(0)


async def test_the_status_page_shows_a_replay_that_runs(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Whoever began it; its end is said, and its marks appear."""
    furnish_letters(fakes)
    fakes.replayer.progress = Replay(state="running", replayable=10, replayed=1, choice="all")
    async with opened(browser, url) as page:
        await expect(page.locator("#replay")).to_contain_text("Sending again: 1 of 10")
        fakes.dead_letters.letters[1] = make_dead_letter("3/14", replayed="2026-01-01T12:00:00Z")
        fakes.replayer.change(state="done", replayed=10, ended="2026-01-01T12:00:05+00:00")
        await expect(page.locator("#answer")).to_have_text("10 of 10 dead letters sent again.")
        await expect(page.locator("#dead-letters .replayed:visible")).to_have_count(2)
        await expect(page.get_by_role("link", name="Replay dead letter")).to_have_count(1)


async def test_what_is_ticked_is_counted_and_replayed(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Each, all of the page, all of a cause; by keyboard as well."""
    furnish_letters(fakes)
    async with visited(browser, f"{url}/dead-letters") as page:
        every = page.get_by_label("Choose every one on this page")
        ticked = page.locator("#ticked")
        await page.get_by_label("Dead letter 3/14").press("Space")
        await expect(ticked).to_have_text("1 ticked")
        await every.check()
        await expect(ticked).to_have_text("2 ticked")
        await page.get_by_label("All of webhook https://a/***: HTTP 400").check()
        await expect(ticked).to_have_text("2 ticked, all of 1 cause")
        await page.get_by_role("button", name="Replay what is ticked …").press("Enter")
        await expect(page.get_by_role("heading", name="Replay what was ticked?")).to_be_visible()
        await page.get_by_role("link", name="Cancel").click()
        await every.check()
        await every.uncheck()
        await expect(ticked).to_have_text("")
        await page.get_by_role("button", name="Replay what is ticked …").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing is chosen")
    assert fakes.replayer.asked == [(BOTH, "plan")]


async def test_what_cannot_be_done_is_said(browser: Browser, fakes: Fakes, url: str) -> None:
    """A second replay, and one that fails."""
    furnish_letters(fakes)
    async with visited(browser, f"{url}/dead-letters/plan?id=3/14") as page:
        fakes.replayer.error = BusyError("a replay is under way; wait for its end")
        await page.get_by_role("button", name="Send again").click()
        await expect(page.get_by_role("alert")).to_contain_text("under way")
        fakes.replayer.error = None
        await page.goto(f"{url}/dead-letters/plan?id=3/14")
        await page.get_by_role("button", name="Send again").click()
        await fakes.replayer.begun.wait()
        fakes.replayer.change(state="failed", error="Kafka refused", ended="2026-01-01T12:00:05Z")
        await expect(page.locator("#replay")).to_contain_text("The last replay ended early")
        await expect(page.locator("#replay")).to_contain_text("Kafka refused")


@pytest.mark.parametrize("path", ["/dead-letters", "/dead-letters/plan?id=3/14"])
async def test_the_pages_fit_and_can_be_read(
    browser: Browser, fakes: Fakes, url: str, path: str
) -> None:
    """On a phone and a desk, in light and dark."""
    furnish_letters(fakes)
    fakes.dead_letters.others = [OtherGroup("theirs", 5, "2026-01-01T12:00:00+00:00")]
    for size in SIZES:
        async with visited(browser, f"{url}{path}", size=size) as page:
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= size[0]
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)
                assert await page.evaluate(LOW_CONTRAST) == []


async def test_it_works_without_scripts(browser: Browser, fakes: Fakes, url: str) -> None:
    """Search, plan and replay are links and forms."""
    furnish_letters(fakes)
    async with visited(browser, f"{url}/dead-letters", scripts=False) as page:
        await page.get_by_role("searchbox", name="Text").fill("AAPL")
        await page.get_by_role("button", name="Search").click()
        await page.get_by_label("Dead letter 3/14").check()
        await page.get_by_role("button", name="Replay what is ticked …").click()
        await page.get_by_role("button", name="Send again").click()
        await expect(page.locator("#replay")).to_contain_text("Sending again: 0 of 10")
    assert fakes.replayer.asked == [(ONE, "plan"), (ONE, None)]
    assert fakes.dead_letters.asked[1].query == "AAPL"


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
