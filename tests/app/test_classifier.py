"""The shipped bundles on windows of real voices."""

import os
import subprocess
import sys

import numpy as np
import pytest

from app import audio
from app.classifier import bundles, shared
from app.folders import MODELS
from app.saved_model import read

RATE = audio.SAMPLE_RATE


@pytest.fixture(scope="module", params=bundles(MODELS))
def model(request):
    """Every bundle that ships."""
    return shared(MODELS / request.param)


def in_a_row(examples, sample_rate):
    """The example clips, half a second of silence after each."""
    pause = np.zeros(sample_rate // 2, np.float32)
    clips = [audio.load(path, sample_rate) for path in examples]
    return np.concatenate([part for clip in clips for part in (clip, pause)])


@pytest.fixture(scope="module")
def windows(model, examples):
    """(4, window) of speech as the model takes it."""
    return in_a_row(examples, model.sample_rate)[: 4 * model.window].reshape(4, -1)


def test_probabilities_are_those_of_the_saved_model_at_its_temperature(model, windows):
    saved, info = read(model.folder)
    logits = np.asarray(saved(windows, training=False)) / info.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(windows), expected, atol=1e-5)


def test_the_last_layer_makes_the_answer_of_the_embeddings(model, windows):
    saved, info = read(model.folder)
    head = saved.layers[-1]
    while hasattr(head, "layers"):
        head = head.layers[-1]
    kernel, bias = head.get_weights()
    embeddings = model.embeddings(windows)
    assert embeddings.shape == (len(windows), len(kernel))
    logits = (embeddings @ kernel + bias) / info.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(windows), expected, atol=1e-4)


def test_a_window_does_not_depend_on_its_batch(model, windows):
    alone = np.concatenate([model.probabilities(window[None]) for window in windows])
    np.testing.assert_allclose(model.probabilities(windows), alone, atol=1e-5)


@pytest.mark.parametrize("decibels", [-12, 6])
def test_the_gain_of_the_microphone_changes_nothing(classifier, examples, decibels):
    windows = in_a_row(examples, RATE)[: 8 * classifier.window].reshape(8, -1)
    louder = windows * np.float32(10 ** (decibels / 20))
    np.testing.assert_allclose(
        classifier.probabilities(louder), classifier.probabilities(windows), atol=0.01
    )


def test_loading_leaves_no_file_behind(tmp_path):
    """TensorFlow's AutoGraph would, in the temporary folder, each time."""
    code = "from app.classifier import Classifier; Classifier().load()"
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=MODELS.parent, env=environment)
    assert done.returncode == 0
    assert not list(tmp_path.iterdir())
