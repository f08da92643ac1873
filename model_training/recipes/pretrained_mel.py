"""The flagship's network, which learns speech before it learns emotions.

For some epochs it fills masked parts of the spectrograms of its training clips, without their
labels (see `pretraining.py`); then it is trained as `residual_mel` is, but for harder clips: mixed
with others, of vocal tracts of other lengths, more often in noise and in rooms.
"""

from dataclasses import replace

import keras

from model_training.feature_augmentation import FrequencyScaling, SpectrogramAugmentation
from model_training.mixing import Mixup
from model_training.muon import ConvolutionalMuon
from model_training.recipes import Pretraining, residual_mel
from model_training.schedules import Cosine


def masks(seed: int) -> keras.Sequential:
    """Of the features, in training only."""
    return keras.Sequential(
        [
            FrequencyScaling(0.08, residual_mel.FMIN, residual_mel.FMAX, seed),
            SpectrogramAugmentation(colour=0.1, frames=18, bands=10, seed=seed),
        ],
        name="masks",
    )


RECIPE = replace(
    residual_mel.RECIPE,
    name="pretrained-mel",
    description="Compact residual network with attentive statistics pooling over a log-mel "
    "spectrogram, trained from scratch: first to fill masked parts of unlabelled spectrograms of "
    "the same clips, then to name emotions.",
    augmentation=residual_mel.AUGMENTATION.with_(room=0.4, noise=0.6),
    masks=masks,
    mixup=Mixup(alpha=0.4, chance=0.4),
    pretraining=Pretraining(trunk=residual_mel.TRUNK, epochs=10),
    schedule=Cosine(
        epochs=34, learning_rate=2e-3, weight_decay=0.2, ema=0.998, rule=ConvolutionalMuon
    ),
)
