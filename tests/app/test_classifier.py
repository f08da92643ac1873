"""The shipped bundle on real recordings, and the shape of what it says."""

import numpy as np
import pytest

from app import audio
from app.bundle import read
from app.classifier import DEFAULT_MODEL, MODELS
from app.emotions import LABELS

RATE = audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def joined(examples):
    """The example clips in a row, half a second of silence after each."""
    pause = np.zeros(RATE // 2, np.float32)
    return np.concatenate([part for path in examples for part in (audio.load(path), pause)])


def test_probabilities_are_those_of_the_saved_model_at_its_temperature(classifier, joined):
    windows = joined[: 4 * classifier.window].reshape(4, -1)
    model, info = read(MODELS / DEFAULT_MODEL)
    logits = np.asarray(model(windows, training=False)) / info.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.probabilities(windows), expected, atol=1e-5)


def test_a_window_does_not_depend_on_its_batch(classifier, joined):
    windows = joined[: 4 * classifier.window].reshape(4, -1)
    alone = np.concatenate([classifier.probabilities(window[None]) for window in windows])
    np.testing.assert_allclose(classifier.probabilities(windows), alone, atol=1e-5)


def test_the_timeline_covers_the_recording(classifier, joined):
    timeline = classifier.analyze(joined).timeline
    duration = len(joined) / RATE
    assert list(timeline.columns) == ["start", "end", "speech", "emotion", "confidence", *LABELS]
    np.testing.assert_allclose(np.diff(timeline["start"]), audio.HOP_SECONDS)
    assert timeline["end"].iloc[-1] == pytest.approx(duration)
    assert (timeline["end"] - timeline["start"]).iloc[:-1].to_numpy() == pytest.approx(3.0)
    spoken = timeline.dropna(subset="emotion")
    assert len(spoken) > 0.8 * len(timeline)
    np.testing.assert_allclose(spoken[list(LABELS)].sum(axis=1), 1.0, atol=1e-5)
    best = spoken[list(LABELS)].idxmax(axis=1)
    assert (best == spoken["emotion"]).all()


def test_the_whole_is_the_mean_of_its_windows_weighted_by_speech(classifier, joined):
    analysis = classifier.analyze(joined)
    spoken = analysis.timeline.dropna(subset="emotion")
    weights = spoken["speech"] * (spoken["end"] - spoken["start"])
    mean = np.average(spoken[list(LABELS)], axis=0, weights=weights)
    np.testing.assert_allclose(analysis.probabilities, mean, atol=1e-4)
    assert analysis.emotion == LABELS[int(mean.argmax())]
    assert analysis.confidence == pytest.approx(mean.max(), abs=1e-4)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.3, 2.0, 3.0, 7.25])
def test_silence_has_no_emotion(classifier, seconds):
    analysis = classifier.analyze(np.zeros(round(seconds * RATE), np.float32))
    assert (analysis.emotion, analysis.confidence, analysis.probabilities) == (None, None, None)
    assert analysis.speech == 0.0
    assert analysis.timeline["emotion"].isna().all()
    assert len(analysis.timeline) >= 1


def test_hiss_has_no_emotion(classifier):
    hiss = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32) * 0.1
    assert classifier.analyze(hiss).emotion is None


def test_a_short_recording_is_one_padded_row(classifier, examples):
    timeline = classifier.analyze(audio.load(examples[0])[:RATE]).timeline
    assert len(timeline) == 1
    assert timeline.loc[0, "end"] == pytest.approx(1.0)


@pytest.mark.parametrize("decibels", [-12, 6])
def test_the_gain_of_the_microphone_changes_nothing(classifier, joined, decibels):
    windows = joined[: 8 * classifier.window].reshape(8, -1)
    louder = windows * np.float32(10 ** (decibels / 20))
    np.testing.assert_allclose(
        classifier.probabilities(louder), classifier.probabilities(windows), atol=0.01
    )


def test_the_examples_are_heard_as_they_were_acted(classifier, examples):
    """Voices the bundle never met; chance is one in eight."""
    heard = {path.stem: classifier.analyze(audio.load(path)).emotion for path in examples}
    right = [stem for stem, emotion in heard.items() if emotion and stem.startswith(emotion)]
    assert len(right) >= 0.5 * len(heard), heard
