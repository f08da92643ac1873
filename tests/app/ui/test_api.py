"""The endpoints as programs call them: Gradio's own client against the running app."""

import base64
import secrets
import zipfile

import gradio as gr
import httpx
import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import audio, predict_emotion, tables
from app.classifier import DEFAULT_MODEL
from app.emotions import LABELS
from app.limits import Limits
from app.live import LiveSession
from app.recordings import analyze
from app.ui import api, api_sessions
from app.ui.api import Endpoints
from app.ui.api_sessions import SessionError, Sessions
from app.ui.gradio_patches import Kept

RATE = 44_100
CLOSE = 2e-3  # what a model that runs in another process, on other threads, may differ


@pytest.fixture(scope="module")
def client(app_url):
    return Client(app_url, verbose=False, download_files=False)


@pytest.fixture
def noise(tmp_path):
    """A file that is no sound."""
    path = tmp_path / "noise.wav"
    path.write_bytes(secrets.token_bytes(1000))
    return path


def spoken(path, seconds=6.0):
    """The beginning of a recording as a microphone would send it: int16 at `RATE`."""
    waveform = audio.resample(audio.load(path), audio.SAMPLE_RATE, RATE)
    return (np.clip(waveform[: round(seconds * RATE)], -1, 1) * 32767).astype(np.int16)


def encoded(samples):
    return base64.b64encode(samples.astype("<i2").tobytes()).decode()


def test_predict_answers_as_python_does(client, examples):
    answer = client.predict(handle_file(examples[0]), api_name="/predict")
    heard = predict_emotion(examples[0])
    assert answer["emotion"] == heard.emotion
    assert answer["confidence"] == pytest.approx(heard.confidence, abs=CLOSE)
    assert answer["probabilities"] == pytest.approx(heard.probabilities, abs=CLOSE)
    assert answer["state"] == heard.state
    assert answer["duration"] == pytest.approx(heard.duration)
    assert answer["speech_seconds"] == pytest.approx(heard.speech_seconds)


def test_no_empty_file_is_left_of_what_was_sent(client, tmp_path, new_files):
    """As Gradio's own component for files would, for each one, for good."""
    rng = np.random.default_rng()  # nobody has sent these before
    for name in ("one.wav", "two.wav"):
        soundfile.write(tmp_path / name, rng.uniform(-0.1, 0.1, 16_000), 16_000)
    sent = [handle_file(path) for path in sorted(tmp_path.glob("*.wav"))]
    assert len(client.predict(sent, api_name="/batch")) == 2
    assert new_files()
    assert all(path.stat().st_size for path in new_files())


def test_silence_has_no_emotion_and_no_probabilities(client, tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000), 16_000)
    answer = client.predict(handle_file(path), api_name="/predict")
    assert (answer["emotion"], answer["confidence"], answer["probabilities"]) == (None, None, {})


def test_analyze_answers_the_timeline_at_the_hop_asked_for(client, examples):
    joined = examples[0].with_name("joined-woman-1037.ogg")
    answer = client.predict(handle_file(joined), hop=2.0, api_name="/analyze")
    here = analyze(joined, hop=2.0)
    assert answer["shares"] == pytest.approx(dict(here.shares), abs=CLOSE)
    for name, table in (("segments", here.segments), ("windows", here.windows)):
        rows = answer[name]
        assert [row["start"] for row in rows] == pytest.approx(table["start"].tolist(), abs=CLOSE)
        assert [row["state"] for row in rows] == table["state"].tolist()
        assert [row["emotion"] for row in rows] == table["emotion"].tolist()
        assert set(rows[0]) == {*tables.SEGMENT_COLUMNS, *LABELS} - {"file"}
    windows = answer["windows"]
    assert all(
        row["emotion"] is None or row["confidence"] == row[row["emotion"]] for row in windows
    )
    assert answer["duration"] == pytest.approx(windows[-1]["end"], abs=1e-3)


def test_batch_answers_a_row_for_each_also_for_what_is_broken(client, examples, noise, tmp_path):
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        packed.write(examples[1], "inside.ogg")
        packed.write(noise, "broken.wav")
    sent = [handle_file(examples[0]), handle_file(tmp_path / "both.zip")]
    rows = client.predict(sent, api_name="/batch")
    assert [row["file"] for row in rows] == [examples[0].name, "inside.ogg", "broken.wav"]
    assert [row["error"] is None for row in rows] == [True, True, False]
    assert all(set(row) == {*tables.FILE_COLUMNS, *LABELS} for row in rows)
    assert rows[1]["emotion"] == predict_emotion(examples[1]).emotion

    windows = client.predict(sent, timeline=True, api_name="/batch")
    assert {row["file"] for row in windows} == {examples[0].name, "inside.ogg"}
    assert all(set(row) == {*tables.SEGMENT_COLUMNS, *LABELS} for row in windows)


def test_two_streams_of_any_chunks_are_apart_and_equal_a_session_here(client, classifier, examples):
    recordings = [spoken(examples[0], 2.4), spoken(examples[0].with_name("joined-woman-1037.ogg"))]
    answered, sessions = [[], []], ["", ""]
    sizes = [RATE // 2, RATE // 3]
    for turn in range(12):
        for stream, (samples, size) in enumerate(zip(recordings, sizes, strict=True)):
            chunk = samples[turn * size : (turn + 1) * size]
            if not len(chunk):
                continue
            answer = client.predict(encoded(chunk), RATE, sessions[stream], 0.5, api_name="/live")
            assert answer["received"] == pytest.approx(
                min((turn + 1) * size, len(samples)) / RATE, 1e-3
            )
            sessions[stream] = answer["session"]
            answered[stream] += answer["readings"]
    assert sessions[0] != sessions[1]
    assert "named" in {row["state"] for row in answered[0]}
    for samples, size, readings in zip(recordings, sizes, answered, strict=True):
        session = LiveSession(classifier, smoothing=0.5)
        here = session.feed(samples[: 12 * size], RATE)
        assert [row["time"] for row in readings] == [reading.time for reading in here]
        assert [row["state"] for row in readings] == [reading.state for reading in here]
        assert [row["emotion"] for row in readings] == [reading.emotion for reading in here]
        assert any(row["speaking"] for row in readings)
        assert {"listening"} < {row["state"] for row in readings}
        assert all(
            list(row["probabilities"])
            == list(LABELS if row["state"] in ("named", "unclear") else ())
            for row in readings
        )


def test_a_session_that_was_ended_is_forgotten(client):
    ended = client.predict(encoded(np.zeros(100)), session="", last=True, api_name="/live")
    assert ended["session"] is None
    with pytest.raises(AppError, match="There is no such session"):
        client.predict(encoded(np.zeros(100)), session="someone else's", api_name="/live")


@pytest.mark.parametrize(
    ("chunk", "sentence"),
    [
        ("not base64", "A chunk is 16-bit samples as base64; this one is not."),
        (
            base64.b64encode(b"odd").decode(),
            "A chunk is 16-bit samples as base64; this one is not.",
        ),
        (encoded(np.zeros(161_000)), "A chunk is at most 10 seconds long: send shorter ones."),
    ],
)
def test_a_chunk_that_is_none_is_refused_with_a_sentence(client, chunk, sentence):
    with pytest.raises(AppError) as refused:
        client.predict(chunk, api_name="/live")
    assert str(refused.value) == sentence


def test_errors_are_one_sentence(client, noise):
    with pytest.raises(AppError) as refused:
        client.predict(handle_file(noise), api_name="/predict")
    assert str(refused.value) == "noise.wav is not audio, or is damaged beyond reading."
    with pytest.raises(AppError) as refused:
        client.predict(None, api_name="/analyze")
    assert str(refused.value) == "Nothing was sent: send a recording."


def test_files_of_the_server_cannot_be_named(app_url):
    request = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
    for place in ("/etc/hostname", f"{app_url}/gradio_api/file=/etc/hostname"):
        call = httpx.post(
            f"{app_url}/gradio_api/call/predict",
            json={"data": [request | {"path": place}, DEFAULT_MODEL]},
        ).json()
        answer = httpx.get(f"{app_url}/gradio_api/call/predict/{call['event_id']}", timeout=30)
        assert "event: error" in answer.text
        assert "hostname" not in answer.text


def test_the_endpoints_and_no_others_are_documented(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/predict", "/analyze", "/batch", "/live"]
    for endpoint in endpoints.values():
        assert endpoint["description"].endswith(".")
        assert all(
            given["label"] and given["python_type"]["type"] != "Any"
            for given in endpoint["parameters"]
        )
    needed = {
        name: [
            given["parameter_name"]
            for given in endpoint["parameters"]
            if not given["parameter_has_default"]
        ]
        for name, endpoint in endpoints.items()
    }
    assert needed == {
        "/predict": ["recording"],
        "/analyze": ["recording"],
        "/batch": ["recordings"],
        "/live": ["chunk"],
    }


def test_idle_sessions_are_given_up_and_so_is_the_idlest_of_too_many(classifier, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(api_sessions.time, "monotonic", lambda: now)
    monkeypatch.setattr(api_sessions, "LIMITS", Limits(sessions=2))
    sessions = Sessions()
    first, _ = sessions.open("", classifier)
    second, _ = sessions.open("", classifier)
    sessions.open(first, classifier)
    sessions.open("", classifier)
    with pytest.raises(SessionError):
        sessions.open(second, classifier)
    now += api_sessions.IDLE + 1
    with pytest.raises(SessionError):
        sessions.open(first, classifier)


def test_the_limits_hold_for_programs_too(classifier, examples, monkeypatch):
    monkeypatch.setattr(api, "LIMITS", Limits(recordings=1, live_minutes=1))
    endpoints = Endpoints(classifier, Kept(gr.File()))
    with pytest.raises(gr.Error, match="At most 1 recordings at once"):
        endpoints.batch([str(path) for path in examples[:2]], False, classifier.name)
    silence, session = encoded(np.zeros(80_000)), ""
    for _ in range(7):
        session = endpoints.live(silence, 8_000, session, 0.0, False, classifier.name)["session"]
    with pytest.raises(gr.Error, match=r"A session ends after 1 minute\."):
        endpoints.live(silence, 8_000, session, 0.0, False, classifier.name)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"sample_rate": 0}, "A sample rate, in hertz, is a number from 8000"),
        ({"smoothing": 7}, "Smoothing is a number from 0 to 0.95, not 7"),
        ({"chunk": encoded(np.full(800, 18_770, np.int16))}, None),
        ({"chunk": base64.b64encode(b"RIFF" + bytes(96)).decode()}, "this one is WAV"),
    ],
)
def test_what_a_stream_cannot_be_is_a_sentence_and_leaves_no_traceback(classifier, sent, sentence):
    endpoints = Endpoints(classifier, Kept(gr.File()))
    words = {"chunk": "AAA=", "sample_rate": RATE, "session": "", "smoothing": 0.3, "last": False}
    asked = {**words, **sent, "model": classifier.folder.name}
    if sentence is None:
        assert endpoints.live(**asked)["note"] is None
        return
    with pytest.raises(gr.Error, match=sentence) as raised:
        endpoints.live(**asked)
    assert not raised.value.print_exception
