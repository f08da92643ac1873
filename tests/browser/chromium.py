"""A Chromium for the browser tests: one of the machine's, or one installed by ordinary means.

`python -m tests.browser.chromium` prints its path, or says what to do and exits with 1.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of an installed Chromium; None where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


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


def _installers() -> list[list[str]]:
    playwright = [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]
    if not shutil.which("apt-get"):
        return [playwright]
    root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    apt = f"{' '.join(root)} apt-get update && {' '.join(root)} apt-get install -y chromium"
    return [["sh", "-c", apt], playwright]


if __name__ == "__main__":
    try:
        print("Chromium:", ensure())
    except RuntimeError as error:
        sys.exit(str(error))
