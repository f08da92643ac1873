"""Figures against cases that can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score

from app.emotions import LABELS
from model_training.evaluation.evaluate import groups
from model_training.evaluation.metrics import (
    ABSTAINED,
    expected_calibration_error,
    figures,
    pooled,
    reliability,
    together,
)
from model_training.protocols import Split

SIX = ("neutral", "happy", "sad", "angry", "fearful", "disgust")


def table_of(*emotions):
    return pd.DataFrame({"emotion": emotions, "speaker": "RAVDESS-01"})


def certain(*emotions):
    """Answers given with full confidence; None abstains."""
    rows = np.full((len(emotions), len(LABELS)), np.nan, np.float32)
    for row, emotion in zip(rows, emotions, strict=True):
        if emotion is not None:
            row[:] = np.array(LABELS) == emotion
    return pd.DataFrame(rows, columns=LABELS)


def test_unweighted_recall_counts_every_emotion_alike():
    acted = table_of("sad", "sad", "sad", "angry")
    found = figures(acted, certain("sad", "sad", "sad", "sad"), LABELS)
    assert found.uar == pytest.approx(0.5)
    assert found.accuracy == pytest.approx(0.75)
    assert found.recall == {"sad": 1.0, "angry": 0.0}


def test_a_clip_without_speech_counts_as_wrong():
    found = figures(table_of("sad", "angry"), certain("sad", None), LABELS)
    assert found.abstained == 1
    assert found.uar == pytest.approx(0.5)
    assert found.confusion[found.labels.index("angry")][-1] == 1
    assert ABSTAINED not in found.labels


def test_answers_are_limited_to_the_labels_of_the_corpus():
    calm_first = np.full((1, 8), 0.05, np.float32)
    calm_first[0, [LABELS.index("calm"), LABELS.index("sad")]] = 0.4, 0.3
    calm_first = pd.DataFrame(calm_first, columns=LABELS)
    assert figures(table_of("sad"), calm_first, SIX).uar == 1.0
    assert figures(table_of("sad"), calm_first, LABELS).uar == 0.0


def test_confusion_rows_are_acted_and_columns_predicted():
    found = figures(table_of("sad", "sad", "happy"), certain("sad", "happy", "happy"), LABELS)
    sad, happy = found.labels.index("sad"), found.labels.index("happy")
    assert (found.confusion[sad][sad], found.confusion[sad][happy]) == (1, 1)
    assert np.sum(found.confusion) == 3


def test_figures_agree_with_scikit_learn_on_random_answers():
    rng = np.random.default_rng(0)
    acted = rng.choice(LABELS, 500)
    probabilities = rng.dirichlet(np.ones(8), 500).astype(np.float32)
    found = figures(table_of(*acted), pd.DataFrame(probabilities, columns=LABELS), LABELS)
    answers = np.array(LABELS)[probabilities.argmax(axis=1)]
    assert found.uar == pytest.approx(recall_score(acted, answers, average="macro"))


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    confidence = np.full(1000, 0.7)
    correct = np.arange(1000) < 700
    assert error(confidence, correct) == pytest.approx(0.0, abs=1e-9)
    assert error(confidence, np.ones(1000, bool)) == pytest.approx(0.3)
    assert error(np.ones(4), np.array([1, 1, 0, 0])) == pytest.approx(0.5)


def error(confidence, correct):
    return expected_calibration_error(reliability(confidence, correct))


def test_the_calibration_of_folds_together_is_that_of_all_their_answers():
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.125, 1.0, 900)
    correct = rng.random(900) < confidence
    folds = np.array_split(np.arange(900), [100, 450])
    bins = [one for fold in folds for one in reliability(confidence[fold], correct[fold])]
    assert sum(one.clips for one in pooled(bins)) == 900
    assert expected_calibration_error(pooled(bins)) == pytest.approx(error(confidence, correct))
    assert expected_calibration_error(bins) > expected_calibration_error(pooled(bins))


def test_folds_together_are_what_all_their_answers_are():
    rng = np.random.default_rng(2)
    acted = pd.DataFrame({"emotion": rng.choice(SIX, 600), "speaker": "CREMA-D-1001"})
    probabilities = rng.dirichlet(np.ones(8), 600).astype(np.float32)
    probabilities[::50] = np.nan
    probabilities = pd.DataFrame(probabilities, columns=LABELS)
    whole = figures(acted, probabilities, SIX)
    both = together(
        [figures(acted[part], probabilities[part], SIX) for part in (slice(200), slice(200, 600))]
    )
    assert both.confusion == whole.confusion
    found = both.model_dump()
    for name, value in whole.model_dump(exclude={"reliability", "confusion"}).items():
        assert found[name] == pytest.approx(value, abs=1e-6), name


def test_answers_to_a_corpus_of_fewer_emotions_are_scored_among_all_beside():
    table = table_of("bored", "sad").assign(corpus="own", sex=None, age=np.nan, race=None)
    probabilities = pd.DataFrame(
        [[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]], columns=["angry", "bored", "sad"]
    )
    sides = [table.assign(speaker=f"own-{side}") for side in range(3)]
    found = groups(table, probabilities, Split("speakers", 1, *sides))
    assert found["all"] == found["own"]
    assert found["own"].labels == ["sad", "bored"]
    assert (found["own"].uar, found["own, all 3 answers"].uar) == (1.0, 0.5)
