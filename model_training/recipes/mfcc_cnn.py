"""Recipe D, MFCC: the network of `mel_cnn.py` over 40 MFCC."""

import dataclasses

import keras

from app.frontend import MFCC, Standardize
from model_training.recipes import mel_cnn


def frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """(batch, 48000) -> (batch, 94, 40)."""
    return Standardize(over=(0, 1))(MFCC(mel_cnn.SAMPLE_RATE, n_mfcc=40)(waveform))


RECIPE = dataclasses.replace(
    mel_cnn.RECIPE,
    description="Plain CNN over 40 MFCC, after a published student system.",
    frontend=frontend,
)
