"""The pages in a real browser, and what is asked of all of them."""

import functools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from weakref import WeakKeyDictionary

from playwright.async_api import Browser, ConsoleMessage, Error, Page, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # as behind a closed network
]
SIZES = [(360, 740), (768, 1024), (1440, 900)]

# For every text on the page: its contrast with what stands behind it, if that is too low.
LOW_CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (css) => css.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("noscript, template, button:disabled")) continue;
    const style = getComputedStyle(element);
    const text = light(parse(element.closest("svg") ? style.fill : style.color));
    const ground = light(behind(element));
    const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (ratio < 4.5) low.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return low;
}"""


_kept: WeakKeyDictionary[Browser, Page] = WeakKeyDictionary()


@asynccontextmanager
async def visited(
    browser: Browser, url: str, *, scripts: bool = True, size: tuple[int, int] = SIZES[2]
) -> AsyncIterator[Page]:
    """Load a page; nothing in it may complain in the console.

    With scripts, all visits are to one tab, one after the other: a new one costs a new process,
    three times as much. Each test's page has a port of its own, so the tab remembers nothing of it.
    """
    page = _kept.pop(browser, None) if scripts else None
    if page is None:
        page = await (await browser.new_context(java_script_enabled=scripts)).new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # That a mail's script is blocked, and a request fails on purpose, is as it should be.
        if message.type == "error" and not re.search("sandboxed|Failed to load", message.text):
            complaints.append(message.text)

    def fail(error: Error) -> None:
        complaints.append(str(error))

    page.on("console", complain)
    page.on("pageerror", fail)
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.goto(url)
    yield page
    await page.goto("about:blank")
    page.remove_listener("console", complain)
    page.remove_listener("pageerror", fail)
    if scripts:
        await page.emulate_media(color_scheme="light")
        _kept[browser] = page
    else:
        await page.context.close()
    assert complaints == []


@asynccontextmanager
async def opened(
    browser: Browser, url: str, *, scripts: bool = True, size: tuple[int, int] = SIZES[2]
) -> AsyncIterator[Page]:
    """Open the status page; with scripts, it is live then."""
    async with visited(browser, url, scripts=scripts, size=size) as page:
        if scripts:
            await expect(page.locator("#link")).to_have_text("Live")
        yield page


async def agree(page: Page) -> None:
    """Answer the question that stands before what is stopped, paused or forgotten."""
    await page.get_by_role("dialog").get_by_role("button").last.click()


@functools.cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


async def barriers(page: Page) -> list[str]:
    """Return what axe finds on a page that is serious or critical, with the elements."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    found = await page.evaluate(
        """axe.run({ resultTypes: ["violations"], elementRef: false }).then(({ violations }) =>
          violations.map(({ id, impact, nodes }) => [impact, id, nodes.map((each) => each.html)]))"""
    )
    return [
        f"{impact}: {rule}: {element}"
        for impact, rule, elements in found
        for element in elements
        if impact in {"serious", "critical"}
    ]
