"""The page in a window of its own, through a browser of the Chromium family in its app mode."""

import shutil
import subprocess
import webbrowser
from collections.abc import Sequence
from pathlib import Path

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "microsoft-edge",
    "msedge",
    "brave-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)


def open_window(
    url: str, profile: Path, switches: Sequence[str] = ()
) -> subprocess.Popen[bytes] | None:
    """Open a page in a window without tabs and address, or else in the default browser.

    Args:
        url: of the page.
        profile: a folder for the settings of the window, such as the microphone permission.
        switches: more command line switches of the browser.

    Returns:
        The process of the window; None for a tab of the default browser.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        webbrowser.open(url)
        return None
    return subprocess.Popen(
        [browser, f"--app={url}", f"--user-data-dir={profile}", "--no-first-run", *switches],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
