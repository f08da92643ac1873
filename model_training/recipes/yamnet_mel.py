"""An experiment: a mel-spectrogram CNN that starts with weights of YAMNet.

The first blocks of YAMNet, pretrained on AudioSet, are fine-tuned. Attentive statistics pooling
over time follows, as in `residual_mel`. Eight hours of acted speech are too little to train such a
network from scratch.
"""

from functools import partial

import keras
import numpy as np
from keras import layers

from app.frontend import YamnetLogMel
from model_training.ingredients import yamnet
from model_training.ingredients.sampling import Shares
from model_training.ingredients.schedules import Cosine
from model_training.ingredients.spectrogram_augmentation import SpectrogramAugmentation
from model_training.ingredients.targets import targets_of
from model_training.recipes import Recipe, residual_mel

BLOCKS = 11  # of YAMNet's 13; the last two are the widest and the most specific to AudioSet
EMBEDDING = 192
DROPOUT = 0.3
# Middle and half width of the log-mel range: after scaling, a masked value (0) is its middle.
LOWEST, HIGHEST = np.log(YamnetLogMel.FLOOR), np.log(YamnetLogMel.LOUDEST)
MIDDLE, REACH = float(HIGHEST + LOWEST) / 2, float(HIGHEST - LOWEST) / 2


def frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """(batch, 48000) -> (batch, 298, 64), from -1 for silence to 1 for the loudest point."""
    mel = YamnetLogMel()(waveform)
    return layers.Rescaling(1 / REACH, offset=-MIDDLE / REACH, dtype="float32")(mel)


def network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Features of `shape` (frames, bands) -> logits of `classes`."""
    features = layers.Input(shape)
    x = layers.Rescaling(REACH, offset=MIDDLE, dtype="float32")(features)  # the scale of YAMNet
    x = yamnet.blocks(x, BLOCKS)  # (19, 4, 512)
    frames, bands, channels = x.shape[1:]
    x = layers.Reshape((frames, bands * channels))(x)
    # Half precision is too coarse for statistics over time.
    x = layers.Dense(EMBEDDING, activation="relu", dtype="float32")(x)  # (19, 192)
    x = residual_mel.attentive_statistics(x)  # (384,)
    x = layers.Dropout(DROPOUT, dtype="float32")(x)
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(features, logits, name="yamnet_mel")


RECIPE = Recipe(
    description="The first eleven blocks of YAMNet, pretrained on AudioSet, with attentive "
    "statistics pooling over a log-mel spectrogram, fine-tuned.",
    sample_rate=YamnetLogMel.SAMPLE_RATE,
    window_seconds=3.0,
    frontend=frontend,
    network=network,
    augmentation=residual_mel.AUGMENTATION,
    masks=lambda seed: SpectrogramAugmentation(colour=0.1, frames=28, bands=8, seed=seed),
    batch_size=64,
    targets=partial(targets_of, smoothing=0.1),
    sampling=Shares(
        {
            "RAVDESS speech": 0.32,
            "RAVDESS song": 0.10,
            "TESS speech": 0.05,
            "CREMA-D speech": 0.53,
        },
        clips_per_epoch=7680,
    ),
    start=yamnet.weights,
    schedule=Cosine(epochs=20, learning_rate=8e-4, weight_decay=0.05, ema=0.998),
)
