"""Recipe D, mel: a plain CNN over a mel spectrogram; `mfcc_cnn.py` uses MFCC instead.

Its source compares the two with one network and reports an accuracy of about 0.80 on a random
split. We do not know its corpora; RAVDESS and TESS are our assumption.
"""

import keras
from keras import layers

from app.frontend import LogMel, RelativeToPeak
from model_training.ingredients.sampling import EveryClip
from model_training.ingredients.schedules import Plateau
from model_training.ingredients.targets import one_hot
from model_training.recipes import Published, Recipe

SAMPLE_RATE = 16_000


def frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """(batch, 48000) -> (batch, 94, 64)."""
    mel = LogMel(SAMPLE_RATE, n_fft=2048, hop_length=512, n_mels=64)
    return RelativeToPeak(span=80.0)(mel(waveform))


def network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Features of `shape` (94, bands) -> logits of `classes`."""
    features = layers.Input(shape)
    x = layers.Reshape((*shape, 1))(features)
    for channels in (16, 32, 64):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(features, logits, name="plain_cnn")


RECIPE = Recipe(
    description="Plain CNN over a mel spectrogram, after a published student system.",
    sample_rate=SAMPLE_RATE,
    window_seconds=3.0,
    frontend=frontend,
    network=network,
    batch_size=32,
    targets=one_hot,
    sampling=EveryClip(),
    schedule=Plateau(epochs=40, patience=2, stop_after=5),
    published=Published(corpora=("RAVDESS speech", "TESS speech"), accuracy=0.80),
)
