"""YAMNet in Keras beside its own file, run by its own runtime."""

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from app.audio import load
from app.frontend import YamnetLogMel
from model_training.corpora.folders import YAMNET
from model_training.ingredients import yamnet
from model_training.ingredients.yamnet import StartError
from tests.conftest import EXAMPLES

LEVELLED = 15_600  # samples that YAMNet takes at once: 96 frames


@pytest.fixture(scope="module")
def waveform():
    """The loud middle of an example clip, its mel spectrogram as loud as the frontend makes it."""
    samples = load(EXAMPLES / "angry-woman-1037.ogg", YamnetLogMel.SAMPLE_RATE)
    middle = samples[len(samples) // 2 - LEVELLED // 2 :][:LEVELLED]
    loudest = np.exp(yamnet_log_mel(middle)).max() - YamnetLogMel.FLOOR
    return middle * (YamnetLogMel.LOUDEST / loudest)


def yamnet_log_mel(samples):
    """As TensorFlow's own functions make it, without any scaling: (96, 64)."""
    import tensorflow as tf

    spectrogram = tf.abs(tf.signal.stft(samples, 400, 160, 512))
    filters = tf.signal.linear_to_mel_weight_matrix(64, 257, 16_000, 125.0, 7500.0)
    return np.log(spectrogram.numpy() @ filters.numpy() + 0.001)


def test_the_frontend_is_that_of_yamnet(waveform):
    ours = np.asarray(YamnetLogMel()(waveform[None]))[0]
    np.testing.assert_allclose(ours, yamnet_log_mel(waveform), atol=1e-3)
    assert ours.shape == YamnetLogMel().compute_output_shape((None, LEVELLED))[1:]


@pytest.mark.parametrize("decibels", [-30, 20])
def test_the_frontend_does_not_depend_on_the_level(waveform, decibels):
    louder = waveform * 10 ** (decibels / 20)
    ours, theirs = (np.asarray(YamnetLogMel()(x[None])) for x in (waveform, louder))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_silence_is_silence():
    np.testing.assert_allclose(YamnetLogMel()(np.zeros((1, 8000))), np.log(YamnetLogMel.FLOOR))


@pytest.mark.corpora
def test_the_blocks_hear_what_yamnet_hears(data, waveform):
    """Its file computes with 8-bit integers in places, so the two are not equal."""
    interpreter = Interpreter(str(data.parent / YAMNET), experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], waveform)
    interpreter.invoke()
    (pooled,) = (
        interpreter.get_tensor(tensor["index"]).ravel()
        for tensor in interpreter.get_tensor_details()
        if tensor["name"].startswith("yamnet_frames/global_average_pooling2d/Mean;")
        and tuple(tensor["shape"]) == (1, 1024)
    )

    features = keras.Input((96, 64))
    model = keras.Model(features, yamnet.blocks(features, len(yamnet.BLOCKS)))
    for name, weights in yamnet.weights(data).items():
        model.get_layer(name).set_weights(weights)
    ours = np.asarray(model(YamnetLogMel()(waveform[None]))).mean(axis=(0, 1, 2))
    assert np.corrcoef(ours, pooled)[0, 1] > 0.98


def test_a_missing_start_says_how_to_get_it(tmp_path):
    with pytest.raises(StartError, match="download yamnet --data"):
        yamnet.weights(tmp_path)


def test_a_start_that_is_another_file_is_refused(tmp_path):
    path = tmp_path / YAMNET
    path.parent.mkdir()
    path.write_bytes(b"not a network" * 100)
    with pytest.raises(StartError, match="is not the file of YAMNet"):
        yamnet.weights(tmp_path)
