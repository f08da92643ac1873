"""The rows of many recordings: played whatever their names, and chosen while more come in."""

import shutil
from threading import Semaphore

import pytest
from playwright.sync_api import expect

from app.tables import Outcome
from app.ui import recordings_tab
from tests.browser.serving import served
from tests.browser.steps import SECOND, upload

ANALYZED = {"timeout": 60 * SECOND}

# As a person may name a file, and Gradio does not: without some characters, and shorter.
NAMES = (
    "plain.wav",
    "really? 50 $ & `more`!.wav",
    'so "quoted": <a|b> {c} *.wav',
    "!.wav",
    "con.wav",
    "dots....wav",
    f"{70 * 'é'}{70 * 'x'}.wav",
)


def test_a_recording_is_played_whatever_its_name(open_page, recordings, tmp_path):
    paths = [tmp_path / name for name in NAMES]
    for path in paths:
        shutil.copy(recordings["angry"], path)
    page = open_page()
    upload(page, *paths)
    rows = page.locator("#files tbody tr")
    expect(rows).to_have_count(len(NAMES), **ANALYZED)
    expect(page.locator("#progress p")).to_have_count(0, **ANALYZED)
    for row in reversed(range(len(NAMES))):
        rows.nth(row).click()
        name = rows.nth(row).locator("td").nth(1).inner_text()
        expect(page.locator("#player .shown")).to_have_text(name)
        expect(page.locator("#player audio[src^=blob]"), NAMES[row]).to_be_visible()


@pytest.fixture
def page_and_gate(monkeypatch, classifier):
    """The address of a page that gives each outcome when the gate is released."""
    gate = Semaphore(0)
    hear_all = recordings_tab.hear_all

    def hearing(*given, **settings):
        for step in hear_all(*given, **settings):
            if isinstance(step, Outcome):
                assert gate.acquire(timeout=300)
            yield step

    monkeypatch.setattr(recordings_tab, "hear_all", hearing)
    for _, url in served(classifier):
        yield url, gate
        gate.release(100)


def test_a_row_is_pressed_and_keeps_the_focus_while_more_come_in(
    open_page, recordings, page_and_gate
):
    url, gate = page_and_gate
    page = open_page(url=url)
    upload(page, *(recordings[name] for name in ("long", "sad", "angry", "silence")))
    rows = page.locator("#files tbody tr")
    gate.release(2)
    expect(rows).to_have_count(2, **ANALYZED)
    page.locator("#files").get_by_role("button", name="file").click()
    expect(rows.first).to_contain_text("long.wav")
    second = rows.filter(has_text="sad.wav")
    second.hover()
    page.mouse.down()
    expect(second).to_be_focused()
    gate.release(1)
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("angry.wav")
    expect(second).to_be_focused()
    second.hover()  # the new row has moved it
    page.mouse.up()
    expect(second).to_have_attribute("aria-selected", "true")
    expect(page.locator("#chosen .source")).to_contain_text("sad.wav", **ANALYZED)

    gate.release(1)
    expect(rows).to_have_count(4)
    expect(second).to_be_focused()
    page.locator("#files").get_by_role("button", name="file").click()
    expect(rows.first).to_contain_text("silence.wav")
    expect(rows.last).to_contain_text("angry.wav")
    expect(second).to_have_attribute("aria-selected", "true")


@pytest.fixture
def page_at_once(monkeypatch, classifier):
    """The address of a page that gives all outcomes at once."""
    hear_all = recordings_tab.hear_all
    monkeypatch.setattr(
        recordings_tab, "hear_all", lambda *given, **settings: list(hear_all(*given, **settings))
    )
    for _, url in served(classifier):
        yield url


def test_the_first_recording_is_shown_however_fast_the_others_come(
    open_page, recordings, page_at_once
):
    page = open_page(url=page_at_once)
    for names in (
        ("long", "sad", "angry", "silence"),
        ("sad", "angry", "silence", "long"),
        ("angry", "silence", "long", "sad"),
    ):
        upload(page, *(recordings[name] for name in names))
        expect(page.locator("#player .shown")).to_have_text(f"{names[0]}.wav", **ANALYZED)
        expect(page.locator("#files tbody tr td:nth-child(2)")).to_have_text(
            [f"{name}.wav" for name in names], **ANALYZED
        )
        expect(page.locator("#player audio")).to_be_visible()
        expect(page.locator("#sound .js-plotly-plot")).to_be_visible(**ANALYZED)
