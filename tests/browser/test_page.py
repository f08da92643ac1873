"""The page as a person meets it: a real Chromium, a recording as its microphone."""

import json

import pandas as pd
import pytest
from playwright.sync_api import Error, Page, expect

from app import audio
from app.emotions import LABELS
from app.live import LiveSession
from tests.browser.steps import (
    SECOND,
    plotted,
    record,
    saved_as_plotted,
    stop,
    wait_for_readings,
    wait_for_the_last,
)
from tests.serving import PATIENCE

LONG = {"timeout": PATIENCE * SECOND}
# What the panel shows at one moment.
PANEL = """(() => {
    const live = document.querySelector('#live');
    const text = (selector) => live.querySelector(selector).textContent;
    return {
        emotion: text('.emotion'),
        detail: text('.detail'),
        light: text('.status-text'),
        current: live.querySelectorAll('.shares .current').length,
        lines: live.querySelector('.history').data.map(line => line.y),
    };
})()"""


def test_a_recording_shows_an_emotion_then_no_speech(open_page):
    page = open_page("speech")
    record(page)
    named = panel_when(page, r"/^\d+% confident$/.test(panel.detail)")
    assert named["emotion"] in LABELS
    assert named["current"] == 1
    assert all(line[-1] is not None for line in named["lines"])

    silent = panel_when(page, "panel.emotion === 'No speech' && panel.light === 'No speech'")
    assert silent["current"] == 0
    assert len(silent["lines"]) == len(LABELS)
    assert all(line[-1] is None for line in silent["lines"]), "silence is a gap in every line"
    assert any(share is not None for share in silent["lines"][0])


def panel_when(page: Page, condition: str) -> dict:
    """`PANEL` at the first moment of which the condition holds."""
    look = f"() => {{ const panel = {PANEL}; return {condition} ? panel : null; }}"
    return page.wait_for_function(look, **LONG).json_value()


def test_the_plot_grows_stops_and_starts_clean(open_page):
    page = open_page("speech")
    record(page)
    wait_for_readings(page, 4)
    times = plotted(page)[0]["x"]
    assert times[0] == 0.5
    wait_for_readings(page, len(times) + 4)

    stop(page)
    wait_for_the_last(page)
    heard = plotted(page)[0]["x"]
    page.wait_for_timeout(1.5 * SECOND)
    assert plotted(page)[0]["x"] == heard

    record(page)
    expect(page.locator("#live .summary")).to_be_hidden()  # the recording before
    wait_for_readings(page, 2)
    assert plotted(page)[0]["x"][0] == 0.5
    assert len(plotted(page)[0]["x"]) < len(heard)


def heard_labels(page: Page) -> list[str]:
    """What the large label said so far, each word once in a row; `watch_labels` comes first."""
    return page.evaluate("window.labels")


def watch_labels(page: Page) -> None:
    page.evaluate(
        """() => {
            const label = document.querySelector('#live .emotion');
            window.labels = [];
            new MutationObserver(() => window.labels.push(label.textContent.toLowerCase()))
                .observe(label, {childList: true, characterData: true, subtree: true});
        }"""
    )


def test_speech_and_silence_take_turns(open_page, classifier, recordings, url_without_skips):
    """A label is shown while there is speech in the window, and none in the silence between."""
    turns = audio.load(recordings["turns"])
    expected = {
        reading.emotion
        for later in range(5)  # the recorder may begin anywhere within a step
        for reading in LiveSession(classifier).feed(turns[1600 * later :], audio.SAMPLE_RATE)
        if reading.emotion
    }
    page = open_page("turns", url_without_skips)
    expect(page.locator("#live .emotion")).to_have_text("Ready", **LONG)
    watch_labels(page)
    record(page)
    expect(page.locator("#live .emotion")).to_have_text("angry", **LONG)
    expect(page.locator("#live .emotion")).to_have_text("No speech", **LONG)
    expect(page.locator("#live .status-text")).to_have_text("Speaking", **LONG)
    wait_for_readings(page, 36)
    labels = heard_labels(page)
    silence = labels.index("no speech", labels.index("angry"))
    assert next(label for label in labels if label != "one moment") == "listening"
    assert set(labels[silence + 1 :]) & expected
    named = {label for label in labels if not label.startswith("unclear: ")}
    assert named <= expected | {"one moment", "listening", "no speech", "waiting"}


def test_stop_gives_a_summary_and_every_reading(open_page):
    page = open_page("speech")
    record(page)
    wait_for_readings(page, 10)
    assert page.locator("#live .summary").is_hidden()
    stop(page)
    wait_for_the_last(page)
    expect(page.locator("#live .summary-words")).to_contain_text("; named an emotion for 0:0")
    shares = page.locator("#live .summary tbody td:nth-child(2)").all_inner_texts()
    assert sum(int(share.rstrip("%")) for share in shares) == pytest.approx(100, abs=2)
    painted = page.evaluate(
        """() => {
            const ribbon = document.querySelector('.ribbon');
            const {data} = ribbon.getContext('2d').getImageData(0, 5, ribbon.width, 1);
            return data.filter((value, index) => index % 4 === 3 && value).length / ribbon.width;
        }"""
    )
    assert 0.03 < painted < 0.5, "a few of the sixty seconds carry a colour"

    readings = pd.read_csv(saved_as_plotted(page, "#live .download-csv"))
    assert readings["time"].to_list() == plotted(page)[0]["x"]
    assert list(readings.columns[-8:]) == list(LABELS)
    spoken = readings.dropna(subset="angry")
    assert spoken[list(LABELS)].sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-3)
    document = saved_as_plotted(page, "#live .download-json")
    assert len(json.loads(document.read_text())) == len(readings)


def test_settings_act_on_a_recording_that_goes_on(open_page):
    page = open_page("speech")
    page.click("#live-settings button")
    record(page)
    wait_for_readings(page, 3)
    page.get_by_label("every two seconds").check()
    page.wait_for_function(
        """() => {
            const times = document.querySelector('.history').data[0].x;
            return times.slice(-2).every((time, n) => time - times[times.length - 3 + n] === 2);
        }"""
    )
    stop(page)
    record(page)
    expect(page.locator("#live .summary")).to_be_hidden()  # the recording before
    wait_for_readings(page, 1)
    assert plotted(page)[0]["x"][0] == 2.0, "the next recording starts with them"


def test_zoom_outlives_the_next_reading_until_a_double_click(open_page):
    page = open_page("speech")
    record(page)
    wait_for_readings(page, 3)
    plot = page.locator("#live .history .nsewdrag").bounding_box()
    middle = plot["y"] + plot["height"] / 2
    page.mouse.move(plot["x"] + plot["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.5, middle, steps=5)
    page.mouse.up()
    wait_for_readings(page, len(plotted(page)[0]["x"]) + 2)
    assert visible_seconds(page) == pytest.approx([15, 30], abs=1)

    page.mouse.dblclick(plot["x"] + plot["width"] / 2, middle)
    wait_for_readings(page, len(plotted(page)[0]["x"]) + 1)
    assert visible_seconds(page) == [0, 60]


def visible_seconds(page: Page) -> list[float]:
    """The ends of the live plot."""
    return page.evaluate("document.querySelector('.history').layout.xaxis.range")


def test_the_browser_leaves_the_voice_as_it_is(open_page):
    page = open_page("speech")
    page.evaluate(
        """() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (wanted) => {
                const stream = await ask(wanted);
                window.settings = stream.getAudioTracks()[0].getSettings();
                return stream;
            };
        }"""
    )
    record(page)
    wait_for_readings(page, 1)
    settings = page.evaluate("settings")
    assert not settings["echoCancellation"]
    assert not settings["noiseSuppression"]
    assert not settings["autoGainControl"]


def test_two_people_do_not_see_each_other(open_page, url_without_skips):
    speaking, silent, watching = (
        open_page(microphone, url_without_skips) for microphone in ("speech", "silence", "speech")
    )
    record(speaking)
    record(silent)
    expect(speaking.locator("#live .status-text")).to_have_text("Speaking", **LONG)
    wait_for_readings(silent, 8)
    assert all(share is None for line in plotted(silent) for share in line["y"])
    assert any(share is not None for line in plotted(speaking) for share in line["y"])
    assert plotted(watching)[0]["x"] == []
    for page in (speaking, silent):
        times = plotted(page)[0]["x"]
        assert times == [0.5 * (index + 1) for index in range(len(times))]


def test_nothing_is_fetched_from_anywhere_else(open_page, app_url):
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector("#live .history .main-svg")
    page.get_by_role("tab", name="Recordings").click()
    page.get_by_role("tab", name="About").click()
    expect(page.get_by_text("What it must not be used for")).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((app_url, "data:", "blob:"))]
    assert asked
    assert elsewhere == []


def test_about_opens_with_a_chart_and_folds_the_rest(open_page):
    page = open_page()
    page.get_by_role("tab", name="About").click()
    expect(page.locator("#lead figure li")).not_to_have_count(0)
    folded = page.locator("#about table, #about li, #about .prose p")
    expect(folded.locator("visible=true")).to_have_count(0)
    page.get_by_text("What it must not be used for").click()
    expect(folded.locator("visible=true")).not_to_have_count(0)
    assert "\N{MIDDLE DOT}" not in page.get_by_label("Gradio footer navigation").inner_text()


def test_a_page_that_does_not_fit_its_gradio_says_so(open_page):
    page = open_page("speech")
    # An answer to a chunk without any request that was seen: the requests have other names.
    with pytest.raises(Error, match=r"Gradio 6\.\d+\.\d+ has no .*, which this page uses"):
        page.evaluate("window.gradioPatches.chunkAnswered()")
    expect(page.locator(".notice[data-for=outdated]")).to_be_visible()
