"""The page in a window of its own, in a real Chromium whose window is not drawn."""

import os
import time

from playwright.sync_api import Error

from app.ui.desktop import open_window
from tests.browser.chromium import ensure
from tests.browser.steps import SECOND
from tests.serving import PATIENCE, free_port


def test_the_page_opens_in_a_window_of_its_own(playwright, app_url, tmp_path, monkeypatch):
    # The tests' Chromium may be one of Playwright's, which is not on the path.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "chromium").symlink_to(ensure())
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    port = free_port()
    switches = ["--headless=new", "--no-sandbox", f"--remote-debugging-port={port}"]
    window = open_window(app_url, tmp_path / "profile", switches)
    assert window is not None
    try:
        browser = connected(playwright, port)
        (context,) = browser.contexts
        context.set_default_timeout(PATIENCE * SECOND)
        page = context.pages[0] if context.pages else context.wait_for_event("page")
        page.wait_for_selector("#live .history .main-svg")
        assert page.url.startswith(app_url)
        assert page.evaluate("matchMedia('(display-mode: standalone)').matches")
    finally:
        window.terminate()
        window.wait(PATIENCE)


def connected(playwright, port):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        except Error:
            time.sleep(0.2)
    raise AssertionError("the window did not open")
