"""The pages in a real browser, and what is asked of all of them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, ConsoleMessage, Page, expect

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


@asynccontextmanager
async def visited(
    browser: Browser, url: str, *, scripts: bool = True, size: tuple[int, int] = SIZES[2]
) -> AsyncIterator[Page]:
    """Load a page; nothing in it may complain in the console."""
    context = await browser.new_context(
        java_script_enabled=scripts, viewport={"width": size[0], "height": size[1]}
    )
    page = await context.new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # That a mail's script is blocked, and a request fails on purpose, is as it should be.
        if message.type == "error" and not re.search("sandboxed|Failed to load", message.text):
            complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    yield page
    await context.close()
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
