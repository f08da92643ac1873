"""Progress in a terminal and in a log."""

import io
import sys
import time

import pytest

from app import progress
from tests.test_architecture import importers


class Terminal(io.StringIO):
    def isatty(self):
        return True


def count(steps):
    return sum(1 for _ in progress.progress(range(steps), desc="evaluate", unit="clip"))


def test_a_terminal_has_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert count(1000) == 1000
    assert "\r" in sys.stderr.getvalue()
    assert "evaluate: 100%" in sys.stderr.getvalue()


def test_a_log_has_whole_lines(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "LINE_EVERY", 1e-6)
    assert count(50) == 50
    said = sys.stderr.getvalue()
    assert "\r" not in said
    assert all(line.startswith("evaluate: ") for line in said.splitlines())
    assert said.splitlines()[-1].startswith("evaluate: 100%")


def test_a_log_of_short_work_is_empty(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert count(100_000) == 100_000
    assert sys.stderr.getvalue() == ""


def test_a_log_of_long_work_has_a_line_now_and_then(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "LINE_EVERY", 0.3)
    began = time.monotonic()
    for _ in progress.progress(range(1000)):
        time.sleep(0.001)
    lines = sys.stderr.getvalue().splitlines()
    assert 2 <= len(lines) <= (time.monotonic() - began) / 0.3 + 2


@pytest.mark.parametrize("folder", ["app", "model_training"])
def test_progress_is_shown_by_one_function(folder):
    expected = {"app/progress.py"} if folder == "app" else set()
    assert importers("tqdm", f"{folder}/*.py") == expected
