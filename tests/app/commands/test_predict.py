"""The `predict` command and `predict_emotion`, as people call them."""

import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import app
from app import analyze, audio, predict_emotion, tables
from app.__main__ import LABEL_FORMATS
from app.__main__ import app as commands
from app.emotions import LABELS
from app.formats import FORMATS
from tests.conftest import EXAMPLES
from tests.serving import PATIENCE, ROOT
from tests.sounds import RATE, with_ffmpeg, with_soundfile


def command(*words, stdin=None):
    """`predict` in a process of its own, which loads TensorFlow anew."""
    return subprocess.run(
        [sys.executable, "-m", "app", "predict", *map(str, words)],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
    )


def here(*words):
    """`predict` in this process, whose TensorFlow and model are loaded already."""
    done = CliRunner().invoke(commands, ["predict", *map(str, words)])
    return SimpleNamespace(
        returncode=done.exit_code, stdout=done.stdout_bytes, stderr=done.stderr_bytes
    )


@pytest.fixture
def folder(tmp_path, examples):
    """A recording, another in a folder below, an archive, and a text that is none."""
    (tmp_path / "below").mkdir()
    shutil.copy(examples[0], tmp_path / "one.ogg")
    shutil.copy(examples[1], tmp_path / "below" / "two.ogg")
    (tmp_path / "notes.txt").write_text("not listed")
    with zipfile.ZipFile(tmp_path / "three.zip", "w") as packed:
        packed.write(examples[2], "three.ogg")
    return tmp_path


def test_a_folder_is_a_csv(folder, classifier):
    done = command(folder, "--format", "csv", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b"Skipped 1 file that is no recording (1 .txt).\n"
    table = pd.read_csv(io.BytesIO(done.stdout))
    assert tuple(table.columns) == (*tables.FILE_COLUMNS, *LABELS)
    assert table["file"].tolist() == [
        str(folder / "below" / "two.ogg"),
        str(folder / "one.ogg"),
        f"{folder / 'three.zip'}/three.ogg",
    ]
    heard = predict_emotion(folder / "one.ogg")
    assert table["emotion"][1] == heard.emotion
    assert table["confidence"][1] == pytest.approx(heard.confidence, abs=1e-3)


def test_one_broken_file_is_a_row_and_exit_code_1(folder):
    broken = folder / "broken.wav"
    broken.write_text("no sound")
    done = here(broken, folder / "one.ogg", folder / "missing.wav", "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert rows[0]["error"] == "broken.wav is not audio, or is damaged beyond reading."
    assert rows[1]["emotion"] in LABELS
    assert rows[2]["error"] == "missing.wav cannot be read: No such file or directory."


def test_standard_input_is_a_timeline(classifier):
    recording = EXAMPLES / "joined-woman-1037.ogg"
    done = command("-", "--timeline", "--format", "json", stdin=recording.read_bytes())
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert list(rows[0]) == [*tables.SEGMENT_COLUMNS, *LABELS]
    assert rows[0]["file"] == "standard input"
    segments = analyze(recording, classifier).segments
    assert len(segments) > 2
    for column in ("start", "end", "state", "emotion", "candidates", "confidence"):
        wanted = segments[column].astype(object).where(segments[column].notna(), None)
        assert [row[column] for row in rows] == pytest.approx(wanted.tolist(), abs=1e-3)


def test_a_table_for_people_in_a_file(folder):
    done = here(folder / "*.ogg", "--out", folder / "table.txt")
    assert done.returncode == 0, done.stderr
    text = (folder / "table.txt").read_text()
    assert "one.ogg" in text
    assert "%" in text


def test_a_name_is_printed_as_it_is(folder):
    """Rich takes brackets for markup, some for its end, and a word between colons for an emoji."""
    (folder / "[").mkdir()
    strange = "[/b] [final] :fire:.ogg"
    shutil.copy(folder / "one.ogg", folder / strange)
    done = here(folder / strange)
    assert done.returncode == 0, done.stderr
    assert strange in done.stdout.decode()


def test_subtitles_of_one_recording_are_printed(examples):
    done = command(examples[0], "--format", "srt")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == FORMATS["srt"].text(analyze(examples[0]))


def test_labels_of_several_recordings_are_a_file_each(folder):
    (folder / "broken.wav").write_text("no sound")
    (folder / "again").mkdir()
    shutil.copy(folder / "one.ogg", folder / "again")
    out = folder / "labels"
    done = here(folder, "--format", "textgrid", "--out", out)
    assert done.returncode == 1
    said = done.stderr.decode().splitlines()
    sentence = "broken.wav is not audio, or is damaged beyond reading."
    assert said[-1] == f"{folder / 'broken.wav'}: {sentence}"
    names = {"one.TextGrid", "one-2.TextGrid", "two.TextGrid", "three.TextGrid"}
    assert {path.name for path in out.iterdir()} == names
    assert (out / "one.TextGrid").read_text() == (out / "one-2.TextGrid").read_text()


def test_labels_of_channels_name_them(tmp_path):
    voice = audio.load(EXAMPLES / "angry-woman-1037.ogg", RATE)
    for place in ("monday", "tuesday"):
        (tmp_path / place).mkdir()
        content = with_soundfile(np.stack([voice, voice[::-1]], axis=1), "WAV")
        (tmp_path / place / "call.wav").write_bytes(content)
    out = tmp_path / "labels"
    wanted = ["--channels", "split", "--format", "srt", "--out", out]
    done = here(tmp_path / "monday", tmp_path / "tuesday", *wanted)
    assert done.returncode == 0, done.stderr
    names = (f"call-channel-{number}{again}.srt" for number in (1, 2) for again in ("", "-2"))
    assert {path.name for path in out.iterdir()} == set(names)


def test_every_format_of_labels_can_be_chosen():
    assert set(LABEL_FORMATS) == set(FORMATS)


def no_room():
    """Files may grow to 500 bytes and no further, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))


def test_a_full_disk_is_one_sentence_and_the_old_result_is_intact(folder):
    old = folder / "result.csv"
    old.write_text("what was there before")
    words = ["app", "predict", folder, "--timeline", "--format", "json", "--out", old]
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=no_room,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "\nThe results cannot be written: " in done.stderr.decode()
    assert old.read_text() == "what was there before"
    assert not list(folder.glob("partial-*"))


def test_of_a_run_that_is_stopped_the_results_so_far_are_kept(folder, tmp_path, examples):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(400):
        (many / f"{number:03}.ogg").symlink_to(examples[0])
    out = tmp_path / "many.csv"
    run = subprocess.Popen(
        [sys.executable, "-m", "app", "predict", many, "--format", "csv", "--out", out],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    partial, until = tmp_path / "partial-many.csv", time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if partial.is_file() and partial.read_text().count("\n") > 3:
            break
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=PATIENCE)
    kept = tmp_path / "stopped-many.csv"
    assert f"Stopped: the results so far are in {kept}." in said.decode()
    assert 3 <= len(pd.read_csv(kept)) < 400
    assert not out.exists()
    assert not partial.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing-*.wav"], "Nothing matches"),
        (["tests/browser"], "There is no recording in the folder"),
        (["x.wav", "--format", "xml"], "xml"),
        (["x.wav", "y.wav", "--format", "srt"], "give a folder with --out"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_exit_code_2(words, sentence):
    done = here(*words)
    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.decode().split())
    assert done.stdout == b""


def test_python_takes_a_path_and_prints_well(examples):
    heard = predict_emotion(str(examples[0]))
    assert (
        heard.probabilities[heard.emotion] == heard.confidence == max(heard.probabilities.values())
    )
    assert list(heard.probabilities) == list(LABELS)
    assert str(heard).startswith(f"{heard.emotion}, {heard.confidence:.0%} confident (")


def test_python_takes_samples_with_their_rate(examples):
    samples = audio.load(examples[0], 44_100)
    direct, resampled = predict_emotion(examples[0]), predict_emotion(samples, sample_rate=44_100)
    assert resampled.emotion == direct.emotion
    assert resampled.confidence == pytest.approx(direct.confidence, abs=0.05)
    with pytest.raises(ValueError, match="need their rate"):
        predict_emotion(samples)


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, app; dir(app); sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    assert set(app.__all__) <= set(dir(app))
    assert all(getattr(app, name) is not None for name in app.__all__)


CONTAINERS = {
    "wav": lambda samples: with_soundfile(samples, "WAV"),
    "flac": lambda samples: with_soundfile(samples, "FLAC"),
    "mp3": lambda samples: with_soundfile(samples, "MP3"),
    "ogg": lambda samples: with_soundfile(samples, "OGG", "VORBIS"),
    "opus": lambda samples: with_ffmpeg(samples, "ogg", "libopus"),
    "m4a": lambda samples: with_ffmpeg(samples, "ipod", "aac"),
    "aac": lambda samples: with_ffmpeg(samples, "adts", "aac"),
    "webm": lambda samples: with_ffmpeg(samples, "webm", "libopus"),
    "mp4": lambda samples: with_ffmpeg(samples, "mp4", "aac", picture=True),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_format_that_people_have_is_heard_alike(container, examples, tmp_path):
    clip = next(path for path in examples if path.stem.startswith("happy-man"))
    path = tmp_path / f"clip.{container}"
    path.write_bytes(CONTAINERS[container](audio.load(clip, RATE)[:, None]))
    direct, heard = predict_emotion(clip), predict_emotion(path)
    assert heard.emotion == direct.emotion
    assert heard.duration == pytest.approx(direct.duration, abs=0.15)
