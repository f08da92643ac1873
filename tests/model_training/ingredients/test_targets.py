"""Emotions that a corpus does not act have no target and little weight in the loss."""

import numpy as np
import pytest

from app.emotions import LABELS
from model_training.ingredients import targets


def test_targets_leave_out_what_a_corpus_does_not_act(table):
    wanted = targets.targets_of(table, LABELS, smoothing=0.1)
    crema_d = wanted[(table["corpus"] == "CREMA-D").to_numpy()]
    acted = [LABELS.index("sad"), LABELS.index("angry")]
    assert (np.delete(crema_d, acted, axis=1) == targets.NOT_ACTED).all()
    assert crema_d[:, acted].sum(axis=1) == pytest.approx(1.0)
    assert crema_d.max() == pytest.approx(0.95)
    for row, emotion in zip(wanted, table["emotion"], strict=True):
        assert LABELS[row.argmax()] == emotion


def test_what_a_corpus_does_not_act_counts_a_tenth_in_the_loss():
    wanted = np.array([[0.9, targets.NOT_ACTED, 0.1]], np.float32)
    logits = np.array([[2.0, 3.0, 1.0]], np.float32)
    loss = float(targets.corpus_crossentropy(wanted, logits)[0])
    total = np.log(np.exp(2.0) + 0.1 * np.exp(3.0) + np.exp(1.0))
    assert loss == pytest.approx(total - (0.9 * 2.0 + 0.1 * 1.0), rel=1e-5)


def test_targets_of_other_labels_are_in_the_order_of_the_labels(table):
    own = table.tail(3).assign(corpus="own", emotion=["bored", "sad", "excited"])
    labels = ("sad", "bored", "calm", "excited")
    assert targets.one_hot(own, labels).argmax(axis=1).tolist() == [1, 0, 3]
    wanted = targets.targets_of(own, labels, smoothing=0.0)
    assert wanted.argmax(axis=1).tolist() == [1, 0, 3]
    assert (wanted[:, 2] == targets.NOT_ACTED).all()
