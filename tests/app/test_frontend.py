"""The frontend against librosa, number by number."""

import keras
import librosa
import numpy as np
import pytest

from app.frontend import LogMel, RelativeToPeak

RATE = 16_000
RNG = np.random.default_rng(7)
TIME = np.arange(2 * RATE) / RATE
SWEEP = librosa.chirp(fmin=80, fmax=7600, sr=RATE, duration=2.0).astype(np.float32)
SIGNALS = {
    "sweep": 0.5 * SWEEP,
    "tone": np.sin(2 * np.pi * 440 * TIME).astype(np.float32),
    "noise": RNG.standard_normal(2 * RATE).astype(np.float32) * 0.1,
    "quiet": SWEEP * 1e-4,
    "click": np.eye(1, 2 * RATE, RATE, dtype=np.float32)[0],
    "silence": np.zeros(2 * RATE, np.float32),
}
PARAMETERS = {
    "flagship": {"n_fft": 1024, "hop_length": 256, "n_mels": 80, "fmin": 50.0, "fmax": 8000.0},
    "narrow": {"n_fft": 512, "hop_length": 160, "n_mels": 32, "fmin": 0.0, "fmax": None},
    "odd hop": {"n_fft": 2048, "hop_length": 501, "n_mels": 64, "fmin": 20.0, "fmax": 4000.0},
}


def reference(waveform, top_db, **parameters):
    power = librosa.feature.melspectrogram(y=waveform, sr=RATE, **parameters)
    return librosa.power_to_db(power, ref=1.0, top_db=top_db).T


@pytest.mark.parametrize("top_db", [80.0, 40.0, None])
@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS.keys())
@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS.keys())
def test_log_mel_equals_librosa(signal, parameters, top_db):
    layer = LogMel(RATE, top_db=top_db, **parameters)
    ours = keras.ops.convert_to_numpy(layer(signal[None]))[0]
    expected = reference(signal, top_db, **parameters)
    assert ours.shape == expected.shape
    # 80 dB under the peak of a window both sides hold the rounding of their 32-bit FFT.
    resolved = expected > expected.max() - 80.0
    np.testing.assert_allclose(ours[resolved], expected[resolved], atol=2e-3)  # dB


def test_a_window_does_not_depend_on_its_batch():
    """Keras' own MelSpectrogram takes its ceiling from the loudest window of the batch."""
    layer = LogMel(RATE, **PARAMETERS["flagship"])
    alone = keras.ops.convert_to_numpy(layer(SIGNALS["quiet"][None]))[0]
    together = layer(np.stack([SIGNALS["tone"], SIGNALS["quiet"], SIGNALS["noise"]]))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(together)[1], alone, atol=1e-4)


def test_frames_are_those_that_the_layer_announces():
    layer = LogMel(RATE, **PARAMETERS["odd hop"])
    shape = layer.compute_output_shape((None, len(SWEEP)))
    assert shape[1:] == layer(SWEEP[None]).shape[1:]


@pytest.mark.parametrize("decibels", [-18, -6, 6])
def test_relative_level_ignores_the_gain(decibels):
    model = keras.Sequential([LogMel(RATE, **PARAMETERS["flagship"]), RelativeToPeak(span=80.0)])
    plain = keras.ops.convert_to_numpy(model(SIGNALS["noise"][None]))
    louder = keras.ops.convert_to_numpy(model(SIGNALS["noise"][None] * 10 ** (decibels / 20)))
    np.testing.assert_allclose(louder, plain, atol=1e-3)
    assert plain.max() == pytest.approx(1.0)
    assert plain.min() >= -1.0 - 1e-5


def test_silence_is_finite():
    model = keras.Sequential([LogMel(RATE, **PARAMETERS["flagship"]), RelativeToPeak(span=80.0)])
    assert np.isfinite(keras.ops.convert_to_numpy(model(SIGNALS["silence"][None]))).all()


def test_layers_survive_saving_with_the_same_numbers(tmp_path):
    inputs = keras.Input((2 * RATE,))
    features = RelativeToPeak(span=60.0)(LogMel(RATE, **PARAMETERS["narrow"])(inputs))
    model = keras.Model(inputs, features)
    model.save(tmp_path / "frontend.keras")
    loaded = keras.saving.load_model(tmp_path / "frontend.keras", safe_mode=True)
    before, after = model(SWEEP[None]), loaded(SWEEP[None])
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (before, after)))


def test_half_precision_around_it_changes_nothing():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = LogMel(RATE, **PARAMETERS["flagship"])
        found = keras.ops.convert_to_numpy(layer(SWEEP[None]))[0]
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(found, reference(SWEEP, 80.0, **PARAMETERS["flagship"]), atol=2e-3)
