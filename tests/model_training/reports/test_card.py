"""Cards and the README hold the figures of the result files."""

import json
import shutil
from dataclasses import replace

import pytest
import yaml

from app.classifier import DEFAULT_MODEL, bundles
from app.emotions import LABELS
from app.folders import MODELS
from model_training.evaluation import results, robustness
from model_training.evaluation.live import LiveFigures
from model_training.protocols import EXAMPLE_SPEAKERS
from model_training.reports import card
from tests.conftest import ROOT

RESULTS = ROOT / "model_training" / "results"


@pytest.fixture(scope="module")
def shipped():
    return card.read(MODELS / DEFAULT_MODEL, RESULTS)


@pytest.fixture(scope="module")
def of_everyone(shipped):
    """A bundle of the protocol `everyone`, with the folds of its recipe."""
    return replace(
        shipped,
        info=shipped.info.model_copy(update={"protocol": "everyone"}),
        folds=results.of_recipe(RESULTS, shipped.info.recipe),
    )


@pytest.mark.parametrize("name", bundles(MODELS))
def test_a_card_is_what_its_result_files_make(name):
    known = card.read(MODELS / name, RESULTS)
    assert (MODELS / name / card.CARD_FILE).read_text() == card.text(known)
    assert known.evaluation.model_sha256 == known.info.model_sha256


def test_results_of_other_seeds_and_protocols_are_no_more_folds(shipped, tmp_path):
    own = tmp_path / shipped.info.recipe
    shutil.copytree(RESULTS / shipped.info.recipe, own)
    for name in ("all-si-fold-1-seed-2", "ravdess-si-fold-1-seed-1"):
        protocol, _, seed = name.replace("-fold-1-seed-", " 1 ").split()
        other = {"protocol": protocol, "fold": 1, "seed": int(seed), "model_sha256": name}
        for folder in (own, own / "robustness"):
            content = json.loads((folder / "all-si-fold-1-seed-1.json").read_text()) | other
            if folder == own:
                content["test"]["RAVDESS"]["uar"] = 0.0
            (folder / f"{name}.json").write_text(json.dumps(content))
    assert card.text(card.read(MODELS / DEFAULT_MODEL, tmp_path)) == card.text(shipped)


@pytest.mark.parametrize("name", bundles(MODELS))
def test_no_test_speaker_of_a_shipped_bundle_is_among_its_training_speakers(name):
    known = card.read(MODELS / name, RESULTS)
    heard = {*known.info.trained_on.speakers, *known.info.validated_on.speakers}
    assert known.info.unheard.speakers
    assert not heard & {*known.info.unheard.speakers, *EXAMPLE_SPEAKERS}
    for group in known.evaluation.test.values():
        assert not heard & set(group.speakers)
    for fold in known.folds:
        assert not set(fold.sides["train"].speakers) & set(fold.headline.speakers)


def test_the_card_has_the_metadata_that_hugging_face_reads(shipped, of_everyone):
    for known in (shipped, of_everyone):
        front_matter = yaml.safe_load(card.text(known).split("---")[1])
        assert front_matter["license"] == "cc-by-nc-sa-4.0"
        found = front_matter["model-index"][0]["results"]
        uar = {result["dataset"]["type"]: result["metrics"][0]["value"] for result in found}
        assert {"ravdess", "crema-d"} <= set(uar)
    folds = [one.headline.uar for one in of_everyone.folds if one.protocol == "ravdess-si"]
    assert uar["ravdess"] == pytest.approx(sum(folds) / len(folds), abs=1e-4)


def test_the_card_of_a_bundle_of_everyone_says_which_models_the_figures_are_about(of_everyone):
    text = card.text(of_everyone)
    assert "**The rows of folds are not about this bundle.**" in text
    assert "| RAVDESS, 6 folds | 24 | 1440 |" in text
    assert "| RAVDESS female, 6 folds | 12 | 720 |" in text


def test_the_card_tells_how_live_sessions_do(shipped, tmp_path):
    figures = LiveFigures(
        model_sha256=shipped.info.model_sha256,
        speakers=4,
        streams=40,
        changes_per_true_change=1.92,
        shown_changes_per_true_change=2.49,
        median_lag=2.52,
        share_never_reached=0.12,
        named_within=0.83,
        right_within=0.8,
        named_across=0.84,
        right_across=0.29,
    )
    results.write_live(figures, tmp_path, shipped.info)
    assert results.live_of_bundle(tmp_path, shipped.info) == figures
    text = card.text(replace(shipped, live=figures))
    assert "83% of the readings name an emotion, and 80% of these are right" in text
    assert "changes 1.9 times from one emotion to another, or 2.5 times with changes" in text
    assert "reaches 88% of the new emotions, after a median of 2.5 s" in text
    other = shipped.info.model_copy(update={"model_sha256": "0" * 64})
    assert results.live_of_bundle(tmp_path, other) is None
    assert "Live sessions" not in card.text(replace(shipped, live=None))


def test_the_card_says_what_the_model_cannot_do(shipped):
    text = card.text(shipped)
    for word in ("acted", "children", "sarcasm", "AI Act", "non-commercial"):
        assert word in text
    for label in LABELS:
        assert f"| {label} |" in text


def test_a_card_has_the_corpora_of_its_test_alone(shipped):
    test = shipped.evaluation.test
    groups = {name: group for name, group in test.items() if name.startswith("CREMA-D")}
    text = card.text(
        card.BundleResults(
            shipped.info.model_copy(update={"protocol": "cremad-si"}),
            shipped.evaluation.model_copy(update={"test": groups}),
            folds=[],
            worse=[],
        )
    )
    assert "### Confusion on CREMA-D" in text
    assert "RAVDESS, test" not in text
    assert "| calm |" not in text
    assert card.EASIER not in text


def test_what_was_measured_in_worse_sound_is_on_the_card(shipped):
    text = card.text(shipped)
    assert "CREMA-D" in {row.corpus for row in shipped.worse}
    for row in shipped.worse:
        assert f"| {row.corpus} | {row.condition} | {row.uar:.3f} |" in text


def test_the_robustness_of_another_model_is_left_out(shipped, tmp_path):
    info = card.read_info(MODELS / bundles(MODELS)[0])
    evaluation = results.of_bundle(RESULTS, info)
    for known, worse in ((shipped.info.model_sha256, []), (info.model_sha256, shipped.worse)):
        measured = robustness.Robustness(
            model_sha256=known,
            protocol="",
            fold=1,
            unseen_noises=[],
            unseen_rooms=[],
            conditions=shipped.worse,
        )
        results.write_robustness(measured, tmp_path, info)
        assert card.collect(info, evaluation, tmp_path).worse == worse


def test_live_labels_are_steady_prompt_and_mostly_right(shipped):
    live = shipped.live
    assert live.named_within >= 0.6
    assert live.right_within >= 0.7
    assert live.changes_per_true_change <= 2.2
    assert live.median_lag <= 2.6
