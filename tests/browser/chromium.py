"""A Chromium for the browser tests: one of the machine's, or one installed by ordinary means.

`python -m tests.browser.chromium` prints its path, or says what to do and exits with 1.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def find() -> str | None:
    """The path of an installed Chromium that starts; None where there is none."""
    return next(filter(_starts, _candidates()), None)


@cache
def ensure() -> str:
    """The path of a Chromium, installing one if need be.

    Raises:
        RuntimeError: there is none and none could be installed.
    """
    if path := find():
        return path
    for command in _installers():
        print("No Chromium here; trying:", " ".join(command), flush=True)
        if subprocess.run(command, check=False).returncode == 0 and (path := find()):
            return path
    raise RuntimeError(
        "The browser tests need Chromium, and none could be installed: install the package "
        "chromium, or run `python -m playwright install --with-deps chromium`."
    )


def _candidates() -> Iterator[str]:
    yield from filter(None, map(shutil.which, NAMES))
    # In a process of its own: a test that asks may be inside another Playwright, which allows none.
    asked = subprocess.run(
        [sys.executable, "-c", PLAYWRIGHTS_OWN], capture_output=True, check=True, text=True
    )
    yield asked.stdout.strip()


def _starts(path: str) -> bool:
    if not Path(path).exists():
        return False
    asked = subprocess.run([path, "--version"], capture_output=True, check=False, text=True)
    # Ubuntu's is a snap, or an advert for it, and a snap cannot read the tests' recordings.
    return asked.returncode == 0 and "snap" not in asked.stdout


def _installers() -> Iterator[list[str]]:
    if shutil.which("apt-get"):
        sudo = "" if os.geteuid() == 0 else "sudo --non-interactive "
        yield ["sh", "-c", f"{sudo}apt-get update; {sudo}apt-get install --yes chromium"]
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    yield [*playwright, "--with-deps"]
    yield playwright


if __name__ == "__main__":
    try:
        print("Chromium:", ensure())
    except RuntimeError as error:
        sys.exit(str(error))
