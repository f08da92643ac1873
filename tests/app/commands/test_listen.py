"""Listening in a terminal: a file as the microphone, its readings on the screen and in a table."""

import csv
import queue
import re
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from app import audio
from app.commands import microphone
from app.commands.listen import bars, listen, play
from app.emotions import EMOTIONS, LABELS
from app.live import LiveSession
from app.tables import READING_COLUMNS
from tests.conftest import ROOT


class PortAudioError(Exception):
    """That of sounddevice, which cannot be imported where PortAudio is missing."""


EXAMPLE = "assets/examples/angry-woman-1037.ogg"


@pytest.fixture(scope="module")
def clip(examples):
    return examples[0]


def test_every_reading_is_written_as_the_engine_gave_it(classifier, clip, tmp_path):
    listen(LiveSession(classifier), play(clip, real_time=False), tmp_path / "readings.csv")
    with (tmp_path / "readings.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = LiveSession(classifier).feed(audio.load(clip), audio.SAMPLE_RATE)
    assert tuple(rows[0]) == (*READING_COLUMNS, *LABELS)
    assert [row["state"] for row in rows] == [reading.state for reading in expected]
    assert [float(row["time"]) for row in rows] == [reading.time for reading in expected]
    assert [row["emotion"] or None for row in rows] == [reading.emotion for reading in expected]
    spoken = [row for row in rows if row["emotion"]]
    assert spoken
    for row in spoken:
        assert sum(float(row[label]) for label in LABELS) == pytest.approx(1.0, abs=1e-3)


def test_ctrl_c_ends_with_the_summary(classifier, clip, capsys):
    def interrupted():
        yield from play(clip, real_time=False)
        raise KeyboardInterrupt

    session = LiveSession(classifier)
    with pytest.raises(KeyboardInterrupt):
        listen(session, interrupted())
    last = capsys.readouterr().out.rstrip().splitlines()[-1]
    assert last == session.summary().sentence
    assert last.startswith("Most")


def test_a_reading_is_eight_bars_with_the_current_one_named(classifier, clip):
    reading = LiveSession(classifier).feed(audio.load(clip), audio.SAMPLE_RATE)[-1]
    console = Console(width=100, record=True)
    console.print(bars(reading, EMOTIONS))
    text = console.export_text()
    assert all(label in text for label in LABELS)
    assert text.splitlines()[0].endswith(reading.emotion)
    assert f"{reading.confidence:.0%}" in text


def test_an_unclear_reading_names_what_it_lies_between(classifier, clip):
    readings = LiveSession(classifier).feed(audio.load(clip), audio.SAMPLE_RATE)
    unclear = replace(readings[-1], state="unclear", emotion=None, candidates=("sad", "disgust"))
    console = Console(width=100, record=True)
    console.print(bars(unclear, EMOTIONS))
    assert console.export_text().splitlines()[0].endswith("unclear: sad or disgust")


def test_real_time_takes_as_long_as_the_recording(clip):
    began = time.monotonic()
    seconds = sum(len(samples) / rate for samples, rate in play(clip, real_time=True))
    assert time.monotonic() - began == pytest.approx(seconds, abs=0.5)


def test_a_microphone_that_gives_no_more_sound_ends_with_a_sentence(monkeypatch):
    """As one that is unplugged: PortAudio calls back no more, and says nothing."""
    monkeypatch.setattr(microphone, "PATIENCE", 0.1)
    chunks = queue.SimpleQueue()
    chunks.put(np.zeros((160, 1), np.int16))
    recorded = microphone._chunks(nullcontext(), chunks, 16_000)
    assert len(next(recorded)[0]) == 160
    with pytest.raises(microphone.MicrophoneError, match="The microphone is gone"):
        next(recorded)


class Refusing:
    """A stream that opens and does not start, as one that another program has taken."""

    def __init__(self, **_):
        pass

    def start(self):
        raise PortAudioError("Device unavailable")


def test_a_microphone_that_does_not_start_is_a_sentence(monkeypatch):
    module = SimpleNamespace(
        query_devices=lambda *_: {"default_samplerate": 16_000.0},
        InputStream=Refusing,
        PortAudioError=PortAudioError,
    )
    monkeypatch.setattr(microphone, "_sounddevice", lambda: module)
    with pytest.raises(microphone.MicrophoneError, match="Device unavailable"):
        microphone.record()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--input", "no-such-file.wav"], "no-such-file.wav cannot be read"),
        # Without PortAudio the sentence says how to get it, with it how to choose another.
        (["--device", "no such microphone"], r"libportaudio2|--list-devices"),
        (["--input", EXAMPLE, "--model", "no-such-model"], "no such folder"),
    ],
)
def test_what_cannot_be_heard_is_one_sentence(arguments, sentence):
    heard = subprocess.run(
        [sys.executable, "-m", "app", "listen", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert heard.returncode == 1
    assert re.search(sentence, heard.stderr)
    assert "Traceback" not in heard.stderr
