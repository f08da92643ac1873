"""Recipe A: 40 MFCC by 130 frames, scaled to [0, 1], into a small 2-D CNN.

Its source: 22,050 Hz, 3 s, hop 512; blocks of convolution (32, 64, 128), ReLU, max pooling and
batch normalisation; Dense 128, dropout 0.5; pitch shift, time stretch and time shift; Adam, early
stopping on validation accuracy (5), half the rate on a plateau (2), class weights. It reports an
accuracy of 0.8767 on a random split. We do not know its corpora; `PUBLISHED` has our assumption.
"""

import keras
from keras import layers

from app.frontend import MFCC, ToUnitRange
from model_training.ingredients.sampling import EveryClip
from model_training.ingredients.schedules import Plateau
from model_training.ingredients.targets import one_hot
from model_training.ingredients.waveform_augmentation import PLACED
from model_training.recipes import Published, Recipe

SAMPLE_RATE = 22_050
AUGMENTATION = PLACED.with_(stretch=0.5, pitch=0.5)
PUBLISHED = Published(
    corpora=("RAVDESS speech", "TESS speech"), copies=(AUGMENTATION,), accuracy=0.8767
)


def frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """(batch, 66150) -> (batch, 130, 40)."""
    return ToUnitRange(over=(0, 1))(MFCC(SAMPLE_RATE, n_mfcc=40, hop_length=512)(waveform))


def network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Features of `shape` (130, 40) -> logits of `classes`."""
    features = layers.Input(shape)
    x = layers.Reshape((*shape, 1))(features)
    for channels in (32, 64, 128):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.BatchNormalization()(x)  # last: (16, 5, 128)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(features, logits, name="mfcc_2d")


RECIPE = Recipe(
    description="Small 2-D CNN over 40 MFCC by 130 frames, after a published student system.",
    sample_rate=SAMPLE_RATE,
    window_seconds=3.0,
    frontend=frontend,
    network=network,
    batch_size=32,
    targets=one_hot,
    sampling=EveryClip(),
    schedule=Plateau(epochs=50, patience=2, stop_after=5),
    published=PUBLISHED,
)
