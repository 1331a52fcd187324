"""The page in a real browser: live, by keyboard, at every width, in light and dark."""

import re
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Request, expect

from app.faces.api.examples import FLEET
from app.faces.dashboard import formats
from app.faces.dashboard.templates import marked
from app.values.errors import KafkaUnavailableError
from app.values.note import Note
from app.values.snapshot import (
    Condition,
    Counts,
    DestinationState,
    PartitionSnapshot,
    Status,
)
from tests.support.browser import LOW_CONTRAST, SIZES, agree, opened
from tests.support.fakes import SNAPSHOT, Fakes, make_attempt, make_dead_letter
from tests.support.furnished import DISCORD, card, destination, furnish

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
WARNING = Condition("topic_unread", "a", "Nobody reads a.", 1.0)
STOPS = Condition("topic_away", "b", "The topic b is away.", 2.0, stops_work=True)


async def test_figures_change_without_a_reload(browser: Browser, fakes: Fakes, url: str) -> None:
    """What the worker does is on the page at once."""
    async with opened(browser, url) as page:
        fakes.worker.change(
            messages_consumed=1234,
            success_rate=0.972,
            destinations={DISCORD: destination(DestinationState.BROKEN, "500")},
            partitions=(PartitionSnapshot("notifications", 0, 5, 4, 9, 5, 1),),
        )
        overview = page.locator("#overview")
        await expect(overview.get_by_text("1,234")).to_be_visible()
        await expect(overview.get_by_text("97.2%")).to_be_visible()
        await expect(page.locator("#destinations tbody")).to_contain_text("broken")
        await expect(page.locator("#partitions tbody")).to_contain_text("notifications/0")
        await expect(page.locator("#report")).to_contain_text("Messages Consumed:    1,234")
        await expect(page.locator(".pill")).to_have_text("FAILING")
        fakes.worker.change(paused=True, destinations={})
        await expect(page.locator(".pill")).to_have_text("PAUSED")
        await expect(page).to_have_title("PAUSED · Notification Worker")
        await expect(page.locator("#icon")).to_have_attribute("href", re.compile("/icon.svg$"))
        fakes.worker.change(problem="It does not move.")
        await expect(page.locator(".pill")).to_have_text("PROBLEM")
        await expect(page).to_have_title("PROBLEM · Notification Worker")
        await expect(page.locator("#icon")).to_have_attribute("href", re.compile("icon-problem"))
        await expect(page.locator("#problem")).to_have_text("It does not move.")
        await expect(page.locator("#warnings")).to_be_hidden()
        fakes.worker.change(conditions=(WARNING, STOPS))
        await expect(page.locator("#warnings")).to_have_text(WARNING.text)
        fakes.worker.change(conditions=())
        await expect(page.locator("#warnings")).to_be_hidden()
        fakes.worker.change(paused=False, problem=None, destinations={})
        await expect(page.locator("#problem")).to_have_text("")
        await expect(page.locator("#destinations .empty")).to_be_visible()


async def test_the_uptime_goes_on_while_nothing_changes(browser: Browser, url: str) -> None:
    """An idle worker's figures are not sent again, and the clock runs all the same."""
    async with opened(browser, url) as page:
        uptime = page.locator('#overview [data-f="uptime_seconds"]')
        later = re.compile(r"2h 1(5m 3[2-9]|5m [45]\d|[6-9]m \d+)s")  # it began at 2h 15m 30s
        await expect(uptime).to_have_text(later)


async def test_deliveries_appear_and_are_filtered(browser: Browser, fakes: Fakes, url: str) -> None:
    """The newest stands first; what the filter leaves out does not appear."""
    fakes.attempts.add(make_attempt(1, content="from before"))
    async with opened(browser, url) as page:
        rows = page.locator("#deliveries tbody tr")
        await expect(rows).to_have_count(1)
        fakes.attempts.add(make_attempt(2, content="just now", title=HOSTILE))
        await expect(rows.first).to_contain_text("just now")
        await expect(rows.first).to_contain_text(HOSTILE)
        await page.get_by_label("Status", exact=True).select_option("rejected")
        await expect(page.get_by_text("No recent delivery matches this filter.")).to_be_visible()
        assert page.url == f"{url}/?status=rejected"
        fakes.attempts.add(make_attempt(3, content="fine"))
        fakes.attempts.add(make_attempt(4, content="refused", status="rejected", error="400"))
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("refused")
        await expect(page).to_have_title("RUNNING · Notification Worker")


async def test_the_table_keeps_the_newest(browser: Browser, fakes: Fakes, url: str) -> None:
    """A page that is open all day does not grow, and a row under the pointer stays."""
    async with opened(browser, url) as page:
        rows = page.locator("#deliveries tbody tr")
        for number in range(1, 41):
            fakes.attempts.add(make_attempt(number, content=f"number {number}."))
        await expect(rows.first).to_contain_text("number 40.")
        await expect(rows).to_have_count(25)
        await rows.nth(3).hover()
        await expect(page.get_by_role("heading", name="Recent deliveries")).to_be_visible()
        fakes.attempts.add(make_attempt(41, content="number 41."))
        fakes.worker.change(messages_consumed=41)  # sent after the attempt, so both have arrived
        await expect(page.locator("#overview").get_by_text("41")).to_be_visible()
        await expect(rows.first).to_contain_text("number 40.")
        await page.mouse.move(0, 0)
        await expect(rows.first).to_contain_text("number 41.")


async def test_the_worker_is_controlled_by_keyboard(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Buttons are reached with Tab, pressed with Enter, and say what they did."""
    async with opened(browser, url) as page:
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        for name in ("Status", "Destinations", "History", "Dead letters"):
            await page.keyboard.press("Tab")
            await expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
        await page.keyboard.press("Tab")
        stop = page.get_by_role("button", name="Stop")
        await expect(stop).to_be_focused()
        assert await stop.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(stop).to_be_focused()
        assert fakes.worker.stops == []
        for key in ("Enter", "Tab", "Enter"):
            await page.keyboard.press(key)
        await expect(page.locator("#answer")).to_contain_text("Worker stopped.")
        await expect(page.locator(".pill")).to_have_text("STOPPED")
        await expect(stop).to_be_disabled()
        assert fakes.worker.stops == [True]
        await page.get_by_role("button", name="Start").click()
        await expect(page.locator("#answer")).to_have_text("Worker started.")
        for name in ("Pause", "Resume"):
            await page.get_by_role("button", name=name).click()
            if name == "Pause":
                await agree(page)
            await expect(page.locator("#answer")).to_contain_text(name)


async def test_test_notifications_are_sent(browser: Browser, fakes: Fakes, url: str) -> None:
    """The form's values arrive; warnings and failures are said in words."""
    async with opened(browser, url) as page:
        answer = page.locator("#answer")
        await page.get_by_label("Type").select_option("trading")
        await page.get_by_label("Count").fill("7")
        await page.get_by_role("button", name="Send").click()
        await expect(answer).to_have_text("Test notifications published.")
        assert fakes.publisher.tests == [("trading", 7, 0)]
        await page.get_by_label("Delay").fill("0.5")
        await page.get_by_label("Delay").press("Enter")
        await expect(answer).to_contain_text("one after the other")
        fakes.publisher.warning = "There is no mail server."
        await page.get_by_role("button", name="Send").click()
        await expect(answer).to_have_text("There is no mail server.")
        fakes.publisher.error = KafkaUnavailableError("no broker answers")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("alert").filter(has_text="no broker")).to_be_visible()


async def test_the_inbox_shows_what_came_in(browser: Browser, fakes: Fakes, url: str) -> None:
    """Cards look alike whether the service or a script made them; nothing in them runs."""
    async with opened(browser, url) as page:
        furnish(fakes)
        fakes.inbox.received.append(
            card(4, "feishu", title="**t**", text="**as it is**", fields=(("n", "**v**"),))
        )
        fakes.inbox.received.append(card(5, "discord", title=HOSTILE, text="**b** `c`"))
        fakes.attempts.add(make_attempt(99))
        cards = page.locator("#inbox .card")
        await expect(cards).to_have_count(5)
        await expect(cards.nth(1)).to_contain_text("**as it is**")
        await expect(cards.nth(1)).to_contain_text("**v**")
        await expect(cards.nth(1).locator(".app")).to_have_text("feishu")
        await expect(cards.first).to_contain_text(HOSTILE)
        await expect(cards.first.locator("strong").last).to_have_text("b")
        normalised = "e => e.outerHTML.replace(/\\s+/g, ' ').replace(/> | </g, (s) => s.trim())"
        by_script = [await each.evaluate(normalised) for each in await cards.all()]
        await page.reload()
        await expect(page.locator("#link")).to_have_text("Live")
        by_service = [await each.evaluate(normalised) for each in await cards.all()]
        assert by_script == by_service
        bar = await cards.first.locator(".embed").evaluate(
            "e => getComputedStyle(e).borderLeftColor"
        )
        assert bar == "rgb(255, 0, 0)"
        mail = page.locator(".mail")
        await mail.get_by_text("HTML version").click()
        await expect(mail.frame_locator("iframe").get_by_text("Hello")).to_be_visible()
        await expect(page).to_have_title("PROBLEM · Notification Worker")
        await page.get_by_role("button", name="Slow").click()
        await expect(page.get_by_role("button", name="Slow")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert fakes.inbox.behaviour == "slow"
        await page.get_by_role("button", name="Clear").click()
        await agree(page)
        await expect(page.locator("#inbox .empty")).to_be_visible()


async def test_dead_letters_appear(browser: Browser, fakes: Fakes, url: str) -> None:
    """They are read when there is a new one, with a link to the full text."""
    async with opened(browser, url) as page:
        fakes.dead_letters.letters.append(make_dead_letter("3/14", error="content: missing"))
        fakes.worker.change(messages_dead_lettered=1)
        rows = page.locator("#dead-letters tbody tr")
        await expect(rows).to_contain_text("content: missing")
        link = rows.get_by_role("link", name="Full text of dead letter 3/14")
        await expect(link).to_have_attribute("href", "/dead-letters/3/14")
        fakes.dead_letters.error = KafkaUnavailableError("no broker answers")
        fakes.worker.change(messages_dead_lettered=2)
        await expect(page.locator("#dead-letters .note")).to_contain_text("could not be read")


async def test_workers_come_and_go_without_a_reload(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """This one is marked and first; others have links to their pages."""
    fakes.fleet = FLEET
    async with opened(browser, url) as page:
        rows = page.locator("#fleet tbody tr")
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("this worker")
        other = replace(
            FLEET.workers[0],
            id="another:1:0001",
            host="another",
            address="http://127.0.0.1:1",
            paused=True,
            partitions={"notifications": (1, 3, 4, 5)},
        )
        fakes.fleet = replace(FLEET, workers=(other, *FLEET.workers), unknown="Kafka is away")
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("this worker")
        await expect(rows.last).to_contain_text("PAUSED")
        await expect(rows.last).to_contain_text("1, 3–5")
        await expect(rows.last.get_by_text("this worker")).to_be_hidden()
        assert await rows.last.locator("a").get_attribute("href") is None
        assert await rows.first.locator("a").get_attribute("href") == "http://10.0.0.11:8000/"
        await expect(page.locator("#fleet tfoot")).to_contain_text("1,234")
        await expect(page.locator("#fleet .note")).to_contain_text("Kafka is away")


async def test_a_lost_connection_is_shown_and_mended(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """What is old never looks live, and the page comes back by itself."""
    async with opened(browser, url) as page:
        await page.route("**/events", lambda route: route.abort())
        fakes.service.closing.set()
        await expect(page.locator("#lost")).to_contain_text("Connection to the service lost.")
        await expect(page.locator("#link")).to_have_text("Not live")
        await expect(page).to_have_title("No connection · Notification Worker")
        pill = "getComputedStyle(document.querySelector('.pill')).filter"
        assert await page.evaluate(pill) == "grayscale(1)"
        fakes.service.closing.clear()
        fakes.worker.change(messages_consumed=5678)
        await page.unroute("**/events")
        await expect(page.locator("#link")).to_have_text("Live")
        await expect(page.locator("#lost")).to_have_text("")
        await expect(page.locator("#overview").get_by_text("5,678")).to_be_visible()


async def test_charts_show_the_past_and_the_present(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """Bars are there for attempts from before the page was opened, and for those made since."""
    fakes.rates.add("hook", time.time() - 100, 0.02, accepted=True)
    fakes.worker.change(channels={"discord": Counts(messages_sent=10)})
    async with opened(browser, url) as page:
        accepted = page.locator('[data-chart="throughput"] path.accepted')
        lost = page.locator('[data-chart="throughput"] path.lost')
        median = page.locator('[data-chart="latency"] path.median')
        await expect(accepted).to_have_attribute("d", re.compile(r"^M[^M]+$"))
        await expect(median).to_have_attribute("d", re.compile(r"^M[^M]+$"))
        counts = Counts(messages_sent=30, messages_failed=4)
        fakes.worker.change(channels={"discord": counts})
        fakes.attempts.add(make_attempt(2, duration=0.2))
        await expect(accepted).to_have_attribute("d", re.compile("M.*M"))
        await expect(lost).to_have_attribute("d", re.compile("M"))
        await expect(median).to_have_attribute("d", re.compile("M.*M"))
        await page.get_by_role("button", name="1 h").click()
        await expect(page.locator('[data-chart="latency"] svg')).to_contain_text("−60 min")
        box = await page.locator('[data-chart="throughput"] svg').bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 40)
        tip = page.locator('[data-chart="throughput"] output')
        await expect(tip).to_contain_text("/s accepted")
        # Not laid out, it has no width: nothing is drawn, and nothing complains.
        await page.mouse.move(0, 0)
        await page.locator("#charts").evaluate("(charts) => { charts.style.display = 'none'; }")
        await page.locator('[data-minutes="5"]').dispatch_event("click")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("full", [True, False], ids=["full", "empty"])
async def test_it_is_readable_everywhere(
    browser: Browser, fakes: Fakes, url: str, scheme: str, full: bool
) -> None:
    """No width scrolls sideways, every text has the contrast of WCAG AA, nothing comes from afar."""
    if full:
        furnish(fakes)
    async with opened(browser, url) as page:
        asked: list[str] = []

        def note(request: Request) -> None:
            asked.append(request.url)

        page.on("request", note)
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await page.reload()
        await expect(page.locator("#link")).to_have_text("Live")
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
            assert await page.evaluate(LOW_CONTRAST) == []
        assert all(each.startswith((url, "about:")) for each in asked)


async def test_everything_works_without_scripts(browser: Browser, fakes: Fakes, url: str) -> None:
    """Buttons are forms, answers are on the page that comes back, charts are numbers."""
    furnish(fakes)
    async with opened(browser, url, scripts=False) as page:
        await expect(page.locator('[data-chart="latency"]')).to_contain_text("12 ms median")
        await expect(page.locator("svg").first).to_be_hidden()
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_role("main")).to_contain_text("Pause this worker?")
        await page.get_by_role("link", name="Cancel").click()
        await expect(page.get_by_role("button", name="Pause")).to_be_enabled()
        await page.get_by_role("button", name="Pause").click()
        await page.get_by_role("main").get_by_role("button", name="Pause").click()
        await expect(page.locator("#answer")).to_contain_text("Paused")
        await expect(page.locator(".pill")).to_have_text("PROBLEM")
        await page.get_by_label("Count").fill("3")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator("#answer")).to_have_text("Test notifications published.")
        assert fakes.publisher.tests == [("webhook", 3, 0)]
        await page.get_by_label("Status", exact=True).select_option("retry")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator("#deliveries tbody tr")).to_have_count(4)
        await page.get_by_role("button", name="Errors").click()
        assert fakes.inbox.behaviour == "error"
        await page.get_by_role("link", name="Stop refreshing").click()
        await expect(page.get_by_role("link", name="Refresh every 10 s")).to_be_visible()


async def test_scripts_format_as_the_service_does(browser: Browser, url: str) -> None:
    """A figure does not change its form when the first event arrives."""
    now = datetime.now(UTC)
    values: dict[str, list[object]] = {
        "text": ["RUNNING", None, "", "a\u202eb\x1b[2J\r\nc\td\ufeff \u200d \u2066"],
        "number": [0, 7, 1234, 1234567],
        "percent": [0, 0.5, 0.97249, 0.99999, 1],
        "rate": [0, 0.01, 0.254, 1, 3.24, 99.9, 100, 1234.4],
        "took": [0.0004, 0.001, 0.0123, 0.999, 0.9996, 1.52, 9.9, 10, 90.2],
        "uptime": [0, 59.9, 3600, 8130.9, 360_000],
        "clock": [now.isoformat(), (now - timedelta(days=40)).isoformat()],
        "state": ["rate_limited", "open"],
        "said": [f"{DISCORD}: 404", "no answer within 10 s", None],
        "texts": [["a", "b"], []],
        "place": [DISCORD, "http://127.0.0.1:4/***", "smtp://mail:587", f"webhook {DISCORD}"],
        "places": [[DISCORD, "b"], []],
        "notes": [[], [Note("color", "is no colour"), Note("", "was cut")]],
        "warnings": [[], [WARNING, STOPS, WARNING], [STOPS]],
    }  # fmt: skip
    assert values.keys() == formats.FORMATS.keys()
    async with opened(browser, url) as page:
        show = """async ([values, script]) => {
          const { show } = await import(script);
          return Object.entries(values).map(([form, each]) => each.map((v) => show(v, form)));
        }"""
        script = await page.locator("script").get_attribute("src")
        assert script
        module = script.replace("page.js", "format.js")
        shown = await page.evaluate(show, [msgspec.to_builtins(values), module])
        expected = [
            [formats.show(tuple(v) if isinstance(v, list) else v, form) for v in each]
            for form, each in values.items()
        ]
        assert shown == expected
        texts = ["a **b** *c* `d` <e>", "2 * 3", "**over\nlines**", "", "**\u202ea** \x1b"]
        mark = """async ([texts, script]) => {
          const { marked } = await import(script);
          return texts.map((text) => {
            const element = document.createElement("p");
            element.append(...marked(text));
            return element.innerHTML;
          });
        }"""
        assert await page.evaluate(mark, [texts, module]) == [str(marked(each)) for each in texts]


async def test_a_stopped_worker_can_be_started_from_the_page(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """The state at the time of loading decides which buttons can be pressed."""
    fakes.worker.state = msgspec.structs.replace(
        SNAPSHOT, status=Status.STOPPED, is_running=False, partitions=()
    )
    async with opened(browser, url) as page:
        await expect(page.get_by_role("button", name="Stop")).to_be_disabled()
        await page.get_by_role("button", name="Start").click()
        await expect(page.locator(".pill")).to_have_text("RUNNING")


async def test_what_is_done_appears_with_who_did_it(
    browser: Browser, fakes: Fakes, url: str
) -> None:
    """By whomever: on every page that is open, newest first, and no more than fit."""
    fakes.deeds.add("deploy", "Recipients and templates were read anew.")
    async with opened(browser, url) as page:
        deeds = page.locator("#deeds li")
        await expect(deeds).to_have_count(1)
        await expect(deeds).to_contain_text("deploy Recipients and templates were read anew.")
        await page.get_by_role("button", name="Pause").click()
        await agree(page)
        await expect(deeds.first).to_contain_text("this machine Fetching was paused.")
        for number in range(10):
            fakes.deeds.add("ops", f"Deed {number}.")
        await expect(deeds.first).to_contain_text("ops Deed 9.")
        await expect(deeds).to_have_count(8)
