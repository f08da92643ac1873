"""Names that a terminal cannot print, and recordings that come through pipes."""

import csv
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import soundfile

from app import audio
from tests.conftest import EXAMPLES, ROOT
from tests.serving import PATIENCE

VOICE = EXAMPLES / "angry-woman-1037.ogg"


def command(*words, stdin=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "app", *map(os.fsencode, map(str, words))],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        env=os.environ | environment,
        timeout=PATIENCE,
    )


def test_a_name_that_the_output_lacks_letters_for_is_written(tmp_path):
    (tmp_path / "голос 😀.ogg").write_bytes(VOICE.read_bytes())
    done = command("predict", tmp_path, "--format", "json", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["file"] == str(tmp_path / "голос 😀.ogg")
    for form in ("csv", "table"):
        done = command("predict", tmp_path, "--format", form, PYTHONIOENCODING="cp1252")
        assert done.returncode == 0, done.stderr
        assert b"\\u0433\\u043e\\u043b\\u043e\\u0441" in done.stdout


def test_a_name_that_is_no_utf_8_costs_no_row(tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.ogg")
    for path in (odd, tmp_path / "plain.ogg"):
        with Path(path).open("wb") as file:
            file.write(VOICE.read_bytes())
    out = tmp_path / "rows.csv"
    done = command("predict", odd, tmp_path / "plain.ogg", "--format", "csv", "--out", out)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert [row["emotion"] for row in rows] == ["angry", "angry"]
    assert rows[0]["file"].endswith("caf\\xe9.ogg")


def test_an_address_is_said_as_it_was_typed():
    done = command("predict", "https://example.org/a.wav", "--format", "csv")
    assert done.returncode == 1
    assert b"https://example.org/a.wav is an address" in done.stdout


def test_listen_takes_a_pipe_as_it_arrives(tmp_path):
    """The first readings are there while the pipe is still open."""
    wave = io.BytesIO()
    soundfile.write(wave, np.tile(audio.load(VOICE), 2), audio.SAMPLE_RATE, format="WAV")
    table = tmp_path / "readings.csv"
    words = ["app", "listen", "--input", "-", "--csv", str(table)]
    with subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdin=subprocess.PIPE) as run:
        run.stdin.write(wave.getvalue()[: 5 * audio.SAMPLE_RATE * 2])
        run.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not (table.exists() and "angry" in table.read_text()):
            time.sleep(0.2)
        before = len(table.read_text().splitlines())
        assert run.poll() is None
        run.stdin.write(wave.getvalue()[5 * audio.SAMPLE_RATE * 2 :])
        run.stdin.close()
        assert run.wait(PATIENCE) == 0
    assert "angry" in table.read_text()
    assert len(table.read_text().splitlines()) > before >= 2


def test_a_pipe_that_is_no_sound_is_a_sentence():
    done = command("listen", "--input", "-", stdin=b"This is no sound. " * 999)
    assert done.returncode == 1
    assert b"Standard input is not audio" in done.stderr
    assert b"Traceback" not in done.stderr


def test_pipes_are_recordings(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(VOICE.read_bytes()), daemon=True)
    writer.start()
    words = ("predict", "/dev/stdin", pipe, "--format", "json")
    done = command(*words, stdin=VOICE.read_bytes())
    writer.join(10)
    assert done.returncode == 0, done.stderr
    assert [row["emotion"] for row in json.loads(done.stdout)] == ["angry", "angry"]
