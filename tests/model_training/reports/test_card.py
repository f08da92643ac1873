"""Cards and figures say what the result files say, and nothing by hand."""

import shutil
from dataclasses import replace

import pytest
import yaml

from app.classifier import DEFAULT_MODEL, bundles
from app.emotions import LABELS
from app.folders import MODELS
from model_training.evaluation import results, robustness
from model_training.protocols import EXAMPLE_SPEAKERS
from model_training.reports import card
from tests.conftest import ROOT

RESULTS = ROOT / "model_training" / "results"


@pytest.fixture(scope="module")
def shipped():
    return card.sources(MODELS / DEFAULT_MODEL, RESULTS)


@pytest.fixture(scope="module")
def told_by_folds(shipped):
    """As a bundle that learned from everyone, with the folds that are there."""
    return replace(
        shipped,
        info=shipped.info.model_copy(update={"protocol": "everyone"}),
        folds=results.of_recipe(RESULTS, shipped.info.recipe),
    )


@pytest.mark.parametrize("name", bundles(MODELS))
def test_a_card_says_what_the_result_files_of_its_bundle_say(name):
    known = card.sources(MODELS / name, RESULTS)
    assert (MODELS / name / card.CARD_FILE).read_text() == card.text(known)
    assert known.evaluation.model_sha256 == known.info.model_sha256


@pytest.mark.parametrize("name", bundles(MODELS))
def test_what_ships_never_heard_who_it_was_tested_on(name):
    known = card.sources(MODELS / name, RESULTS)
    heard = {*known.info.trained_on.speakers, *known.info.validated_on.speakers}
    assert known.info.unheard.speakers
    assert not heard & {*known.info.unheard.speakers, *EXAMPLE_SPEAKERS}
    for group in known.evaluation.test.values():
        assert not heard & set(group.speakers)
    for fold in known.folds:
        assert not set(fold.sides["train"].speakers) & set(fold.headline.speakers)


def test_the_card_has_the_metadata_that_hugging_face_reads(shipped, told_by_folds):
    for known in (shipped, told_by_folds):
        front_matter = yaml.safe_load(card.text(known).split("---")[1])
        assert front_matter["license"] == "cc-by-nc-sa-4.0"
        found = front_matter["model-index"][0]["results"]
        uar = {result["dataset"]["type"]: result["metrics"][0]["value"] for result in found}
        assert {"ravdess", "crema-d"} <= set(uar)
    folds = [one.headline.uar for one in told_by_folds.folds if one.protocol == "ravdess-si"]
    assert uar["ravdess"] == pytest.approx(sum(folds) / len(folds), abs=1e-4)


def test_a_bundle_that_learned_from_everyone_says_whose_the_figures_are(told_by_folds):
    told = card.text(told_by_folds)
    assert "**The rows of folds are not of this bundle**" in told
    assert "| RAVDESS, 6 folds | 24 | 1440 |" in told
    assert "| RAVDESS female, 6 folds | 12 | 720 |" in told


def test_the_card_says_what_the_model_cannot_do(shipped):
    told = card.text(shipped)
    for word in ("acted", "children", "sarcasm", "AI Act", "non-commercial"):
        assert word in told
    for label in LABELS:
        assert f"| {label} |" in told


def test_a_card_tells_of_the_corpora_that_were_tested(shipped):
    test = shipped.evaluation.test
    groups = {name: group for name, group in test.items() if name.startswith("CREMA-D")}
    told = card.text(
        card.Sources(
            shipped.info.model_copy(update={"protocol": "cremad-si"}),
            shipped.evaluation.model_copy(update={"test": groups}),
            folds=[],
            worse=[],
        )
    )
    assert "### Confusion on CREMA-D" in told
    assert "RAVDESS, test" not in told
    assert "| calm |" not in told
    assert card.SPEAKERS.strip() not in told


def test_what_was_measured_in_worse_sound_is_on_the_card(shipped):
    told = card.text(shipped)
    assert "CREMA-D" in {row.corpus for row in shipped.worse}
    for row in shipped.worse:
        assert f"| {row.corpus} | {row.condition} | {row.uar:.3f} |" in told


def test_what_was_measured_of_another_model_is_not_told(shipped, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(MODELS / bundles(MODELS)[0], folder)
    for known, worse in (
        (shipped.info.model_sha256, []),
        (card.read_info(folder).model_sha256, shipped.worse),
    ):
        measured = robustness.Robustness(
            model_sha256=known,
            protocol="",
            fold=1,
            unseen_noises=[],
            unseen_rooms=[],
            conditions=shipped.worse,
        )
        robustness.write(measured, folder / robustness.ROBUSTNESS_FILE)
        assert card.sources(folder, RESULTS).worse == worse


def test_the_readme_holds_the_figures_of_the_shipped_bundle(shipped):
    readme = (MODELS.parent / "README.md").read_text()
    between = readme.partition(card.FIGURES_BEGIN)[2].partition(card.FIGURES_END)[0]
    assert between.strip() == card.figures_table(shipped)


def test_figures_replace_the_old_ones_and_nothing_else(shipped, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{card.FIGURES_BEGIN}\noutdated\n{card.FIGURES_END}\nbelow\n")
    card.write_figures(shipped, readme)
    text = readme.read_text()
    assert text.startswith(f"above\n{card.FIGURES_BEGIN}\n| voices never heard")
    assert text.endswith(f"{card.FIGURES_END}\nbelow\n")
    assert "outdated" not in text


def test_a_readme_without_markers_is_a_sentence(shipped, tmp_path):
    (tmp_path / "README.md").write_text("nothing here")
    with pytest.raises(ValueError, match="no place for figures"):
        card.write_figures(shipped, tmp_path / "README.md")
