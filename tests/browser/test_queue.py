"""Uploads that wait for their turn: what their visitor sees, and what comes of those replaced."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

import pytest
from playwright.sync_api import Page, expect

from app.classifier import Classifier
from app.ui import page as ui
from app.ui import recordings_tab
from tests.browser.serving import served
from tests.browser.steps import SECOND, upload
from tests.serving import PATIENCE

EVERY, AGE = 1, 8  # seconds; a busy machine needs some from an upload to its analysis
OLD = (AGE + 2 * EVERY) * SECOND  # after which a file is deleted that nobody holds
ANALYZED = {"timeout": PATIENCE * SECOND}
WAITS = "Waiting for its turn"


class Held(Classifier):
    """The shipped bundle, which classifies nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = Event()
        self.load()

    def probabilities(self, windows):
        assert self.released.wait(300)
        return super().probabilities(windows)


@dataclass
class Busy:
    """A server that is held up by the upload of a visitor, and by each one that comes after it.

    Attributes:
        url: its address.
        page: of the visitor.
        classifier: holds it up.
        heard: the names of the recordings whose analysis has begun, upload by upload.
    """

    url: str
    page: Page
    classifier: Held
    heard: list[list[str]]

    def release(self, *names: str) -> None:
        """Release the upload that is analyzed: of these recordings."""
        for _ in range(600):
            if self.heard[-1:] == [list(names)]:
                return self.classifier.released.set()
            self.page.wait_for_timeout(0.1 * SECOND)
        raise AssertionError(f"{names} have no turn after {self.heard}")


@pytest.fixture
def busy(monkeypatch, open_page, recordings) -> Iterator[Busy]:
    """It analyzes one upload at a time, and keeps files for seconds."""
    heard: list[list[str]] = []
    hear_all = recordings_tab.hear_all
    classifier = Held()

    def hearing(items, *given, **settings):
        names = [item.name for item in items]
        # Changes in quick succession may begin the analysis of one upload anew.
        if heard[-1:] != [names]:
            classifier.released.clear()
            heard.append(names)
        return hear_all(items, *given, **settings)

    monkeypatch.setattr(recordings_tab, "hear_all", hearing)
    monkeypatch.setattr(recordings_tab, "AT_ONCE", 1)
    monkeypatch.setattr(ui, "DELETE_CACHE", (EVERY, AGE))
    for _, url in served(classifier):
        page = open_page(url=url)
        upload(page, recordings["long"], recordings["silence"])
        expect(page.locator("#progress p")).to_contain_text("Analyzing")
        yield Busy(url, page, classifier, heard)
        classifier.released.set()


@pytest.mark.parametrize("before", ["angry", "text"])
def test_what_replaces_a_waiting_upload_is_analyzed_in_its_place(
    open_page, recordings, busy, before
):
    page = open_page(url=busy.url)
    upload(page, recordings[before])
    expect(page.locator("#progress p")).to_have_text(WAITS)
    page.wait_for_timeout(OLD)
    upload(page, recordings["sad"])
    expect(page.locator("#progress p")).to_have_text(WAITS)
    page.wait_for_timeout(OLD)
    busy.release("long.wav", "silence.wav")
    busy.release("sad.wav")
    expect(page.locator("#summary .source")).to_contain_text("sad.wav", **ANALYZED)
    expect(page.locator("#progress p")).to_have_count(0)
    expect(page.locator("#stop")).to_be_hidden()


def test_what_replaces_an_upload_waits_behind_those_of_others(open_page, recordings, busy):
    other = open_page(url=busy.url)
    upload(other, recordings["angry"])
    expect(other.locator("#progress p")).to_have_text(WAITS)
    upload(busy.page, recordings["sad"])
    expect(busy.page.locator("#progress p")).to_have_text(WAITS)
    busy.release("long.wav", "silence.wav")
    expect(other.locator("#progress p")).to_contain_text("Analyzing")
    busy.page.wait_for_timeout(OLD)
    expect(busy.page.locator("#progress p")).to_have_text(WAITS)
    busy.release("angry.wav")
    busy.release("sad.wav")
    expect(busy.page.locator("#summary .source")).to_contain_text("sad.wav", **ANALYZED)


def test_stop_ends_an_upload_that_waits(open_page, recordings, busy):
    page = open_page(url=busy.url)
    upload(page, recordings["angry"])
    expect(page.locator("#progress p")).to_have_text(WAITS)
    page.click("#stop")
    expect(page.locator("#progress p")).to_have_count(0)
    expect(page.locator("#stop")).to_be_hidden()
    upload(busy.page, recordings["sad"])
    busy.release("long.wav", "silence.wav")
    busy.release("sad.wav")
    expect(busy.page.locator("#summary .source")).to_contain_text("sad.wav", **ANALYZED)
    expect(page.locator("#summary .emotion")).to_have_text("Ready")
