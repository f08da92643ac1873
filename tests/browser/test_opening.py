"""What is seen while the page opens, and where its faces come from."""

import re

import httpx
import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

from app.emotions import EMOTIONS
from tests.browser.steps import SECOND, new_page
from tests.conftest import ROOT
from tests.serving import PATIENCE, app_running

MOST_SHIFT = 0.05
FONT = ROOT / "assets" / "emoji" / "noto-color-emoji-8.woff2"

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const moved = entry.sources.map(({node}) => node?.id || node?.className || node?.nodeName);
    window.shifts.push([entry.value, String(moved)]);
  }
}).observe({type: "layout-shift", buffered: true});
"""

# The colours of a text drawn at 40 pixels, in the page's font.
COLOURS = """
(text) => {
  const canvas = document.createElement("canvas");
  const ink = canvas.getContext("2d");
  ink.font = `40px ${getComputedStyle(document.querySelector(".gradio-container")).fontFamily}`;
  ink.fillText(text, 10, 60);
  const {data} = ink.getImageData(0, 0, 80, 80);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200) colours.add([0, 1, 2].map((part) => data[i + part] >> 5).join());
  return colours.size;
}
"""


@pytest.fixture(scope="module")
def served(app_url):
    """The page's HTML, as a crawler gets it."""
    return httpx.get(app_url).text


def test_a_link_has_our_card_without_any_script(served, app_url):
    tags = re.findall(r'<meta (?:property|name)="([\w:]+)" content="([^"]*)"', served)
    card = dict(tags)
    assert len(card) == len(tags), "no tag stands twice"
    assert card["og:title"] == card["twitter:title"] == "Undertone"
    assert "must not be used to judge people" in card["og:description"]
    assert card["og:url"] == f"{app_url}/"
    assert "<title>Undertone</title>" in served
    assert "Click to try out the app" not in served
    picture = httpx.get(card["og:image"])
    assert picture.headers["content-type"] == "image/png"


def test_the_card_of_a_page_behind_a_proxy_names_its_public_address(app_url):
    headers = {"x-forwarded-host": 'voices.example"><script>', "x-forwarded-proto": "https"}
    tags = httpx.get(app_url, headers=headers).text
    assert '"><script>' not in tags.partition("<style>")[0]
    headers["x-forwarded-host"] = "voices.example"
    assert 'content="https://voices.example/public/page.png"' in httpx.get(
        app_url, headers=headers
    ).text  # fmt: skip


def test_the_title_is_there_before_the_scripts(browser, app_url):
    page = new_page(browser)
    page.route("**/*.js", lambda route: None)  # Gradio's scripts never come
    page.goto(app_url, wait_until="commit")
    expect(page.get_by_role("heading", name="Undertone")).to_be_visible()
    assert "Loading" not in page.inner_text("body")


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_moves_while_the_page_opens(browser, app_url, width):
    page = new_page(browser, viewport={"width": width, "height": 850})
    page.add_init_script(WATCH_SHIFTS)
    page.goto(app_url)
    page.wait_for_selector("#live .history .main-svg")
    expect(page.locator("#opening")).to_have_count(0)
    page.wait_for_timeout(1.5 * SECOND)
    shifts = page.evaluate("shifts")
    assert sum(value for value, _ in shifts) < MOST_SHIFT, shifts


def test_a_page_with_a_password_asks_for_it_at_once(browser):
    with app_running("--auth", "ada:lovelace") as (url, _):
        page = new_page(browser)
        page.goto(url)
        page.locator("input[type=password]").fill("lovelace")
        page.get_by_label("username").fill("ada")
        page.get_by_role("button", name="Login").click()
        expect(page.get_by_role("button", name="Record")).to_be_visible(timeout=PATIENCE * SECOND)


def test_the_address_of_the_api_page_shows_it(browser, app_url):
    page = new_page(browser)
    page.goto(f"{app_url}/?view=api")
    expect(page.get_by_text("4 API endpoints")).to_be_visible(timeout=20 * SECOND)
    expect(page.get_by_text("from gradio_client import Client").first).to_be_visible()


def test_the_font_holds_the_faces_and_no_more():
    assert set(TTFont(FONT).getBestCmap()) == {ord(emotion.symbol) for emotion in EMOTIONS}


def test_faces_are_drawn_in_colour_from_that_font(open_page):
    page = open_page()
    assert page.evaluate("document.fonts.check('16px \"Undertone Emoji\"')")
    for emotion in EMOTIONS:
        assert page.evaluate(COLOURS, emotion.symbol) > 3, emotion.name
