"""The frontend against librosa, number by number."""

from pathlib import Path

import keras
import librosa
import numpy as np
import pytest

from app.frontend import (
    MFCC,
    RMS,
    Chroma,
    LogMel,
    RelativeToPeak,
    SpectralContrast,
    Standardize,
    ToUnitRange,
    ZeroCrossingRate,
)

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


SPEECH = sorted((Path(__file__).parents[2] / "assets" / "examples").glob("*.ogg"))[:2]
# A pure tone leaves bands that hold the rounding of a 32-bit FFT alone, and their contrast is it.
FLOOR = 3e-3 * RNG.standard_normal(2 * RATE).astype(np.float32)
HEARD = {
    **{name: SIGNALS[name] + FLOOR for name in ("sweep", "tone", "noise", "quiet")},
    "silence": SIGNALS["silence"],
    **{path.stem: librosa.load(path, sr=RATE, duration=2.0)[0] for path in SPEECH},
}
# Layer, librosa's numbers for it (transposed), tolerance in the feature's own unit.
EQUALS = {
    "mfcc": (
        MFCC(RATE, n_mfcc=20),
        lambda y: librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=20),
        0.02,
    ),
    "chroma": (
        Chroma(RATE),
        lambda y: librosa.feature.chroma_stft(y=y, sr=RATE, tuning=0.0),
        1e-4,
    ),
    "spectral contrast": (
        SpectralContrast(RATE),
        lambda y: librosa.feature.spectral_contrast(y=y, sr=RATE),
        0.05,
    ),
    "zero-crossing rate": (
        ZeroCrossingRate(),
        lambda y: librosa.feature.zero_crossing_rate(y),
        1e-6,
    ),
    "rms": (RMS(), lambda y: librosa.feature.rms(y=y), 1e-5),
}


@pytest.mark.parametrize("heard", HEARD.values(), ids=HEARD.keys())
@pytest.mark.parametrize("feature", EQUALS.values(), ids=EQUALS.keys())
def test_features_equal_librosa(feature, heard):
    layer, expected, tolerance = feature
    beside = np.stack([heard, SIGNALS["noise"][: len(heard)]])
    ours = keras.ops.convert_to_numpy(layer(beside))[0]
    theirs = expected(heard).T
    assert ours.shape == theirs.shape == layer.compute_output_shape((1, len(heard)))[1:]
    np.testing.assert_allclose(ours, theirs, atol=tolerance)


def test_feature_layers_survive_saving_with_the_same_numbers(tmp_path):
    inputs = keras.Input((2 * RATE,))
    rows = [layer(inputs) for layer, _, _ in EQUALS.values()]
    unit, scaled = ToUnitRange(over=(0, 1)), Standardize(over=(0, 1))
    model = keras.Model(inputs, scaled(unit(keras.layers.Concatenate()(rows))))
    unit.adapt(RNG.normal(0.0, 50.0, (3, 10, 41)).astype(np.float32))
    scaled.adapt(RNG.standard_normal((3, 10, 41)).astype(np.float32))
    model.save(tmp_path / "features.keras")
    loaded = keras.saving.load_model(tmp_path / "features.keras", safe_mode=True)
    before, after = model(SWEEP[None]), loaded(SWEEP[None])
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (before, after)), atol=1e-6)


def test_standardize_leaves_mean_zero_and_deviation_one():
    features = RNG.normal(5.0, 3.0, (50, 8, 4)).astype(np.float32)
    layer = Standardize(over=(0, 1))
    layer.build(features.shape)
    layer.adapt(features)
    found = keras.ops.convert_to_numpy(layer(features))
    np.testing.assert_allclose(found.mean(axis=(0, 1)), 0.0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=(0, 1)), 1.0, atol=1e-4)


def test_unit_range_is_that_of_the_training_clips_for_every_coefficient():
    features = RNG.normal([5.0, -300.0], [3.0, 90.0], (50, 8, 2)).astype(np.float32)
    layer = ToUnitRange(over=(0, 1))
    layer.build(features.shape)
    layer.adapt(features)
    found = keras.ops.convert_to_numpy(layer(features))
    np.testing.assert_allclose(found.min(axis=(0, 1)), 0.0, atol=1e-6)
    np.testing.assert_allclose(found.max(axis=(0, 1)), 1.0, atol=1e-6)
    beyond = keras.ops.convert_to_numpy(layer(10 * features))
    assert beyond.min() == 0.0
    assert beyond.max() == 1.0
