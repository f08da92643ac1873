"""Recipe E: a VGG-like CNN over a mel spectrogram.

Its source: a mel-spectrogram image; (Conv, BN, Conv, BN, MaxPool, Dropout) three times, Flatten,
Dense 256, dropout; RAVDESS, TESS and CREMA-D; no figure. It describes neither schedule nor
augmentation: the schedule and mixup are ours, and `as-published` has no mixup.
"""

import keras
from keras import layers

from app.frontend import LogMel, RelativeToPeak
from model_training.ingredients.mixup import Mixup
from model_training.ingredients.sampling import EveryClip
from model_training.ingredients.schedules import Cosine
from model_training.ingredients.targets import one_hot
from model_training.recipes import Published, Recipe

SAMPLE_RATE = 16_000


def frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """(batch, 48000) -> (batch, 94, 64)."""
    mel = LogMel(SAMPLE_RATE, n_fft=2048, hop_length=512, n_mels=64, fmin=50.0)
    return RelativeToPeak(span=80.0)(mel(waveform))


def network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Features of `shape` (94, 64) -> logits of `classes`."""
    features = layers.Input(shape)
    x = layers.Reshape((*shape, 1))(features)
    for channels in (32, 64, 128):
        for _ in range(2):
            x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)  # (11 * 8 * 128,)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(features, logits, name="mel_vgg")


RECIPE = Recipe(
    description="VGG-like CNN over a mel spectrogram, after a published student system.",
    sample_rate=SAMPLE_RATE,
    window_seconds=3.0,
    frontend=frontend,
    network=network,
    batch_size=32,
    targets=one_hot,
    sampling=EveryClip(),
    schedule=Cosine(epochs=20, learning_rate=1e-3, weight_decay=0.01, ema=0.995),
    mixup=Mixup(alpha=0.2),
    published=Published(corpora=("RAVDESS speech", "TESS speech", "CREMA-D speech")),
)
