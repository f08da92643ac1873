"""A bundle may carry any emotions: three or twelve go from its file to readings and tables."""

import json

import keras
import numpy as np
import pytest

from app import audio, saved_model, tables
from app.bundle import read_info
from app.classifier import DEFAULT_MODEL, Classifier
from app.emotions import BY_NAME, RESERVED, emotions_named
from app.folders import MODELS
from app.formats import FORMATS
from app.live import LiveSession
from app.recordings import analyze
from app.tables import Outcome
from tests.conftest import EXAMPLES

NAMES = {
    3: ("excited", "bored", "angry"),
    12: tuple(f"mood {number}" for number in range(1, 13)),
}


@pytest.fixture(scope="module", params=NAMES, ids=lambda count: f"{count} labels")
def other(request, tmp_path_factory):
    """A bundle that is certain of its second emotion, whatever it is given."""
    names = NAMES[request.param]
    info = read_info(MODELS / DEFAULT_MODEL)
    waveform = keras.Input((round(info.window_seconds * info.sample_rate),))
    logits = 5.0 * np.eye(len(names), dtype=np.float32)[1]
    model = keras.Model(waveform, keras.ops.zeros_like(waveform[:, : len(names)]) + logits)
    folder = tmp_path_factory.mktemp("models") / "other"
    emotions = list(emotions_named(names))
    saved_model.write(folder, model, info.model_copy(update={"emotions": emotions}))
    return Classifier(folder)


def test_readings_carry_its_names(other):
    spoken = audio.load(EXAMPLES / "angry-woman-1037.ogg")
    readings = LiveSession(other).feed(spoken, audio.SAMPLE_RATE)
    named = [reading for reading in readings if reading.emotion]
    assert {reading.emotion for reading in named} == {other.labels[1]}
    for reading in named:
        assert tuple(reading.probabilities) == other.labels
        assert len(tables.reading_row(reading, other.labels)) == len(
            (*tables.READING_COLUMNS, *other.labels)
        )


def test_recordings_and_tables_carry_its_names(other):
    path = EXAMPLES / "angry-woman-1037.ogg"
    analysis = analyze(path, other)
    assert analysis.emotion == other.labels[1]
    assert tuple(analysis.probabilities) == other.labels
    assert tuple(emotion.name for emotion in analysis.emotions) == other.labels
    assert tuple(analysis.segments.columns[-len(other.labels) :]) == other.labels
    outcomes = [Outcome("one.ogg", analysis), Outcome("two.ogg", error="It is empty.")]
    table = tables.files(outcomes, other.labels)
    assert tuple(table.columns) == (*tables.FILE_COLUMNS, *other.labels)
    (first, _) = json.loads(tables.as_json(outcomes, other.labels))
    assert first[other.labels[1]] == pytest.approx(analysis.confidence, abs=1e-4)
    assert other.labels[1] in FORMATS["srt"].text(analysis)


def test_its_colours_differ_and_known_ones_stay(other):
    emotions = other.info.emotions
    assert len({emotion.colour for emotion in emotions}) == len(emotions)
    for emotion in emotions:
        assert emotion == BY_NAME.get(emotion.name, emotion)


def test_no_emotion_is_called_like_a_column_or_a_state():
    states = {"named", "mixed", "unclear", "listening", "no speech"}
    columns = {*tables.FILE_COLUMNS, *tables.SEGMENT_COLUMNS, *tables.READING_COLUMNS}
    assert columns | states <= RESERVED
