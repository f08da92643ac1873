"""What a person does on the page, for every test in the browser."""

from pathlib import Path

from playwright.sync_api import Page, expect

SECOND = 1000  # in the milliseconds of Playwright


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
        timeout=90 * SECOND,
    )


def saved(page: Page, button: str) -> Path:
    """The file that a button gives, found by its selector."""
    with page.expect_download() as download:
        page.click(button)
    return download.value.path()


def upload(page: Page, *paths: Path) -> None:
    page.get_by_role("tab", name="Recordings").click()
    clear = page.locator("#recordings button[aria-label=Clear]")
    if clear.is_visible():
        clear.click()
    page.set_input_files("#recordings input[type=file]", paths)
