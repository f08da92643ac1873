"""Figures against cases that can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score

from app.bundle import read_info
from app.emotions import LABELS
from app.folders import MODELS
from model_training.evaluation.evaluate import groups, summarize
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


FOUR = ("neutral", "happy", "sad", "angry")


def own(speaker, emotions, clips=50):
    """Clips of one speaker of a corpus of one's own."""
    table = pd.DataFrame({"emotion": emotions * clips, "speaker": f"own-{speaker}"})
    return table.assign(corpus="own", kind="speech", sex=None, age=np.nan, race=None)


def test_a_speaker_of_two_emotions_is_scored_among_all_of_the_corpus():
    split = Split("speakers", 1, own("anna", FOUR), own("bob", FOUR), own("cleo", FOUR[:2], 500))
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(4), len(split.test))
    probabilities = pd.DataFrame(rows, split.test.index, FOUR)
    found = groups(split.test, probabilities, split)
    assert set(found) == {"all", "own"}
    for one in found.values():
        assert one.labels == list(FOUR)
        assert list(one.recall) == ["neutral", "happy"]
        assert one.uar == pytest.approx(0.25, abs=0.05)
    answered = {"test": (split.test, probabilities), "validation": (split.test, probabilities)}
    info = read_info(MODELS / "mfcc-cnn").model_copy(update={"protocol": "speakers"})
    assert summarize(info, split, answered, []).speakers["own-cleo"][0] == found["own"].uar


def test_the_emotions_of_a_corpus_are_those_of_all_sides():
    split = Split("speakers", 1, own("anna", FOUR[:2]), own("bob", FOUR[2:3]), own("c", FOUR[3:]))
    assert split.emotions_of("own") == FOUR
    assert split.emotions_of("another") == ()


def test_folds_of_different_emotions_are_added_by_emotion():
    first = figures(table_of("sad", "angry"), certain("sad", "sad"), ["sad", "angry"])
    second = figures(
        table_of("happy", "sad", "sad"), certain("happy", None, "happy"), ["happy", "sad"]
    )
    both = together([first, second])
    assert both.labels == ["happy", "sad", "angry"]
    assert both.confusion == [[1, 0, 0, 0], [1, 1, 0, 1], [0, 1, 0, 0]]
    assert both.recall == pytest.approx({"happy": 1.0, "sad": 1 / 3, "angry": 0.0})
    assert together([second, first]).confusion == both.confusion


def test_a_fold_of_several_protocols_has_a_group_for_each_corpus():
    split = Split("all-si", 1, own("anna", FOUR), own("bob", FOUR), own("cleo", FOUR))
    rows = np.tile(np.eye(4), (50, 1))
    assert set(groups(split.test, pd.DataFrame(rows, columns=FOUR), split)) == {"own"}
