"""Spectrograms are filtered and masked in training alone."""

import keras
import numpy as np
import pytest

from model_training.ingredients.spectrogram_augmentation import SpectrogramAugmentation


def test_masks_act_in_training_alone_and_never_past_their_width():
    layer = SpectrogramAugmentation(colour=0.0, frames=24, bands=12, seed=1)
    features = np.ones((16, 188, 80), np.float32)
    np.testing.assert_array_equal(layer(features, training=False), features)
    masked = keras.ops.convert_to_numpy(layer(features, training=True))
    frames = (masked == 0).all(axis=2).sum(axis=1)
    bands = (masked == 0).all(axis=1).sum(axis=1)
    assert 0 < frames.max() <= 2 * 25
    assert 0 < bands.max() <= 2 * 13
    assert len(set(frames)) > 3, "every window is masked in its own place"


def test_the_filter_is_smooth_over_bands_and_constant_in_time():
    layer = SpectrogramAugmentation(colour=0.2, frames=0, bands=0, seed=1)
    coloured = keras.ops.convert_to_numpy(layer(np.zeros((64, 10, 80), np.float32), training=True))
    np.testing.assert_array_equal(coloured[:, 0], coloured[:, 9])
    assert coloured[:, 0].std() == pytest.approx(0.2 * np.sqrt(2 / 3), rel=0.25)
    assert np.abs(np.diff(coloured[:, 0], axis=1)).max() < 0.1


def test_channels_are_masked_together():
    layer = SpectrogramAugmentation(colour=0.1, frames=8, bands=20, seed=1)
    features = np.ones((16, 32, 94, 2), np.float32)
    masked = keras.ops.convert_to_numpy(layer(features, training=True))
    np.testing.assert_array_equal(masked[..., 0], masked[..., 1])
    assert 0 < (masked == 0).mean() < 0.8


def test_the_layer_is_the_same_when_it_is_read_back(tmp_path):
    layer = SpectrogramAugmentation(colour=0.1, frames=8, bands=20, seed=1)
    model = keras.Sequential([keras.Input((188, 80)), layer])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.layers[0].get_config() == layer.get_config()
