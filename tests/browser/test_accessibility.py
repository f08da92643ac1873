"""The page for people who use a keyboard or a screen reader, judged by axe in the real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import SECOND, upload
from tests.serving import PATIENCE

TABS_TO_RECORD = 15  # presses of the tabulator; there is little above the button


def violations(page: Page) -> list[str]:
    """What axe finds wrong, a line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['impact']} {rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_tab_has_a_finding(open_page, app_url, theme):
    page = open_page(url=f"{app_url}/?__theme={theme}")
    for tab in page.get_by_role("tab").all():
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.locator(".empty:visible")).to_have_count(0)  # Gradio still fetches a plot
        assert violations(page) == []


def test_nor_has_a_recording_or_its_summary(open_page):
    page = open_page("speech")
    page.click("#microphone button.record-button")
    expect(page.locator("#live .status-text")).to_have_text("Speaking", timeout=PATIENCE * SECOND)
    assert violations(page) == []
    page.click("#microphone button.stop-button")
    expect(page.locator("#live .summary")).to_be_visible(timeout=PATIENCE * SECOND)
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nor_have_recordings(open_page, app_url, recordings, theme, width):
    page = open_page(url=f"{app_url}/?__theme={theme}")
    page.set_viewport_size({"width": width, "height": 900})
    upload(page, recordings["long"])
    expect(page.locator("#summary .emotion")).to_contain_text("Most", timeout=PATIENCE * SECOND)
    expect(page.locator("#segments tbody tr").nth(1)).to_be_visible()
    expect(page.locator("#progress p")).to_have_count(0)  # meanwhile the summary is pale
    assert violations(page) == []
    upload(page, *(recordings[name] for name in ("angry", "sad", "text", "silence")))
    expect(page.locator("#summary .emotion")).to_have_text(
        "4 recordings", timeout=PATIENCE * SECOND
    )
    expect(page.locator("#progress p")).to_have_count(0)
    expect(page.locator("#shares .main-svg").first).to_be_visible()
    assert violations(page) == []


def test_a_keyboard_records_and_stops(open_page):
    page = open_page("speech")
    page.locator("body").press("Tab")
    for _ in range(TABS_TO_RECORD):
        if page.evaluate("document.activeElement.classList.contains('record-button')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#live .status-text")).to_have_text("Speaking", timeout=PATIENCE * SECOND)
    page.locator("#microphone button.stop-button").press("Enter")
    expect(page.locator("#live .status-text")).to_have_text("Not recording")
