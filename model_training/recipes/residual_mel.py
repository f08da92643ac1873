"""The flagship: a compact residual network over a log-mel spectrogram.

Residual blocks with squeeze-and-excitation (Hu et al. 2018) reduce the frequency axis to five
bands. Attentive statistics pooling over time (Okabe et al. 2018) follows, because often only a part
of the window expresses the emotion.
"""

from functools import partial

import keras
from keras import layers, ops

from app.frontend import LogMel, RelativeToPeak
from model_training.ingredients.optimizer import ConvolutionalMuon
from model_training.ingredients.sampling import Shares
from model_training.ingredients.schedules import Cosine
from model_training.ingredients.spectrogram_augmentation import SpectrogramAugmentation
from model_training.ingredients.targets import targets_of
from model_training.ingredients.waveform_augmentation import Chances
from model_training.recipes import Recipe

SAMPLE_RATE = 16_000
FMIN, FMAX = 50.0, 8000.0  # Hz
# (channels, (time, frequency) stride) of each residual block. A block at full resolution would take
# half of the time and not improve the UAR.
BLOCKS = ((32, (2, 2)), (64, (2, 2)), (128, (2, 2)), (128, (1, 1)))
EMBEDDING = 192
DROPOUT = 0.3


def frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """(batch, 48000) -> (batch, 188, 80): 64 ms windows, which resolve the pitch, each 16 ms."""
    mel = LogMel(SAMPLE_RATE, n_fft=1024, hop_length=256, n_mels=80, fmin=FMIN, fmax=FMAX)
    return RelativeToPeak(span=80.0)(mel(waveform))


def network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Features of `shape` (frames, bands) -> logits of `classes`."""
    features = layers.Input(shape)
    x = layers.Reshape((*shape, 1))(features)
    x = convolution(x, BLOCKS[0][0], kernel=3, strides=(2, 2))  # (94, 40)
    x = layers.ReLU()(x)
    for channels, strides in BLOCKS:
        x = residual(x, channels, strides)  # last: (12, 5, 128)
    frames, bands, channels = x.shape[1:]
    x = layers.Reshape((frames, bands * channels))(x)
    # Half precision is too coarse for statistics over time.
    x = layers.Dense(EMBEDDING, activation="relu", dtype="float32")(x)  # (12, 192)
    x = attentive_statistics(x)  # (384,)
    x = layers.Dropout(DROPOUT, dtype="float32")(x)
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(features, logits, name="residual_mel")


def convolution(
    x: keras.KerasTensor, channels: int, kernel: int, strides: tuple[int, int] = (1, 1)
) -> keras.KerasTensor:
    x = layers.Conv2D(channels, kernel, strides=strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def residual(x: keras.KerasTensor, channels: int, strides: tuple[int, int]) -> keras.KerasTensor:
    shortcut = x
    x = layers.ReLU()(convolution(x, channels, kernel=3, strides=strides))
    x = squeeze_excitation(convolution(x, channels, kernel=3))
    if strides != (1, 1):
        shortcut = layers.AveragePooling2D(strides, padding="same")(shortcut)
    if shortcut.shape[-1] != channels:
        shortcut = convolution(shortcut, channels, kernel=1)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def squeeze_excitation(x: keras.KerasTensor) -> keras.KerasTensor:
    channels = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Dense(channels // 4, activation="relu")(gate)
    gate = layers.Dense(channels, activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


def attentive_statistics(x: keras.KerasTensor) -> keras.KerasTensor:
    """Weighted mean and standard deviation over time: (batch, t, c) -> (batch, 2 c)."""
    weights = layers.Dense(64, activation="tanh", dtype="float32")(x)
    weights = layers.Dense(x.shape[-1], dtype="float32")(weights)
    weights = layers.Softmax(axis=1, dtype="float32")(weights)  # (t, c)
    mean = ops.sum(weights * x, axis=1, keepdims=True)
    variance = ops.sum(weights * ops.square(x - mean), axis=1)
    return ops.concatenate([ops.squeeze(mean, axis=1), ops.sqrt(variance + 1e-5)], axis=-1)


AUGMENTATION = Chances(
    speed=0.7,
    excerpt=0.3,
    shortest_excerpt=0.8,
    room=0.25,
    noise=0.5,
    snr_range=(3.0, 30.0),
    band=0.2,
)

RECIPE = Recipe(
    description="Compact residual network with attentive statistics pooling over a log-mel "
    "spectrogram, trained from scratch.",
    sample_rate=SAMPLE_RATE,
    window_seconds=3.0,
    frontend=frontend,
    network=network,
    augmentation=AUGMENTATION,
    masks=lambda seed: SpectrogramAugmentation(colour=0.1, frames=18, bands=10, seed=seed),
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
    schedule=Cosine(
        epochs=40, learning_rate=2e-3, weight_decay=0.02, ema=0.998, rule=ConvolutionalMuon
    ),
)
