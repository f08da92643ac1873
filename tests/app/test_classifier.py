"""The shipped bundle on windows of real voices."""

import numpy as np
import pytest

from app import audio
from app.bundle import read
from app.classifier import DEFAULT_MODEL, MODELS

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


@pytest.mark.parametrize("decibels", [-12, 6])
def test_the_gain_of_the_microphone_changes_nothing(classifier, joined, decibels):
    windows = joined[: 8 * classifier.window].reshape(8, -1)
    louder = windows * np.float32(10 ** (decibels / 20))
    np.testing.assert_allclose(
        classifier.probabilities(louder), classifier.probabilities(windows), atol=0.01
    )
