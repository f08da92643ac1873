"""What a person does on the page, for every test in the browser."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.serving import PATIENCE

SECOND = 1000  # in the milliseconds of Playwright


def new_page(browser: Browser, **settings: Any) -> Page:
    """A page in a context of its own, which waits as long as a busy machine takes."""
    context = browser.new_context(**settings)
    context.set_default_timeout(PATIENCE * SECOND)
    return context.new_page()


def record(page: Page) -> None:
    page.click("#microphone button.record-button")


def stop(page: Page) -> None:
    page.click("#microphone button.stop-button")
    expect(page.locator(".status-text")).to_have_text("Not recording")


def plotted(page: Page) -> list[dict]:
    """The eight lines of the live plot: `x` in seconds, `y` the confidences, None in gaps."""
    return page.evaluate(
        "document.querySelector('.history').data.map(line => ({x: line.x, y: line.y}))"
    )


def wait_for_readings(page: Page, count: int) -> None:
    page.wait_for_function(
        "count => document.querySelector('.history').data[0].x.length >= count",
        arg=count,
        timeout=PATIENCE * SECOND,
    )


def wait_for_the_last(page: Page) -> None:
    """Wait for the answer to the last chunk: no reading has come for two seconds."""
    page.evaluate("window.still = {newest: null}")
    page.wait_for_function(
        """() => {
            const newest = document.querySelector('.history').data[0].x.at(-1);
            const now = performance.now();
            if (window.still.newest !== newest) window.still = {newest, since: now};
            return now - window.still.since > 2000;
        }""",
        timeout=PATIENCE * SECOND,
    )


def saved(page: Page, button: str) -> Path:
    """The file that a button gives, found by its selector."""
    with page.expect_download() as download:
        page.click(button)
    return download.value.path()


def saved_as_plotted(page: Page, button: str) -> Path:
    """The same of a recording that is over, with the readings that the plot shows."""
    for _ in range(20):
        before = plotted(page)
        path = saved(page, button)
        if plotted(page) == before:
            return path
    raise AssertionError("readings come without end")


def upload(page: Page, *paths: Path) -> None:
    page.get_by_role("tab", name="Recordings").click()
    clear = page.locator("#recordings button[aria-label=Clear]")
    if clear.is_visible():
        clear.click()
    page.set_input_files("#recordings input[type=file]", paths)
