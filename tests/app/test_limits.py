"""Limits come from the environment, and past each there is a sentence."""

import os
import re
import subprocess
import sys
import time
from dataclasses import asdict

import httpx
import numpy as np
import pytest

from app.limits import Limits, LimitsError
from app.live import LiveSession
from app.ui import live_tab
from app.ui.live_tab import GONE, Listener, Listeners
from tests.serving import PATIENCE, ROOT, app_running
from tests.sounds import with_soundfile

DOCUMENTED = ROOT / "app" / "README.md"
RATE = 48_000
CHUNK = (RATE, np.zeros(RATE // 2, np.int16))


def test_what_is_not_named_is_as_it_was():
    assert Limits.of({}) == Limits()
    assert Limits.of({"UNDERTONE_MINUTES": "30"}) == Limits(minutes=30)


def test_the_documentation_lists_them_with_their_values():
    rows = re.findall(r"^\| `UNDERTONE_(\w+)` +\| +(\d+) \|", DOCUMENTED.read_text(), re.MULTILINE)
    assert {name.lower(): int(value) for name, value in rows} == asdict(Limits())


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "1.5"])
def test_a_limit_that_is_no_number_is_one_sentence(value):
    with pytest.raises(LimitsError, match=r"UNDERTONE_LISTENERS is '.*'; it takes a whole number"):
        Limits.of({"UNDERTONE_LISTENERS": value})


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_the_command_says_which_limit_is_wrong():
    done = run("predict", "assets/examples", UNDERTONE_MINUTES="all")
    assert done.returncode == 1
    assert done.stderr == "UNDERTONE_MINUTES is 'all'; it takes a whole number above 0.\n"


def test_a_recording_over_the_limit_is_a_row_with_its_reason(tmp_path):
    long = tmp_path / "long.wav"
    long.write_bytes(with_soundfile(np.zeros((130 * 8000, 1)), "WAV", rate=8000))
    done = run("predict", str(long), "--format", "csv", UNDERTONE_MINUTES="1")
    assert done.returncode == 1
    assert "long.wav is longer than 1 minute: cut it into shorter recordings." in done.stdout


def test_an_upload_over_the_limit_is_refused_and_not_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("UNDERTONE_UPLOAD_MB", "1")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with app_running() as (url, _):
        answer = httpx.post(
            f"{url}/gradio_api/upload",
            files={"files": ("large.wav", bytes(2**21), "audio/wav")},
            timeout=PATIENCE,
        )
    assert answer.status_code == 413
    assert not list(tmp_path.rglob("large*"))


def test_a_room_has_so_many_places_and_those_who_leave_free_theirs(classifier):
    room = Listeners(2)
    first, second, third = (Listener(LiveSession(classifier)) for _ in range(3))
    assert room.admits(first)
    assert room.admits(second)
    assert not room.admits(third)
    assert room.admits(first), "who is inside stays"
    second.seen -= GONE + 1
    assert room.admits(third), "who is silent for long has gone"
    assert not room.admits(second)
    del third
    assert room.admits(second), "who is forgotten has gone"


def test_a_full_room_is_one_sentence(classifier, monkeypatch):
    monkeypatch.setattr(live_tab, "LISTENERS", Listeners(1))
    _, answer = live_tab.hear(classifier, CHUNK, inside := Listener(LiveSession(classifier)))
    assert answer["received"] == 0.5
    _, answer = live_tab.hear(classifier, CHUNK, None)
    assert "as many as there is room for" in answer["refusal"]
    assert inside.seen <= time.monotonic()


def test_a_recording_without_end_is_ended(classifier, monkeypatch):
    monkeypatch.setattr(live_tab, "LIMITS", Limits(live_minutes=1))
    listener = Listener(LiveSession(classifier))
    listener.session.received = 61.0
    _, answer = live_tab.hear(classifier, CHUNK, listener)
    assert answer["refusal"].startswith("A recording ends after 1 minute;")
