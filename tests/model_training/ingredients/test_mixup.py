"""Mixup mixes windows and targets alike, and nothing that must stay apart."""

import numpy as np
import pytest

from model_training.ingredients.mixup import Mixup, mixed
from model_training.ingredients.targets import NOT_ACTED


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def numbered(count):
    return np.arange(count, dtype=np.float32)[:, None, None] * np.ones((count, 3, 2), np.float32)


def test_mixup_mixes_windows_and_targets_alike(rng):
    windows = numbered(8)
    targets = np.eye(8, dtype=np.float32)
    heard, wanted = mixed(windows, targets, Mixup(alpha=0.4), rng)
    assert wanted.sum(axis=1) == pytest.approx(1.0)
    assert heard[:, 0, 0] == pytest.approx(wanted @ np.arange(8), abs=1e-5)
    assert (wanted.max(axis=1) < 0.99).any()


def test_corpora_that_act_other_emotions_are_not_mixed(rng):
    targets = np.eye(8, dtype=np.float32)[np.zeros(64, int)]
    targets[32:, 7] = NOT_ACTED
    heard, wanted = mixed(numbered(64), targets, Mixup(alpha=0.4), rng)
    np.testing.assert_array_equal(wanted, targets)
    assert heard[:32].max() <= 31
    assert heard[32:].min() >= 32
    assert not np.array_equal(heard, numbered(64))
