"""What the server keeps of the files that people send, with seconds where it has minutes."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.classifier import Classifier
from app.ui import page as ui
from tests.browser.serving import served
from tests.browser.steps import SECOND, record, upload, wait_for_readings
from tests.serving import PATIENCE, app_running

EVERY, AGE = 1, 8  # seconds; a busy machine needs some from an upload to its analysis
ANALYZED = {"timeout": PATIENCE * SECOND}


class Slow(Classifier):
    """The shipped bundle on a machine that takes longer for a recording than files are kept."""

    def probabilities(self, windows):
        time.sleep(AGE + 2 * EVERY)
        return super().probabilities(windows)


@pytest.fixture
def forgetful_page(monkeypatch):
    monkeypatch.setattr(ui, "DELETE_CACHE", (EVERY, AGE))
    classifier = Slow()
    classifier.load()
    yield from served(classifier)


def test_files_outlast_their_turn_and_no_more(open_page, recordings, forgetful_page):
    blocks, url = forgetful_page
    page = open_page(url=url)
    upload(page, recordings["angry"], recordings["sad"], recordings["silence"])
    expect(page.locator("#progress")).to_contain_text("Analyzing")
    sent = {Path(path) for component in blocks.blocks.values() for path in kept_by(component)}
    assert len(sent) == 3
    expect(page.locator("#progress")).to_have_text("", **ANALYZED)
    assert "No such file" not in page.locator("#files").inner_text()
    until = time.monotonic() + AGE + 7
    while any(path.exists() for path in sent) and time.monotonic() < until:
        page.wait_for_timeout(0.2 * SECOND)
    assert not any(path.exists() for path in sent)


def test_an_example_is_there_however_long_the_server_runs(open_page, forgetful_page, new_files):
    _, url = forgetful_page
    page = open_page(url=url)
    page.wait_for_timeout((AGE + 2 * EVERY) * SECOND)
    page.get_by_role("tab", name="Recordings").click()
    page.locator("#examples button").first.click()
    expect(page.locator("#summary .detail")).to_contain_text("confident", **ANALYZED)
    assert all(path.stat().st_size for path in new_files()), "Gradio would leave an empty file"


def kept_by(component):
    return getattr(component, "keep_in_cache", ())


def test_no_sound_outlasts_a_server_whose_page_records(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with app_running() as (url, app):
        page = open_page("speech", url)
        record(page)
        wait_for_readings(page, 3)
        assert list(tmp_path.rglob("audio.wav"))
        app.terminate()
        app.wait(20)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
