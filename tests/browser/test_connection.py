"""A connection that breaks while recording: sound waits in the page, readings outlive a reload."""

import time

import numpy as np
import pandas as pd
import pytest
import soundfile
from playwright.sync_api import Page, Request, expect

from app.ui import live_tab
from tests.browser.serving import served
from tests.browser.steps import (
    SECOND,
    plotted,
    record,
    saved,
    saved_as_plotted,
    stop,
    upload,
    wait_for_readings,
    wait_for_the_last,
)
from tests.browser.wire import wired
from tests.serving import PATIENCE, app_running, free_port

OFFLINE = 10  # seconds
BEHIND = 6  # seconds that a busy machine may be late
JOINING = 3  # seconds
JOINS = 3  # that take so long; then the page can catch up
PATIENT = {"timeout": PATIENCE * SECOND}
# How long the recorder listens, in seconds: from then on, not from the click, sound can be read.
LISTENED = """(() => {
    const start = MediaRecorder.prototype.start;
    MediaRecorder.prototype.start = function (...given) {
        start.apply(this, given);
        const began = performance.now();
        window.listened = () => (performance.now() - began) / 1000;
    };
})()"""
ALL_IS_READ = """seconds =>
    window.listened() - document.querySelector('.history').data[0].x.at(-1) < seconds"""
# A line on which the first streams begin some seconds late; and what the recorder gives, in bytes.
SLOW_TO_JOIN = f"""(() => {{
    const post = window.fetch;
    window.joins = 0;
    window.fetch = async (resource, options) => {{
        const {{ pathname }} = new URL(resource.url ?? resource, location);
        if (pathname.endsWith("/queue/join") && options.body.includes('"is_stream":true')) {{
            if (window.joins < {JOINS}) {{
                await new Promise((resolve) => setTimeout(resolve, {JOINING * SECOND}));
            }}
            window.joins += 1;
        }}
        return post(resource, options);
    }};
    window.given = 0;
    window.BlobEvent = class extends window.BlobEvent {{
        constructor(...given) {{
            super(...given);
            window.given += this.data.size;
        }}
    }};
}})()"""


def times_of(page: Page) -> np.ndarray:
    return np.array(plotted(page)[0]["x"])


def wait_for_steps(page: Page, seconds: float, count: int, since: float) -> None:
    """Wait until so many readings in a row came in steps of `seconds`, all after `since`.

    The last minute is plotted: times tell new readings from old ones, and numbers do not.
    """
    page.wait_for_function(
        """([seconds, count, since]) => {
            const times = document.querySelector('.history').data[0].x.slice(-count - 1);
            const steps = times.slice(1).map((time, index) => time - times[index]);
            return times[0] > since && steps.length === count
                && steps.every((step) => Math.abs(step - seconds) < 0.001);
        }""",
        arg=[seconds, count, since],
        **PATIENT,
    )


def check_that_nothing_is_lost(page: Page, offline_from: float) -> None:
    """The recording, offline from this second on, has caught up, and goes on twice a second."""
    expect(page.locator("#live .backlog")).to_have_text("", **PATIENT)
    page.wait_for_function(ALL_IS_READ, arg=BEHIND, **PATIENT)
    times = times_of(page)
    assert np.diff(times[times >= offline_from]).max() <= 2.5, "what was said offline is read, too"
    # A server that is behind leaves readings out; when it no longer is, it must not.
    check_that_all_follow(page, 0.5, since=times[-1] + 1, count=6)


def check_that_all_follow(page: Page, seconds: float, since: float, count: int) -> None:
    """After two steps of `seconds` in a row, all of the next readings come in such steps."""
    wait_for_steps(page, seconds, count=2, since=since)
    newest = times_of(page)[-1]
    page.wait_for_function(
        "time => document.querySelector('.history').data[0].x.at(-1) >= time",
        arg=newest + count * seconds,
        **PATIENT,
    )
    times = times_of(page)
    assert np.diff(times[times >= newest]) == pytest.approx(seconds)


def test_ten_seconds_without_a_connection_lose_nothing(open_page):
    page = open_page("speech")
    page.evaluate(LISTENED)
    record(page)
    wait_for_readings(page, 3)
    known = times_of(page)
    page.context.set_offline(True)
    expect(page.locator("#live .backlog")).to_contain_text("No connection")
    page.evaluate(
        """() => {
            window.said = 0;
            const words = document.querySelector("#live .backlog [role=status]");
            new MutationObserver(() => (window.said += 1))
                .observe(words, {childList: true, characterData: true, subtree: true});
        }"""
    )
    page.wait_for_timeout(OFFLINE * SECOND)
    expect(page.locator("#live .backlog")).to_contain_text("(for 1")
    assert page.evaluate("window.said") == 0, "no screen reader counts the seconds"
    page.context.set_offline(False)
    check_that_nothing_is_lost(page, known[-1])
    stop(page)
    expect(page.locator("#live .summary-words")).to_contain_text("Listened for")


@pytest.fixture
def url_of_short_streams(classifier, monkeypatch):
    monkeypatch.setattr(live_tab, "TIME_LIMIT", 10)  # seconds
    for _, url in served(classifier):
        yield url


def test_the_sound_before_a_stream_has_begun_is_read(open_page, url_of_short_streams):
    """Also where it begins anew, as it does after its time limit."""
    page = open_page("speech", url_of_short_streams)
    page.add_init_script(LISTENED)
    page.add_init_script(SLOW_TO_JOIN)
    page.reload()
    record(page)
    page.wait_for_function("count => window.joins >= count", arg=JOINS, **PATIENT)
    page.wait_for_function(ALL_IS_READ, arg=2, **PATIENT)
    stop(page)
    wait_for_the_last(page)
    sound = saved_as_plotted(page, "#live .download-sound")
    assert sound.stat().st_size == page.evaluate("window.given")


def test_the_settings_outlive_a_break_and_then_a_time_limit(
    open_page, url_of_short_streams, no_skips
):
    """A stream that begins anew is of the page's own session, which the server has forgotten."""
    sessions: list[str] = []

    def note(request: Request) -> None:
        if "/queue/join" in request.url and '"is_stream":true' in (request.post_data or ""):
            sessions.append(request.post_data_json["session_hash"])

    with wired(url_of_short_streams) as wire:
        page = open_page("speech", wire.url)
        page.on("request", note)
        page.click("#live-settings button")
        page.get_by_label("once a second").check()
        page.evaluate(LISTENED)
        record(page)
        wait_for_readings(page, 2)
        wire.cut()
        expect(page.locator("#live .backlog")).to_contain_text("No connection")
        wire.mend()
        deadline = time.monotonic() + PATIENCE
        while len(set(sessions)) < 2 or sessions[-1] != sessions[0]:
            assert time.monotonic() < deadline, sessions
            page.wait_for_timeout(0.2 * SECOND)
        check_steps(page, 1.0)


def test_a_network_that_changes_loses_nothing(open_page, app_url):
    """All connections break at once, also the one on which the answers come."""
    with wired(app_url) as wire:
        page = open_page("speech", wire.url)
        page.evaluate("window.before = true")
        page.evaluate(LISTENED)
        record(page)
        wait_for_readings(page, 3)
        for _ in range(2):
            known = times_of(page)
            wire.cut()
            expect(page.locator("#live .backlog")).to_contain_text("No connection")
            page.wait_for_timeout(OFFLINE * SECOND / 2)
            wire.mend()
            check_that_nothing_is_lost(page, known[-1])
        stop(page)
        expect(page.locator("#live .summary-words")).to_contain_text("Listened for")
        expect(page.locator("#live .replay")).to_be_visible()
        record(page)
        expect(page.locator("#live .summary")).to_be_hidden()  # the recording before
        wait_for_readings(page, 2)
        assert page.evaluate("window.before"), "the page has not been loaded anew"


def test_a_recording_outlives_a_server_that_starts_anew(open_page):
    port = free_port()
    with app_running(port=port) as (url, app):
        page = open_page("speech", url)
        page.evaluate("window.before = true")
        page.click("#live-settings button")
        page.get_by_label("once a second").check()
        page.evaluate(LISTENED)
        record(page)
        wait_for_readings(page, 3)
        app.kill()
        expect(page.locator("#live .backlog")).to_contain_text("No connection")
        known = len(times_of(page))
    with app_running(port=port):
        wait_for_readings(page, known + 3)
        expect(page.locator("#live .backlog")).to_have_text("", **PATIENT)
        page.wait_for_function(ALL_IS_READ, arg=BEHIND, **PATIENT)
        times = times_of(page)
        assert np.diff(times) == pytest.approx(1.0, abs=0.6), "as set, and without a gap"
        assert np.diff(times)[known:] == pytest.approx(1.0)
        stop(page)
        expect(page.locator("#live .summary")).to_be_visible()
        assert page.evaluate("window.before")


def test_stop_without_a_server_shows_what_was_read(open_page):
    with app_running() as (url, app):
        page = open_page("speech", url)
        record(page)
        wait_for_readings(page, 6)
        app.kill()
        expect(page.locator("#live .backlog")).to_contain_text("unless you press Stop")
        page.wait_for_timeout(3 * SECOND)
        stop(page)
        words = page.locator("#live .summary-words")
        expect(words).to_contain_text("Listened for")
        expect(words).to_contain_text("drop it on the Recordings tab")
        sound = soundfile.info(saved(page, "#live .download-sound"))
        expect(page.locator("#live .replay")).to_be_visible()
        assert sound.duration > times_of(page)[-1] + 2
        assert len(pd.read_csv(saved(page, "#live .download-csv"))) >= 6


def test_settings_change_while_the_connection_is_broken_and_after(open_page, url_without_skips):
    with wired(url_without_skips) as wire:
        page = open_page("speech", wire.url)
        page.evaluate("window.before = true")
        page.evaluate(LISTENED)
        page.click("#live-settings button")
        record(page)
        wait_for_readings(page, 3)
        wire.cut()
        expect(page.locator("#live .backlog")).to_contain_text("No connection")
        page.get_by_label("once a second").check()
        page.wait_for_timeout(2 * SECOND)
        wire.mend()
        check_steps(page, 1.0)
        page.get_by_label("every two seconds").check()
        check_steps(page, 2.0)
        assert page.evaluate("window.before"), "the page has not been loaded anew"


def check_steps(page: Page, seconds: float) -> None:
    """The readings of what is said from now on come in steps of so many seconds.

    A setting takes its time to the server; as soon as it is there, no reading may differ.
    """
    now = page.evaluate("window.listened()")
    expect(page.locator("#live .backlog")).to_have_text("", **PATIENT)
    check_that_all_follow(page, seconds, since=now, count=3)


def test_stop_without_a_connection_leaves_a_page_that_works(open_page, app_url, recordings):
    with wired(app_url) as wire:
        page = open_page("speech", wire.url)
        page.evaluate("window.before = true")
        record(page)
        wait_for_readings(page, 3)
        wire.cut()
        expect(page.locator("#live .backlog")).to_contain_text("No connection")
        stop(page)
        wire.mend()
        record(page)
        expect(page.locator("#live .summary")).to_be_hidden()  # the recording before
        wait_for_readings(page, 3)
        stop(page)
        upload(page, recordings["sad"])
        expect(page.locator("#summary .emotion")).to_have_text("sad", **PATIENT)
        assert page.evaluate("window.before")


def test_readings_outlive_a_server_of_another_version(open_page):
    port = free_port()
    with app_running(port=port) as (url, app):
        page = open_page("speech", url)
        questions: list[str] = []
        page.on("dialog", lambda dialog: (questions.append(dialog.type), dialog.dismiss()))
        page.evaluate("window.before = true")
        page.evaluate("window.gradio_config.version = 'another'")
        record(page)
        wait_for_readings(page, 6)
        read = len(times_of(page))
        app.kill()
        expect(page.locator("#live .backlog")).to_contain_text("No connection")
    with app_running(port=port):
        page.wait_for_function("!window.before", **PATIENT)  # Gradio loads the page anew
        expect(page.locator("#live .summary")).to_be_visible(**PATIENT)
        assert len(pd.read_csv(saved(page, "#live .download-csv"))) >= read
        assert questions == []


def test_an_analysis_that_a_broken_connection_ends_says_so(open_page, app_url, recordings):
    """Only the recording is joined again: the server forgets the rest with the session."""
    with wired(app_url) as wire:
        page = open_page("speech", wire.url)
        page.evaluate("window.before = true")
        record(page)
        wait_for_readings(page, 3)
        upload(page, *[recordings["long"]] * 40)
        expect(page.locator("#progress p")).to_have_count(1)
        expect(page.locator("#stop")).to_be_visible()
        wire.cut()
        page.wait_for_timeout(2 * SECOND)
        wire.mend()
        toast = page.locator("[data-testid=toast-body]")
        expect(toast).to_contain_text(
            "The connection broke: drop the recordings in again.", **PATIENT
        )
        expect(page.locator("#progress p")).to_have_count(0)
        expect(page.locator("#stop")).to_be_hidden()
        upload(page, recordings["sad"])
        expect(page.locator("#summary .emotion")).to_have_text("sad", **PATIENT)
        expect(page.locator("#progress p")).to_have_count(0)
        known = len(times_of(page))
        wait_for_readings(page, known + 4)
        assert page.evaluate("window.before"), "the page has not been loaded anew"
