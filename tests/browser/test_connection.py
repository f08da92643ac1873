"""A connection that breaks while recording: sound waits in the page, readings outlive a reload."""

import time

import numpy as np
import pandas as pd
from playwright.sync_api import expect

from tests.browser.steps import SECOND, plotted, record, saved, stop, wait_for_readings
from tests.serving import app_running, free_port

OFFLINE = 10  # seconds
BEHIND = 6  # seconds that a busy machine may be late


def test_ten_seconds_without_a_connection_lose_nothing(open_page):
    page = open_page("speech")
    record(page)
    began = time.monotonic()
    wait_for_readings(page, 3)
    page.context.set_offline(True)
    expect(page.locator("#live .backlog")).to_contain_text("No connection", timeout=10 * SECOND)
    page.wait_for_timeout(OFFLINE * SECOND)
    page.context.set_offline(False)
    expect(page.locator("#live .backlog")).to_have_text("", timeout=60 * SECOND)
    elapsed = time.monotonic() - began
    times = np.array(plotted(page)[0]["x"])
    assert times[-1] > elapsed - BEHIND, "all sound has been read"
    assert np.diff(times).max() <= 2.5, "and what was said offline among it"
    stop(page)
    expect(page.locator("#live .summary-words")).to_contain_text("Listened for")


def test_readings_outlive_the_server(open_page):
    port = free_port()
    with app_running(port=port) as (url, app):
        page = open_page("speech", url)
        questions: list[str] = []
        page.on("dialog", lambda dialog: (questions.append(dialog.type), dialog.dismiss()))
        page.evaluate("window.before = true")
        record(page)
        wait_for_readings(page, 6)
        heard = len(plotted(page)[0]["x"])
        app.kill()
        expect(page.locator("#live .status-text")).to_have_text(
            "Not recording", timeout=30 * SECOND
        )
        expect(page.locator("#live .backlog")).to_contain_text(
            "The connection to the server was lost"
        )
        expect(page.locator("#live .summary")).to_be_visible()
    with app_running(port=port):
        page.wait_for_function("!window.before", timeout=60 * SECOND)  # Gradio loads the page anew
        expect(page.locator("#live .summary")).to_be_visible(timeout=60 * SECOND)
        assert len(pd.read_csv(saved(page, "#live .download-csv"))) >= heard
        assert questions == []
