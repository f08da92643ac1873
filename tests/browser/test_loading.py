"""The page comes before its model: what a person sees and does meanwhile."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from playwright.sync_api import expect

from app.classifier import DEFAULT_MODEL, Classifier
from app.folders import MODELS
from app.ui import model_choice
from tests.browser.serving import SlowServer, served
from tests.browser.steps import SECOND, plotted, record, saved, stop, upload, wait_for_readings


class Held(Classifier):
    """The shipped bundle on a machine that takes as long to load it as a test wants."""

    def __init__(self, folder: Path = MODELS / DEFAULT_MODEL) -> None:
        super().__init__(folder)
        self.released = Event()

    def load(self):
        self.released.wait(300)
        return super().load()


@pytest.fixture
def held_page():
    classifier = Held()
    for _, url in served(classifier):
        yield classifier, url
        classifier.released.set()


def test_a_recording_may_begin_before_the_model_is_there(open_page, held_page):
    classifier, url = held_page
    page = open_page("speech", url)
    expect(page.locator("#live .emotion")).to_have_text("Getting ready")
    record(page)
    expect(page.locator("#live .detail")).to_contain_text("The model is loading")
    page.wait_for_timeout(5 * SECOND)  # longer than the page waits for a silent server
    expect(page.locator("#live .emotion")).to_have_text("Listening")
    expect(page.locator("#live .detail")).to_contain_text("The model is loading")
    assert plotted(page)[0]["x"] == []
    classifier.released.set()
    wait_for_readings(page, 4)
    times = plotted(page)[0]["x"]
    assert times[0] < 3, "what was said meanwhile has waited in the page"
    assert np.diff(times) == pytest.approx(0.5), "and nothing of it is missed"
    stop(page)
    expect(page.locator("#live .summary")).to_contain_text("Listened for")


@pytest.fixture
def slow_held_page(monkeypatch):
    server, classifier = SlowServer(monkeypatch), Held()
    for _, url in served(classifier):
        yield server, classifier, url
        classifier.released.set()


def test_a_server_that_is_slow_while_it_loads_loses_no_sound(open_page, slow_held_page):
    server, classifier, url = slow_held_page
    page = open_page("speech", url)
    server.delays = [4.0] * 4
    record(page)
    page.wait_for_timeout(16 * SECOND)
    classifier.released.set()
    wait_for_readings(page, 20)
    stop(page)
    server.check(saved(page, "#live .download-sound"), least=10)


def test_a_silence_while_the_model_loads_is_said_only_as_long_as_it_lasts(open_page, held_page):
    _, url = held_page
    page = open_page("speech", url)
    record(page)
    expect(page.locator("#live .detail")).to_contain_text("The model is loading")
    page.context.set_offline(True)
    expect(page.locator("#live .emotion")).to_have_text("Waiting")
    page.context.set_offline(False)
    expect(page.locator("#live .emotion")).to_have_text("Listening")
    expect(page.locator("#live .detail")).to_contain_text("The model is loading")


@pytest.fixture
def page_with_held_model(monkeypatch, classifier):
    other = Held(MODELS / "mfcc-2d")
    monkeypatch.setattr(model_choice, "shared", lambda folder: other)
    for _, url in served(classifier):
        yield other, url
        other.released.set()


def test_a_recording_with_a_model_that_is_not_there_yet_loses_nothing(
    open_page, page_with_held_model
):
    other, url = page_with_held_model
    page = open_page("speech", url)
    record(page)
    wait_for_readings(page, 2)
    stop(page)
    page.click("#live-settings button")
    page.locator("#live-settings").get_by_label("Model").click()
    page.get_by_role("option", name=other.folder.name).click()
    record(page)
    expect(page.locator("#live .detail")).to_contain_text("The model is loading")
    page.wait_for_timeout(6 * SECOND)
    assert plotted(page)[0]["x"] == []
    other.released.set()
    # Readings come up with the sound only if none of it is lost.
    page.wait_for_function(
        """() => {
            const [minutes, seconds] = document.querySelector('.elapsed').textContent.split(':');
            const read = document.querySelector('.history').data[0].x.at(-1);
            return read > 60 * minutes + Number(seconds) - 3;
        }""",
        timeout=90 * SECOND,
    )
    times = plotted(page)[0]["x"]
    assert times[0] < 3
    assert np.diff(times) == pytest.approx(0.5)


def test_the_page_says_when_the_model_has_come(open_page, held_page):
    classifier, url = held_page
    page = open_page("speech", url)
    expect(page.locator("#live .emotion")).to_have_text("Getting ready")
    classifier.released.set()
    expect(page.locator("#live .emotion")).to_have_text("Ready", timeout=90 * SECOND)


def test_a_recording_waits_for_the_model(open_page, recordings, held_page):
    classifier, url = held_page
    page = open_page("speech", url)
    upload(page, recordings["angry"])
    expect(page.locator("#progress")).to_contain_text("Loading the model", timeout=90 * SECOND)
    classifier.released.set()
    expect(page.locator("#summary .emotion")).to_have_text("angry", timeout=90 * SECOND)
    expect(page.locator("#progress")).to_have_text("")
