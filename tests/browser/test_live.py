"""What the Live tab says, keeps and plays again, in a real Chromium."""

import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from playwright.sync_api import Page, expect

from app.classifier import Classifier
from app.emotions import LABELS
from tests.browser.serving import served
from tests.browser.steps import (
    SECOND,
    plotted,
    record,
    saved,
    stop,
    wait_for_readings,
    wait_for_the_last,
)

LONG = {"timeout": 90 * SECOND}
# Notes, at every change, what is said and what the longest bar is.
WATCH = """() => {
    window.said = [];
    const live = document.querySelector(".live");
    const label = live.querySelector(".emotion");
    const show = () => {
        const bars = [...live.querySelectorAll(".shares li")].map((row) => ({
            name: row.dataset.emotion,
            share: Number(row.style.getPropertyValue("--share")),
        }));
        const longest = bars.reduce((one, other) => (other.share > one.share ? other : one));
        const last = window.said.at(-1);
        if (last?.[0] !== label.textContent || last?.[1] !== longest.name)
            window.said.push([label.textContent, longest.name]);
    };
    // Of the bars too: a label that stays is wrong where another bar overtakes its own.
    new MutationObserver(show).observe(live, {
        childList: true, characterData: true, subtree: true, attributeFilter: ["style"],
    });
}"""


# The share of the ribbon that is painted, at a part of its height.
PAINTED = """height => {
    const ribbon = document.querySelector('.ribbon');
    const {data} = ribbon.getContext('2d')
        .getImageData(0, Math.floor(height * ribbon.height), ribbon.width, 1);
    return data.filter((value, index) => index % 4 === 3 && value).length / ribbon.width;
}"""


class Undecided(Classifier):
    """The shipped bundle where two emotions are always as likely as each other."""

    def probabilities(self, windows):
        shares = np.full(len(self.labels), 0.02)
        shares[[self.labels.index("sad"), self.labels.index("disgust")]] = 0.45, 0.43
        return np.tile(shares / shares.sum(), (len(windows), 1)).astype(np.float32)


@pytest.fixture(scope="module")
def undecided_url():
    classifier = Undecided()
    classifier.load()
    for _, url in served(classifier):
        yield url


@pytest.fixture(scope="module")
def recorded(open_lasting_page) -> Page:
    """A page after a recording of some seconds."""
    page = open_lasting_page("speech")
    page.evaluate(WATCH)
    record(page)
    wait_for_readings(page, 12)
    stop(page)
    wait_for_the_last(page)
    return page


def test_without_a_clear_lead_it_is_said_so(open_page, undecided_url):
    page = open_page("speech", undecided_url)
    record(page)
    expect(page.locator("#live .emotion")).to_have_text("Unclear: sad or disgust", **LONG)
    expect(page.locator("#live .face")).to_have_text("")
    quiet = page.locator("#live .detail").evaluate("node => getComputedStyle(node).color")
    expect(page.locator("#live .emotion")).to_have_css("color", quiet)
    expect(page.locator("#live .shares .current")).to_have_count(0)
    wait_for_readings(page, 4)
    stop(page)
    expect(page.locator("#live .emotion")).to_have_text("Mostly unclear")
    expect(page.locator("#live .summary tbody th")).to_have_text([" unclear"])
    high, low = (page.evaluate(PAINTED, height) for height in (0.3, 0.9))
    assert high == 0 < low, "the ribbon is low where it is unclear"
    ribbon = page.locator("#live .ribbon")
    ribbon.hover(position={"x": ribbon.bounding_box()["width"] / 60, "y": 9})
    expect(page.locator("#live .tip")).to_contain_text("unclear: sad or disgust")
    states = {
        (reading["state"], *reading["candidates"])
        for reading in json.loads(saved(page, "#live .download-json").read_text())
        if reading["probabilities"]
    }
    assert states == {("unclear", "sad", "disgust")}
    readings = pd.read_csv(saved(page, "#live .download-csv"))
    unclear = readings[readings["state"] == "unclear"]
    assert len(unclear)
    assert set(unclear["candidates"]) == {"sad or disgust"}
    assert unclear["emotion"].isna().all()


def test_the_label_is_always_the_longest_bar(recorded):
    said = [(label.lower(), longest) for label, longest in recorded.evaluate("window.said")]
    named = [(label, longest) for label, longest in said if label in LABELS]
    assert named
    assert all(label == longest for label, longest in named)


def test_after_stop_the_headline_is_the_whole_recording(recorded):
    expect(recorded.locator("#live .emotion")).to_have_text(re.compile("^Most(ly| often) "))
    top = recorded.locator("#live .summary tbody th span:last-child").first.inner_text()
    share = recorded.locator("#live .summary tbody td").first.inner_text()
    headline = f"{'Mostly' if int(share[:-1]) >= 50 else 'Most often'} {top}"
    assert recorded.locator("#live .emotion").inner_text() == headline
    assert recorded.evaluate("window.said").pop() == [headline, top]
    for row in recorded.locator("#live .summary tbody tr").all():
        seconds, longest = (_seconds(row.locator("td").nth(at).inner_text()) for at in (1, 2))
        assert seconds[0] >= longest[1] - longest[0] > 0
    detail = recorded.locator("#live .detail").inner_text()
    assert re.fullmatch(rf"{share} of the speech; \w+ changes?", detail)


def _seconds(text: str) -> list[float]:
    """The times in a text, as the page writes them: "0:07.5 to 0:38.0"."""
    return [60 * int(m) + float(s) for m, s in re.findall(r"(\d+):(\d+\.\d)", text)]


def test_the_speech_light_follows_each_step(open_page):
    """The headline looks back over three seconds; whether somebody speaks is a matter of now."""
    page = open_page("speech")
    page.evaluate(
        """() => {
            const light = document.querySelector("#live .status-text");
            const label = document.querySelector("#live .emotion");
            window.pairs = [];
            new MutationObserver(() => window.pairs.push([light.textContent, label.textContent]))
                .observe(light, {childList: true, characterData: true, subtree: true});
        }"""
    )
    record(page)
    expect(page.locator("#live .emotion")).to_have_text("No speech", **LONG)
    dark = [label for light, label in page.evaluate("window.pairs") if light == "No speech"]
    assert dark[0] != "No speech", "the light goes out before the window has run empty"


def test_the_sound_stays_in_the_page_and_a_click_plays_that_moment(recorded):
    player = recorded.locator("#live .replay")
    expect(player).to_be_visible()
    encoded = player.evaluate(
        """async (player) => {
            const bytes = new Uint8Array(await (await fetch(player.src)).arrayBuffer());
            return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
        }"""
    )
    assert player.evaluate("player => player.src").startswith("blob:")
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(encoded)))
    heard = plotted(recorded)[0]["x"][-1]
    assert len(samples) / rate == pytest.approx(heard, abs=4)
    assert samples.std() > 0.01

    ribbon = recorded.locator("#live .ribbon")
    width = ribbon.bounding_box()["width"]
    three_seconds = {"x": width * 3 / 60, "y": 9}
    ribbon.hover(position=three_seconds)
    expect(recorded.locator("#live .tip")).to_have_text(re.compile(r"^0:0[23]\.\d \w+"))
    ribbon.click(position=three_seconds)
    recorded.wait_for_function("document.querySelector('.replay').currentTime > 2.9")
    assert not player.evaluate("player => player.paused")
    expect(recorded.locator("#live .playhead")).to_be_visible()

    player.evaluate("player => player.pause()")
    plot = recorded.locator("#live .history .nsewdrag").bounding_box()
    at = plot["x"] + plot["width"] / 60
    recorded.mouse.move(at, plot["y"] + plot["height"] / 2)
    recorded.mouse.click(at, plot["y"] + plot["height"] / 2)
    recorded.wait_for_function("document.querySelector('.replay').currentTime < 2")
    recorded.wait_for_function("!document.querySelector('.replay').paused")


def test_a_new_recording_leaves_a_way_back(recorded):
    words = recorded.locator("#live .summary-words").inner_text()
    shares = recorded.locator("#live .summary tbody").inner_text()
    record(recorded)
    expect(recorded.locator("#live .summary")).to_be_hidden()
    wait_for_readings(recorded, 2)
    stop(recorded)
    expect(recorded.locator("#live .summary-words")).not_to_have_text(words)
    buttons = recorded.locator("#live .earlier button")
    buttons.first.click()
    expect(recorded.locator("#live .summary-words")).to_have_text(words)
    expect(buttons.first).to_be_focused()
    expect(buttons).to_have_count(2)
    expect(buttons.first).to_have_attribute("aria-current", "true")
    expect(buttons.last).not_to_have_attribute("aria-current", "true")
    assert recorded.locator("#live .summary tbody").inner_text() == shares
    expect(recorded.locator("#live .replay")).to_be_visible()


def test_a_recording_that_goes_on_is_seen_can_be_saved_and_is_not_left_by_mistake(open_page):
    page = open_page("speech")
    title = page.title()
    record(page)
    wait_for_readings(page, 3)
    expect(page).to_have_title(f"● Recording · {title}")
    assert page.locator("link[rel=icon]").last.get_attribute("href").startswith("data:image/svg")
    expect(page.locator("#live .elapsed")).to_have_text(re.compile(r"^0:\d\d$"))
    assert len(pd.read_csv(saved(page, "#live .download-csv"))) >= 3

    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    # A person who stays loses nothing: the recording goes on.
    kept = len(pd.read_csv(saved(page, "#live .download-csv")))
    wait_for_readings(page, kept + 4)
    expect(page).to_have_title(f"● Recording · {title}")
    stop(page)
    expect(page).to_have_title(title)
    expect(page.locator("#live .elapsed")).to_be_hidden()


def test_without_site_data_the_page_still_listens(open_page):
    page = open_page("speech")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(
        """Object.defineProperty(window, "sessionStorage", {
            get() { throw new DOMException("Access is denied.", "SecurityError"); },
        })"""
    )
    page.reload()
    record(page)
    wait_for_readings(page, 2)
    stop(page)
    expect(page.locator("#live .summary")).to_be_visible()
    assert errors == []
