"""What people drop by mistake or out of malice: an answer or one sentence, quickly."""

import io
import json
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import audio, predict_emotion, tables
from app.errors import UndertoneError
from app.ui import recordings_tab
from app.ui.runs import Run
from tests.sounds import RATE, with_ffmpeg, with_soundfile
from tests.test_architecture import ROOT

PATIENCE = 10.0  # seconds for any one of them
VOICE = audio.load(ROOT / "assets" / "examples" / "angry-woman-1037.ogg", RATE)[:, None]
NOTHING = np.zeros((RATE, 1), np.float32)

HEARD = "heard"  # as the clean voice is
SILENT = "no speech"
ANYTHING = "anything"  # an answer or a sentence: what is left of it decides
NOT_AUDIO = "is not audio, or is damaged beyond reading."
EMPTY = "is empty."
NO_SAMPLES = "holds no audio samples."
NO_SOUND = "has no sound track."

WAV = with_soundfile(VOICE, "WAV", "PCM_16")
CONTAINERS: dict[str, bytes] = {
    "wav": WAV,
    "flac": with_soundfile(VOICE, "FLAC"),
    "mp3": with_soundfile(VOICE, "MP3"),
    "ogg": with_soundfile(VOICE, "OGG", "VORBIS"),
    "m4a": with_ffmpeg(VOICE, "ipod", "aac"),
    "webm": with_ffmpeg(VOICE, "webm", "libopus"),
}
SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM")


def field(content: bytes, offset: int, form: str, value: int) -> bytes:
    """A WAV with one field of its header overwritten."""
    packed = struct.pack(f"<{form}", value)
    return content[:offset] + packed + content[offset + len(packed) :]


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("voice.wav", content)
    return file.getvalue()


def as_float(samples: np.ndarray) -> bytes:
    return with_soundfile(samples.astype(np.float32), "WAV", "FLOAT")


def at_rate(rate: int) -> bytes:
    clip = audio.load(with_soundfile(VOICE, "FLAC"), rate)
    return with_soundfile(clip[:, None], "WAV", "PCM_16", rate)


def holed(value: float) -> np.ndarray:
    samples = VOICE.copy()
    samples[1000::5000] = value
    return samples


CASES: dict[str, tuple[bytes, str]] = {
    # No sound at all.
    "empty": (b"", EMPTY),
    "one byte": (b"R", NOT_AUDIO),
    "text": (b"This is no sound at all. " * 999, NOT_AUDIO),
    "page": (b"<!doctype html><title>no</title>" * 99, NOT_AUDIO),
    "picture": ((ROOT / "assets" / "page" / "favicon.png").read_bytes(), NOT_AUDIO),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(9999), NOT_AUDIO),
    "zeros": (bytes(99_999), NOT_AUDIO),
    "archive": (zipped(WAV), NOT_AUDIO),
    "playlist": (b"#EXTM3U\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", NOT_AUDIO),
    "script": (b"ffconcat version 1.0\nfile /etc/passwd\n", NOT_AUDIO),
    "link": (b"http://127.0.0.1:1/voice.wav", NOT_AUDIO),
    "film without sound": (with_ffmpeg(VOICE, "mp4", None, picture=True), NO_SOUND),
    "film": (with_ffmpeg(VOICE, "mp4", "aac", picture=True), HEARD),
    "protected m4a": (CONTAINERS["m4a"].replace(b"mp4a", b"drms"), ANYTHING),
    # Headers that lie.
    "header only": (WAV[:44], NO_SAMPLES),
    "half a header": (WAV[:20], NOT_AUDIO),
    "data length 0": (field(WAV, 40, "I", 0), ANYTHING),
    "data length beyond the end": (field(WAV, 40, "I", 2**31), HEARD),
    "data length unknown": (field(WAV, 40, "I", 2**32 - 1), HEARD),
    "whole length 0": (field(WAV, 4, "I", 0), HEARD),
    "whole length too large": (field(WAV, 4, "I", 2**32 - 1), HEARD),
    "no channels": (field(WAV, 22, "H", 0), ANYTHING),
    "60,000 channels": (field(WAV, 22, "H", 60_000), ANYTHING),
    "rate 0": (field(WAV, 24, "I", 0), ANYTHING),
    "rate of 4 GHz": (field(WAV, 24, "I", 2**32 - 1), ANYTHING),
    "rate of 1 Hz": (field(WAV, 24, "I", 1), "is longer than 120 minutes"),
    "0 bits": (field(WAV, 34, "H", 0), ANYTHING),
    "unknown codec": (field(WAV, 20, "H", 0x4242), ANYTHING),
    "junk after the end": (WAV + b"junk" * 999, HEARD),
    "one byte too few": (WAV[:-1], HEARD),
    # Samples that surprise.
    "silence": (with_soundfile(NOTHING, "WAV"), SILENT),
    "one sample": (with_soundfile(VOICE[:1], "WAV"), NO_SAMPLES),
    "two samples": (with_soundfile(VOICE[:2], "WAV"), SILENT),
    "a tenth of a second": (with_soundfile(VOICE[:4800], "WAV"), SILENT),
    "not a number": (as_float(holed(np.nan)), ANYTHING),
    "all not a number": (as_float(np.full((RATE, 1), np.nan)), SILENT),
    "infinity": (as_float(holed(np.inf)), ANYTHING),
    "huge": (as_float(VOICE * 1e20), ANYTHING),
    "tiny": (as_float(VOICE * 1e-20), SILENT),
    "clipped": (with_soundfile(np.clip(VOICE * 20, -1, 1), "WAV"), ANYTHING),
    "offset": (with_soundfile(np.clip(VOICE + 0.3, -1, 1), "WAV", "FLOAT"), ANYTHING),
    "only offset": (with_soundfile(NOTHING + 0.5, "WAV"), SILENT),
    "half as loud": (with_soundfile(VOICE / 2, "WAV"), HEARD),
    "stereo": (with_soundfile(np.repeat(VOICE, 2, axis=1), "WAV"), HEARD),
    "six channels": (with_soundfile(np.repeat(VOICE, 6, axis=1), "WAV"), HEARD),
    "one of two channels": (with_soundfile(np.hstack([VOICE, VOICE * 0]), "WAV"), HEARD),
    **{f"as {kind}": (with_soundfile(VOICE, "WAV", kind), HEARD) for kind in SUBTYPES},
    **{f"at {rate} Hz": (at_rate(rate), HEARD) for rate in (16_000, 22_050, 44_100, 96_000)},
    **{f"at {rate} Hz": (at_rate(rate), ANYTHING) for rate in (8_000, 11_025)},
    # Cut short, at every tenth.
    **{
        f"{tenth} tenths of {name}": (content[: len(content) * tenth // 10], ANYTHING)
        for name, content in CONTAINERS.items()
        for tenth in range(1, 10)
    },
}


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    """The model is loaded before the first case, whose time is measured."""
    predict_emotion(WAV)


def heard(content: bytes) -> str:
    """The emotion, `SILENT`, or the sentence."""
    began = time.monotonic()
    try:
        answer = predict_emotion(content).emotion or SILENT
    except UndertoneError as error:
        answer = str(error)
    assert time.monotonic() - began < PATIENCE
    return answer


def is_sentence(text: str) -> bool:
    return text.startswith("The recording ") and text.endswith(".") and "\n" not in text


def test_there_are_many():
    assert len(CASES) >= 100


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_answered(name):
    content, expectation = CASES[name]
    answer = heard(content)
    if expectation == HEARD:
        assert answer == "angry"
    elif expectation == ANYTHING:
        assert " " not in answer or answer == SILENT or is_sentence(answer), answer
    else:
        assert expectation in answer


@pytest.mark.parametrize("name", CONTAINERS)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=40)), min_size=1, max_size=8)
)
def test_what_chance_overwrites_is_answered(name, damage):
    content = bytearray(CONTAINERS[name])
    for place, junk in damage:
        start = int(place * (len(content) - len(junk)))
        content[start : start + len(junk)] = junk
    answer = heard(bytes(content))
    assert " " not in answer or answer == SILENT or is_sentence(answer), answer


NAMES: dict[str, Callable[[str], str]] = {
    "long": lambda ending: "x" * (255 - len(ending)) + ending,
    "of another alphabet": lambda ending: f"голос 声音 صوت{ending}",
    "with symbols": lambda ending: f"😀 %s {{0}} $(rm) ';--{ending}",
    "with a line break": lambda ending: f"two\nlines{ending}",
    "like an option": lambda ending: f"--help{ending}",
    "without an ending": lambda ending: "voice",
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_is_only_a_name(kind, tmp_path):
    path = tmp_path / NAMES[kind](".wav")
    path.write_bytes(WAV)
    assert predict_emotion(path).emotion == "angry"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A folder with every case, and the same in an archive."""
    folder = tmp_path_factory.mktemp("crowd")
    archive = folder / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name, (content, _) in CASES.items():
            (folder / f"{name}.wav").write_bytes(content)
            packed.writestr(f"{name}.wav", content)
    return folder


def answers_of(rows):
    """By case what a table says of it."""
    return {Path(row["file"]).stem: row["error"] or row["emotion"] or SILENT for row in rows}


def check(answers):
    assert set(answers) == set(CASES)
    for name, (_, expectation) in CASES.items():
        if expectation == HEARD:
            assert answers[name] == "angry", name
        elif expectation != ANYTHING:
            assert expectation in answers[name], name
        assert "Traceback" not in answers[name]


def test_the_page_answers_all_of_them_in_one_archive(classifier, crowd):
    with gr.Blocks() as page:
        tab = recordings_tab.build(classifier, page)
    updates = recordings_tab.analyze_uploads(
        classifier, tab, Run(), [str(crowd / "all.zip")], classifier.folder.name, False
    )
    outcomes = [update[tab.results] for update in updates if tab.results in update][-1]
    check(answers_of(tables.records(tables.files(outcomes, classifier.labels))))


def test_the_command_answers_all_of_them_in_one_folder(crowd):
    before = set(crowd.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "app", "predict", str(crowd / "*.wav"), "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    check(answers_of(json.loads(done.stdout)))
    assert set(crowd.iterdir()) == before


def test_the_endpoints_answer_all_of_them_and_the_next_request_works(app_url, crowd, examples):
    client = Client(app_url, verbose=False)
    check(answers_of(client.predict([handle_file(str(crowd / "all.zip"))], api_name="/batch")))
    assert client.predict(handle_file(str(examples[1])), api_name="/predict")["emotion"] == "angry"


@pytest.mark.parametrize("name", ["empty", "text", "header only", "film without sound"])
def test_an_endpoint_says_what_is_wrong_in_one_sentence(app_url, crowd, name):
    client = Client(app_url, verbose=False)
    with pytest.raises(AppError) as raised:
        client.predict(handle_file(str(crowd / f"{name}.wav")), api_name="/predict")
    assert CASES[name][1] in str(raised.value)
    assert str(crowd) not in str(raised.value)


def test_an_upload_with_a_name_of_300_characters_is_heard(app_url):
    name = "ü" * 296 + ".wav"
    answer = httpx.post(
        f"{app_url}/gradio_api/upload", files={"files": (name, WAV, "audio/wav")}, timeout=30
    )
    (path,) = answer.json()
    client = Client(app_url, verbose=False)
    recording = {"path": path, "meta": {"_type": "gradio.FileData"}}
    assert client.predict(recording, api_name="/predict")["emotion"] == "angry"
