"""Augmentation of spectrograms: a Keras layer for training. A bundle does not contain it."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("undertone")
class SpectrogramAugmentation(keras.layers.Layer):
    """A random filter, then two masks over time and two over frequency. Active only in training.

    The filter is a smooth curve over the bands, like the response of a microphone or a room. The
    masks (Park et al. 2019) set features to zero. Each window gets its own filter and masks.

    Args:
        colour: standard deviation of the filter's control points, in units of the features.
        frames: largest width of a mask over time.
        bands: largest width of a mask over frequency.
        seed: for the random numbers.
    """

    CONTROL_POINTS = 6
    MASKS = 2  # over each axis

    def __init__(self, colour: float, frames: int, bands: int, seed: int, **kwargs: Any) -> None:
        kwargs.pop("dtype", None)
        super().__init__(dtype="float32", **kwargs)
        self.colour = colour
        self.frames = frames
        self.bands = bands
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int, ...]) -> None:
        # Linear interpolation from the control points to the bands, as one matrix.
        points = np.linspace(0, self.CONTROL_POINTS - 1, input_shape[2])
        knots = np.arange(self.CONTROL_POINTS)[:, None]
        self.interpolation = np.maximum(0.0, 1.0 - np.abs(points - knots)).astype(np.float32)

    def call(self, features: Any, training: bool = False) -> Any:
        """(batch, frames, bands) or (batch, frames, bands, channels) -> the same."""
        if not training:
            return features
        batch, frames, bands, *channels = ops.shape(features)
        alike = (1,) * len(channels)  # all channels get the same filter and masks
        points = keras.random.normal((batch, self.CONTROL_POINTS), seed=self.draws) * self.colour
        curve = ops.matmul(points, self.interpolation)
        features = features + ops.reshape(curve, (-1, 1, bands, *alike))
        for _ in range(self.MASKS):
            over_time = self._mask(batch, frames, self.frames)
            features = features * ops.reshape(over_time, (-1, frames, 1, *alike))
            over_bands = self._mask(batch, bands, self.bands)
            features = features * ops.reshape(over_bands, (-1, 1, bands, *alike))
        return features

    def _mask(self, batch: Any, length: int, widest: int) -> Any:
        draws = keras.random.uniform((2, batch, 1), seed=self.draws)
        width = draws[0] * widest
        start = draws[1] * (length - width)
        position = ops.arange(length, dtype="float32")[None, :]
        return ops.cast((position < start) | (position >= start + width), "float32")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "colour": self.colour,
            "frames": self.frames,
            "bands": self.bands,
            "seed": self.seed,
        }
