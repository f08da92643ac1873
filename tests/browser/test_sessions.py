"""What the server holds of the people on the page, which runs in this process to be seen."""

import asyncio
import gc
import shutil
import time

import gradio as gr
import keras
import numpy as np
import pytest
from playwright.sync_api import expect

from app.classifier import Classifier
from app.saved_model import read, write
from app.ui.live_tab import BEHIND, Listener
from tests.browser.serving import SlowServer, served
from tests.browser.steps import SECOND, plotted, record, saved, stop, upload, wait_for_readings
from tests.browser.wire import wired
from tests.serving import PATIENCE


@pytest.fixture
def page_and_url(classifier):
    """The page served from this process, where what it holds of a person can be seen."""
    yield from served(classifier)


@pytest.fixture
def page_with_two_models(classifier, tmp_path, no_skips):
    """The same with a second bundle beside, which says the opposite of the first."""
    for name in ("first", "second"):
        shutil.copytree(classifier.folder, tmp_path / name)
    model, info = read(tmp_path / "second")
    opposite = keras.Model(model.input, keras.layers.Rescaling(-1.0)(model.output))
    write(tmp_path / "second", opposite, info)
    yield from served(Classifier(tmp_path / "first"))


def test_the_model_can_change_during_a_recording(open_page, page_with_two_models):
    blocks, url = page_with_two_models
    page = open_page("speech", url)
    expect(page.locator("#live .emotion")).to_have_text("Ready", timeout=PATIENCE * SECOND)
    page.click("#live-settings button")
    record(page)
    expect(page.locator("#live .emotion")).to_have_text("angry", timeout=PATIENCE * SECOND)
    page.locator("#live-settings").get_by_label("Model").click()
    page.get_by_role("option", name="second").click()
    (listener,) = listeners(blocks)
    until = time.monotonic() + PATIENCE  # the other model has to be loaded
    while listener.session.classifier.folder.name != "second" and time.monotonic() < until:
        page.wait_for_timeout(0.2 * SECOND)
    assert listener.session.classifier.folder.name == "second"
    wait_for_readings(page, len(plotted(page)[0]["x"]) + 3)
    times = plotted(page)[0]["x"]
    assert np.diff(times) == pytest.approx(0.5), "the recording goes on"


class Hesitant(Classifier):
    """The shipped bundle on a machine that is too slow for a while."""

    hesitation = 0.0  # seconds

    def probabilities(self, windows):
        time.sleep(self.hesitation)
        return super().probabilities(windows)


@pytest.fixture
def hesitant_page():
    classifier = Hesitant()
    for page, url in served(classifier):
        yield classifier, page, url


def test_a_server_that_falls_behind_loses_no_sound(open_page, hesitant_page):
    classifier, blocks, url = hesitant_page
    page = open_page("speech", url)
    record(page)
    wait_for_readings(page, 2)
    # At least one reading is made for two seconds of sound, so the lag grows by 0.8 s each time.
    classifier.hesitation = 2.8
    expect(page.locator("#live .backlog")).to_contain_text("s behind", timeout=60 * SECOND)
    classifier.hesitation = 0.0
    expect(page.locator("#live .backlog")).to_have_text("", timeout=60 * SECOND)
    (listener,) = listeners(blocks)

    def unread():
        """Seconds; what is lost stays unread."""
        return time.monotonic() - listener.began - listener.session.received

    until = time.monotonic() + 60
    while abs(unread()) > BEHIND and time.monotonic() < until:
        page.wait_for_timeout(0.2 * SECOND)
    assert unread() == pytest.approx(0, abs=BEHIND)


@pytest.fixture
def slow_page(monkeypatch, classifier):
    server = SlowServer(monkeypatch)
    for _, url in served(classifier):
        yield server, url


def test_a_server_that_takes_seconds_for_each_chunk_loses_no_sound(open_page, slow_page):
    server, url = slow_page
    page = open_page("speech", url)
    record(page)
    wait_for_readings(page, 2)
    server.delays = [4.0] * 4
    page.wait_for_timeout(20 * SECOND)
    wait_for_readings(page, 20)
    stop(page)
    server.check(saved(page, "#live .download-sound"), least=10)


@pytest.fixture
def page_with_one_model(classifier, tmp_path):
    shutil.copytree(classifier.folder, tmp_path / "only")
    for _, url in served(Classifier(tmp_path / "only")):
        yield url


def test_one_model_needs_no_choice(open_page, page_with_one_model):
    page = open_page(url=page_with_one_model)
    page.click("#live-settings button")
    expect(page.get_by_label("Smoothing").first).to_be_visible()
    expect(page.get_by_label("Model")).to_have_count(0)
    expect(page.locator("#recordings-settings")).to_be_hidden()


def listeners(page: gr.Blocks) -> list[Listener]:
    """Everybody who is on the page."""
    states = list(page.state_holder.session_data.values())
    held = [value for state in states for value in state.state_data.values()]
    return [value for value in held if isinstance(value, Listener)]


def test_a_stream_leaves_no_timers(open_page, page_and_url):
    """Gradio's own would wait for half an hour, two for each second of sound."""
    _, url = page_and_url
    page = open_page("speech", url)
    record(page)
    wait_for_readings(page, 6)
    # Its type is asked for, not isinstance: that would look through weak proxies, dead ones too.
    tasks = [thing for thing in gc.get_objects() if type(thing) is asyncio.Task]
    names = [task.get_coro().__qualname__ for task in tasks if not task.done()]
    assert sum("wait_for_event" in name for name in names) <= 1
    assert not [name for name in names if name.endswith("Queue.timeout")]


def test_who_leaves_is_forgotten(open_page, page_and_url):
    blocks, url = page_and_url
    page = open_page("speech", url)
    record(page)
    wait_for_readings(page, 2)
    assert len(listeners(blocks)) == 1

    stays = open_page("speech", url)
    record(stays)
    wait_for_readings(stays, 1)
    assert len(listeners(blocks)) == 2

    page.close()
    until = time.monotonic() + 20
    while len(blocks.state_holder.session_data) > 1 and time.monotonic() < until:
        stays.wait_for_timeout(0.2 * SECOND)
    assert len(listeners(blocks)) == 1
    assert len(blocks.state_holder.session_data) == 1


def test_after_a_broken_connection_results_are_asked_for_again_and_then_forgotten(
    open_page, page_and_url, recordings
):
    blocks, url = page_and_url
    held = blocks.state_holder.session_data
    with wired(url) as wire:
        page = open_page(url=wire.url)
        upload(page, recordings["sad"])
        expect(page.locator("#summary .emotion")).to_have_text("sad", timeout=60 * SECOND)
        # Until this has been answered, Gradio would load the page anew.
        expect(page.locator("#progress p")).to_have_count(0)
        with page.expect_response("**/heartbeat/*", timeout=60 * SECOND):
            wire.cut()
            page.wait_for_timeout(SECOND)
            wire.mend()
        page.get_by_role("button", name="Download").click()
        toast = page.locator("[data-testid=toast-body]")
        expect(toast).to_contain_text("The results are no longer on the server")

        upload(page, recordings["angry"])
        expect(page.locator("#summary .emotion")).to_have_text("angry", timeout=60 * SECOND)
        assert held
        page.close()
        until = time.monotonic() + 20
        while held and time.monotonic() < until:
            time.sleep(0.2)
        assert not held, "closing the page deletes what was analyzed after the break, too"
