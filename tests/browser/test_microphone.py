"""Microphones that are refused, lost or stopped at once: one message, and nothing pretends."""

from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.limits import LIMITS
from app.ui import live_tab
from tests.browser.serving import served
from tests.browser.steps import SECOND, new_page, plotted, record, stop, wait_for_readings

RECORD, STOP = "#microphone button.record-button", "#microphone button.stop-button"


def one_message(page: Page, words: str) -> None:
    """The page says so, once, and records nothing."""
    expect(page.locator(".notice:visible")).to_contain_text(words, timeout=20 * SECOND)
    expect(page.locator("#live .emotion")).to_have_text("No microphone")
    expect(page.locator("#live .status-text")).to_have_text("Not recording")
    expect(page.locator(".notice:visible")).to_have_count(1)
    expect(page.locator("[data-testid=toast-body]")).to_have_count(0)


def test_a_refused_microphone(open_page):
    page = open_page(None)
    record(page)
    one_message(page, "The browser was not allowed to use the microphone")
    expect(page.locator(RECORD)).to_be_enabled()


def test_a_computer_without_one(browsers, app_url):
    page = new_page(browsers(("--disable-audio-input",)), permissions=["microphone"])
    page.goto(app_url)
    record(page)
    one_message(page, "No microphone was found")
    expect(page.locator(RECORD)).to_be_enabled()
    page.context.close()


def test_an_address_that_is_not_secure(open_page, app_url):
    url = f"http://undertone.test:{urlsplit(app_url).port}"
    page = open_page(url=url, flags="--host-resolver-rules=MAP undertone.test 127.0.0.1")
    one_message(page, "Browsers give the microphone only to pages on https")
    expect(page.locator(RECORD)).to_be_disabled()


@pytest.fixture
def page_around(app_url, tmp_path):
    """The address of a page on another origin that holds the app in an iframe."""
    (tmp_path / "index.html").write_text(f'<iframe src="{app_url}" width="900"></iframe>')
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_an_iframe_that_does_not_allow_it(open_page, page_around):
    page = open_page()
    page.goto(page_around)
    frame = page.frame_locator("iframe")
    notice = frame.locator(".notice:visible")
    expect(notice).to_contain_text('allow="microphone"', timeout=90 * SECOND)
    expect(frame.locator(RECORD)).to_be_disabled()


def test_a_microphone_that_is_unplugged(open_page):
    page = open_page("speech")
    page.evaluate(
        """() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (wanted) => {
                const stream = await ask(wanted);
                window.track = stream.getAudioTracks()[0];
                return stream;
            };
        }"""
    )
    record(page)
    wait_for_readings(page, 3)
    # What Chromium does when a device is unplugged; scripts cannot unplug one.
    page.evaluate("window.track.stop(); window.track.dispatchEvent(new Event('ended'))")
    expect(page.locator(".notice:visible")).to_contain_text("The microphone is gone")
    expect(page.locator("#live .status-text")).to_have_text("Not recording")
    expect(page.locator("#live .summary")).to_be_visible()
    expect(page.locator("#live .backlog")).to_have_text("")
    expect(page.locator(RECORD)).to_be_enabled()


def test_a_microphone_that_pauses(open_page):
    page = open_page()
    page.add_init_script(
        """window.MediaRecorder = class extends window.MediaRecorder {
            constructor(...given) {
                super(...given);
                window.recorder = this;
            }
        }"""
    )
    page.reload()
    record(page)
    wait_for_readings(page, 2)
    status = page.locator("#live .status-text")
    # As when a telephone call takes the microphone; scripts cannot make one.
    page.evaluate("window.recorder.pause()")
    expect(status).to_have_text("Waiting for the microphone", timeout=10 * SECOND)
    expect(page.locator("#live .emotion")).to_have_text("No sound")
    before = len(plotted(page)[0]["x"])
    page.evaluate("window.recorder.resume()")
    wait_for_readings(page, before + 2)
    expect(status).not_to_have_text("Waiting for the microphone")
    stop(page)


def test_record_and_stop_at_once(open_page):
    page = open_page("speech")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for pause in (50, 150, 200):
        page.click(RECORD)
        page.wait_for_timeout(pause)
        page.click(STOP)
        expect(page.locator(RECORD)).to_be_visible(timeout=10 * SECOND)
        expect(page.locator("#live .status-text")).to_have_text("Not recording")
    page.wait_for_timeout(1 * SECOND)
    assert errors == []
    record(page)
    wait_for_readings(page, 2)


def test_enter_records_and_enter_stops(open_page):
    page = open_page("speech")
    page.focus(RECORD)
    page.keyboard.press("Enter")
    wait_for_readings(page, 1)
    page.keyboard.press("Enter")
    expect(page.locator("#live .status-text")).to_have_text("Not recording", timeout=10 * SECOND)
    expect(page.locator(RECORD)).to_be_focused()


def test_while_the_browser_asks_nothing_is_said_to_be_recorded(open_page):
    page = open_page("speech")
    title = page.title()
    page.evaluate(
        """() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            const allowed = new Promise((resolve) => { window.allow = resolve; });
            // As a browser does whose question is not answered yet.
            navigator.mediaDevices.getUserMedia = (wanted) => allowed.then(() => ask(wanted));
        }"""
    )
    record(page)
    status = page.locator("#live .status-text")
    expect(status).to_have_text("Opening the microphone")
    page.wait_for_timeout(4 * SECOND)
    expect(status).to_have_text("Opening the microphone")
    expect(page.locator("#live .detail")).to_contain_text("Allow the microphone")
    expect(page).to_have_title(title)
    page.evaluate("window.allow()")
    expect(status).not_to_have_text("Opening the microphone")
    expect(page).to_have_title(f"● Recording · {title}")
    wait_for_readings(page, 2)
    stop(page)
    expect(page).to_have_title(title)


@pytest.fixture
def page_with_a_limit(classifier, monkeypatch):
    monkeypatch.setattr(live_tab, "LIMITS", replace(LIMITS, live_minutes=0.05))
    for _, url in served(classifier):
        yield url


def test_a_recording_that_reaches_its_limit_stays(open_page, page_with_a_limit):
    page = open_page("speech", page_with_a_limit)
    record(page)
    expect(page.locator("#live .backlog")).to_contain_text("A recording ends after")
    page.wait_for_timeout(2 * SECOND)  # for Gradio's own word that it has ended
    expect(page.locator("#live .status-text")).to_have_text("Not recording")
    expect(page.locator("#live .summary-words")).to_contain_text("Listened for")
    expect(page.locator("#live .emotion")).not_to_have_text("Ready")
