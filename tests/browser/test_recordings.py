"""The Recordings tab in a real browser: one, many, stopped, played and taken away."""

import json
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import srt
import webvtt
from playwright.sync_api import Locator, Page, expect
from praatio import textgrid

from app import audio
from app.classifier import Classifier, shared
from app.emotions import LABELS
from app.episodes import most_of
from app.folders import MODELS
from app.recordings import MIXED, analyze
from app.tables import FILE_COLUMNS, SEGMENT_COLUMNS
from tests.browser.serving import served
from tests.browser.steps import SECOND, upload
from tests.serving import PATIENCE
from tests.sounds import RATE, with_ffmpeg

ANALYZED = {"timeout": PATIENCE * SECOND}


def test_a_recording_shows_what_the_classifier_hears(open_page, recordings, classifier):
    expected = analyze(recordings["angry"], classifier)
    page = open_page()
    upload(page, recordings["angry"])
    expect(page.locator("#summary .emotion")).to_have_text(expected.emotion, **ANALYZED)
    summary = page.locator("#summary").inner_text()
    assert f"{expected.confidence:.0%} confident" in summary
    assert "angry.wav" in summary
    expect(page.locator("#bars .main-svg").first).to_be_visible()
    expect(page.locator("#sound .heatmaplayer image")).to_have_count(1)
    assert page.locator("#sound .scatterlayer .trace").count() == 0
    expect(page.locator("#many")).to_be_hidden()
    expect(page.locator("#stop")).to_be_hidden()

    expected = analyze(recordings["long"], classifier)
    assert expected.state == MIXED
    upload(page, recordings["long"])
    expect(page.locator("#summary .source")).to_contain_text("long.wav", **ANALYZED)
    first, *_ = expected.shares
    expect(page.locator("#summary .emotion")).to_have_text(most_of(expected.shares).capitalize())
    expect(page.locator("#summary .detail")).to_contain_text(
        f"{expected.shares[first]:.0%} of the speech, then "
    )
    expect(page.locator("#sound .scatterlayer .trace")).to_have_count(len(LABELS))
    expect(page.locator("#sound .infolayer .legend .traces")).to_have_count(len(LABELS))
    expect(page.locator("#segments tbody tr").nth(1)).to_be_visible()


def test_another_model_hears_the_recording_again(open_page, recordings):
    other = "mfcc-2d"
    expected = analyze(recordings["sad"], shared(MODELS / other))
    page = open_page()
    upload(page, recordings["sad"])
    expect(page.locator("#summary .emotion")).to_have_text("sad", **ANALYZED)
    page.click("#recordings-settings button")
    page.locator("#recordings-settings").get_by_label("Model").click()
    page.get_by_role("option", name=other).click()
    expect(page.locator("#summary")).to_contain_text(
        f"{expected.confidence:.0%} confident", **ANALYZED
    )
    expect(page.locator("#summary .emotion")).to_have_text(expected.emotion)
    expect(page.locator("#stop")).to_be_hidden()


def test_a_film_is_heard(open_page, recordings, classifier, tmp_path):
    film = tmp_path / "film.mp4"
    clip = audio.load(recordings["angry"], RATE)[:, None]
    film.write_bytes(with_ffmpeg(clip, "mp4", "aac", picture=True))
    page = open_page()
    upload(page, film)
    expect(page.locator("#summary .source")).to_contain_text("film.mp4", **ANALYZED)
    expect(page.locator("#summary .emotion")).to_have_text("angry")


def test_a_recording_without_speech_has_no_emotion(open_page, recordings):
    page = open_page()
    upload(page, recordings["silence"])
    expect(page.locator("#summary .emotion")).to_have_text("No speech", **ANALYZED)


def test_an_example_is_heard_when_it_is_chosen_and_can_be_played(open_page):
    page = open_page()
    page.get_by_role("tab", name="Recordings").click()
    page.locator("#examples button").first.click()
    expect(page.locator("#summary .detail")).to_contain_text("confident", **ANALYZED)
    assert page.locator("#summary .emotion").inner_text().lower() in LABELS
    page.wait_for_function("document.querySelector('#player audio').duration > 1")


def test_a_click_on_the_figure_plays_from_there(open_page, recordings):
    page = open_page()
    upload(page, recordings["long"])
    page.wait_for_selector("#sound .scatterlayer")
    page.wait_for_function("document.querySelector('#player audio').duration > 4")
    source = page.evaluate("document.querySelector('#player audio').src")
    assert source.startswith("blob:"), "the sound does not come back from the server"
    plot = page.locator("#sound .js-plotly-plot")
    width = plot.bounding_box()["width"]
    plot.click(position={"x": width / 2, "y": 60})
    middle = page.evaluate("document.querySelector('#player audio').currentTime")
    duration = page.evaluate("document.querySelector('#player audio').duration")
    assert middle == pytest.approx(duration / 2, abs=0.1 * duration)
    expect(page.locator("#sound .cursor")).to_be_visible()

    box = page.locator("#sound .nsewdrag").first.bounding_box()
    zoom(page, box)
    visible = page.evaluate("document.querySelector('#sound .js-plotly-plot').layout.xaxis.range")
    assert visible[1] - visible[0] < duration / 2
    assert page.evaluate("document.querySelector('#player audio').currentTime") == middle
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 30)
    for click in (1, 2):  # of a double click on a slow machine
        page.mouse.down(click_count=click)
        page.mouse.up(click_count=click)
        page.wait_for_timeout(0.6 * SECOND)
    assert page.evaluate("document.querySelector('#player audio').currentTime") == middle
    page.mouse.dblclick(box["x"] + box["width"] * 0.8, box["y"] + 30)
    page.wait_for_timeout(0.5 * SECOND)
    assert page.evaluate("document.querySelector('#player audio').currentTime") == middle
    expect(page.locator("#sound .modebar:visible")).to_have_count(0)


def zoom(page: Page, box: dict) -> None:
    """Drag over a part of a plot."""
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30, steps=5)
    page.mouse.up()
    page.wait_for_timeout(0.5 * SECOND)


def test_choosing_an_example_moves_nothing(open_page):
    page = open_page()
    page.get_by_role("tab", name="Recordings").click()
    places = """() => ['#examples', '#summary', '#bars'].map(
        (name) => document.querySelector(name).getBoundingClientRect().y)"""
    page.wait_for_selector("#bars .main-svg")
    before = None
    while before != (now := page.evaluate(places)):  # the page is still being laid out
        before = now
        page.wait_for_timeout(SECOND)
    page.locator("#examples button").first.click()
    expect(page.locator("#summary .detail")).to_contain_text("confident", **ANALYZED)
    assert page.evaluate(places) == pytest.approx(before, abs=2)


def test_a_bad_recording_gives_a_sentence_and_the_next_one_is_heard(open_page, recordings):
    page = open_page()
    upload(page, recordings["text"])
    toast = page.locator("[data-testid=toast-body]")
    expect(toast).to_contain_text("text.wav is not audio", **ANALYZED)
    assert "Traceback" not in page.inner_text("body")
    assert page.locator("#summary .emotion").inner_text() == "Ready"
    expect(page.locator("#progress p")).to_have_count(0)

    upload(page, recordings["sad"])
    expect(page.locator("#summary .source")).to_contain_text("sad.wav", **ANALYZED)


def test_an_upload_is_analyzed_once(open_page, recordings):
    """Gradio's page often announces an upload twice that follows a removal."""
    page = open_page()
    page.evaluate("""() => {
        window.headlines = [];
        new MutationObserver(() => {
            const headline = document.querySelector("#summary .emotion")?.textContent;
            if (headline !== window.headlines.at(-1)) window.headlines.push(headline);
        }).observe(document.body, {childList: true, subtree: true, characterData: true});
    }""")
    for _ in range(3):
        upload(page, recordings["long"])
        expect(page.locator("#summary .emotion")).to_contain_text("Most", **ANALYZED)
        upload(page, *(recordings[name] for name in ("angry", "sad", "text", "silence")))
        expect(page.locator("#summary .emotion")).to_have_text("4 recordings", **ANALYZED)
        expect(page.locator("#progress p")).to_have_count(0)
        page.wait_for_timeout(SECOND)  # for a second analysis to show
    headlines = page.evaluate("window.headlines")
    assert headlines.count("4 recordings") == 3, headlines


@pytest.fixture
def archive(recordings, tmp_path):
    path = tmp_path / "voices.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(recordings["sad"], "packed.wav")
    return path


def test_subtitles_and_labels_of_the_recording_shown_are_taken_away(
    open_page, recordings, classifier
):
    segments = analyze(recordings["long"], classifier).segments
    spoken = segments[segments["state"] != "no speech"]
    words = [row.emotion or row.state for row in spoken.itertuples()]
    page = open_page()
    upload(page, recordings["long"])
    expect(page.locator("#summary .source")).to_contain_text("long.wav", **ANALYZED)

    name, path = saved(page, "Subtitles of the recording shown, SRT")
    assert name == "undertone.srt"
    assert [one.content.split()[0].rstrip(":,") for one in srt.parse(path.read_text())] == words
    name, path = saved(page, "Captions of the recording shown, WebVTT")
    assert name == "undertone.vtt"
    captions = webvtt.from_string(path.read_text())
    assert [one.text.split()[0].rstrip(":,") for one in captions] == words
    name, path = saved(page, "Labels of the recording shown, Audacity")
    assert name == "undertone.txt"
    table = pd.read_csv(path, sep="\t", header=None)
    assert table[0].to_numpy() == pytest.approx(spoken["start"].to_numpy(), abs=1e-3)
    name, path = saved(page, "Tier of the recording shown, Praat TextGrid")
    assert name == "undertone.TextGrid"
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert len(grid.tiers[0].entries) == len(spoken)


def cell(page: Page, text: str) -> Locator:
    """Of the table; Gradio keeps a hidden copy of some to measure them."""
    return page.locator("#files").get_by_text(text).locator("visible=true").first


def saved(page: Page, title: str) -> tuple[str, Path]:
    """The file that is taken away in a format."""
    page.locator("#take-away").get_by_label("Take away").click()
    page.get_by_role("option", name=title).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    return download.value.suggested_filename, download.value.path()


def test_many_are_a_table_charts_and_files(open_page, recordings, archive):
    page = open_page()
    upload(page, recordings["angry"], recordings["text"], recordings["silence"], archive)
    expect(cell(page, "packed.wav")).to_be_visible(**ANALYZED)
    expect(page.locator("#progress p")).to_have_count(0, **ANALYZED)
    expect(cell(page, "text.wav is not audio")).to_be_visible()
    expect(cell(page, "no speech")).to_be_visible()
    expect(page.locator("#shares .pielayer")).to_be_visible()

    expect(page.locator("#summary .emotion")).to_have_text("4 recordings")
    expect(page.locator("#summary .detail")).to_contain_text("1 could not be read")

    cell(page, "packed.wav").click()
    expect(page.locator("#chosen .source")).to_contain_text("packed.wav", **ANALYZED)
    expect(page.locator("#player .shown")).to_contain_text("packed.wav")
    page.wait_for_function("document.querySelector('#player audio').duration > 1")  # in the zip
    chosen, player, table = page.evaluate(
        """() => ["#chosen", "#player", "#files"].map(
            (place) => document.querySelector(place).getBoundingClientRect().toJSON())"""
    )
    assert 0 <= chosen["top"] - table["bottom"] < 40, "details are under the table"
    assert player["top"] < chosen["bottom"] + 60

    line = cell(page, "packed.wav")
    assert line.evaluate("cell => getComputedStyle(cell).cursor") == "pointer"
    assert line.evaluate("cell => getComputedStyle(cell).fontFamily").startswith('"IBM Plex Sans"')
    sorting = page.locator("#files").get_by_role("button", name="file")
    sorting.click()
    order = "table => [...table.querySelectorAll('tbody td:nth-child(2)')].map(c => c.textContent)"
    names = page.locator("#files table").evaluate(order)
    assert names == sorted(names)
    sorting.click()
    assert page.locator("#files table").evaluate(order) == names[::-1]
    expect(page.locator("#files tr[aria-selected=true]")).to_contain_text("packed.wav")

    name, path = saved(page, "Recordings, CSV")
    files = pd.read_csv(path)
    assert name == "undertone-recordings.csv"
    assert tuple(files.columns) == (*FILE_COLUMNS, *LABELS)
    assert files["file"].tolist() == ["angry.wav", "text.wav", "silence.wav", "packed.wav"]
    assert files["error"].notna().tolist() == [False, True, False, False]
    _, path = saved(page, "Segments, CSV")
    windows = pd.read_csv(path)
    assert tuple(windows.columns) == (*SEGMENT_COLUMNS, *LABELS)
    assert set(windows["file"]) == {"angry.wav", "silence.wav", "packed.wav"}
    _, path = saved(page, "All of it, JSON")
    assert [entry["file"] for entry in json.loads(path.read_text())] == files["file"].tolist()


def test_the_sound_is_that_of_the_row_also_among_recordings_of_one_name(
    open_page, recordings, tmp_path
):
    archives = {name: tmp_path / f"{name}.zip" for name in ("sad", "long")}
    for name, path in archives.items():
        with zipfile.ZipFile(path, "w") as packed:
            packed.write(recordings[name], "voice.wav")
    page = open_page()
    upload(page, *archives.values())
    expect(page.locator("#progress p")).to_have_count(0, **ANALYZED)
    rows = page.locator("#files tbody tr")
    expect(rows).to_have_count(2, **ANALYZED)
    # The last of the rows that are chosen at once counts.
    for order, name in (((0, 1), "long"), ((1, 0), "sad"), ((0, 1, 0, 1), "long")):
        for row in order:
            rows.nth(row).click()
        duration = soundfile.info(recordings[name]).duration
        page.wait_for_function(
            "length => Math.abs(document.querySelector('#player audio').duration - length) < 0.1",
            arg=duration,
        )


def test_more_recordings_are_added(open_page, recordings):
    page = open_page()
    upload(page, recordings["angry"])
    expect(page.locator("#summary .source")).to_contain_text("angry.wav", **ANALYZED)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add recordings").click()
    chooser.value.set_files(recordings["sad"])
    expect(page.locator("#summary .emotion")).to_have_text("2 recordings", **ANALYZED)


class Counting(Classifier):
    """The shipped bundle, which counts how often it is asked."""

    asked = 0

    def probabilities(self, windows):
        self.asked += 1
        return super().probabilities(windows)


@pytest.fixture
def counted_page():
    classifier = Counting()
    for _, url in served(classifier):
        yield classifier, url


@pytest.fixture
def hour(recordings, tmp_path):
    path = tmp_path / "hour.wav"
    clip = audio.load(recordings["long"])
    soundfile.write(path, np.resize(clip, 3600 * audio.SAMPLE_RATE), audio.SAMPLE_RATE, "PCM_16")
    return path


def test_stop_ends_the_work_and_keeps_what_was_found(open_page, counted_page, recordings, hour):
    classifier, url = counted_page
    page = open_page(url=url)
    upload(page, recordings["angry"], hour)
    expect(page.locator("#progress p")).to_contain_text("2 of 2: hour.wav, ", **ANALYZED)
    page.click("#stop")
    expect(page.locator("#progress p")).to_have_count(0, **ANALYZED)
    asked = classifier.asked
    time.sleep(2)
    assert classifier.asked == asked, "nothing is computed for nobody"
    expect(page.locator("#summary .emotion")).to_have_text("2 recordings", **ANALYZED)
    expect(cell(page, "Stopped here: the rest was not analyzed.")).to_be_visible()
    _, path = saved(page, "Recordings, CSV")
    files = pd.read_csv(path)
    assert files["file"].tolist() == ["angry.wav", "hour.wav"]
    assert files["duration"].iloc[1] < 3600


def test_another_recording_ends_the_work_on_the_one_before(open_page, recordings, hour):
    page = open_page()
    upload(page, hour)
    expect(page.locator("#progress p")).to_contain_text("hour.wav, ", **ANALYZED)
    upload(page, recordings["sad"])
    expect(page.locator("#summary .source")).to_contain_text("sad.wav", **ANALYZED)
    expect(page.locator("#progress p")).to_have_count(0)

    upload(page, hour)
    expect(page.locator("#progress p")).to_contain_text("hour.wav, ", **ANALYZED)
    page.click("#recordings button[aria-label=Clear]")
    expect(page.locator("#summary .emotion")).to_have_text("Ready", **ANALYZED)
    expect(page.locator("#progress p")).to_have_count(0)
