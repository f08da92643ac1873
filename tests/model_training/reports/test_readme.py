"""The figures in the README."""

import pytest

from app.classifier import DEFAULT_MODEL
from app.folders import MODELS
from model_training.evaluation.results import ResultError
from model_training.reports import card, readme

RESULTS = MODELS.parent / "model_training" / "results"


@pytest.fixture(scope="module")
def shipped():
    return card.read(MODELS / DEFAULT_MODEL, RESULTS)


def test_the_readme_holds_the_figures_of_the_shipped_bundle(shipped, tmp_path):
    shown = MODELS.parent / "README.md"
    assert shipped.live
    written = tmp_path / "README.md"
    written.write_text(shown.read_text())
    readme.write_figures(shipped, written)
    assert written.read_text() == shown.read_text()


def test_figures_replace_the_old_ones_and_nothing_else(shipped, tmp_path):
    file = tmp_path / "README.md"
    file.write_text(
        f"above\n{card.FIGURES_BEGIN}\noutdated\n{card.FIGURES_END}\nbetween\n"
        f"{readme.LIVE_BEGIN}\noutdated\n{readme.LIVE_END}\nbelow\n"
    )
    readme.write_figures(shipped, file)
    text = file.read_text()
    assert text.startswith(f"above\n{card.FIGURES_BEGIN}\n| unseen speakers")
    between = f"{card.FIGURES_END}\nbetween\n{readme.LIVE_BEGIN}\n"
    assert f"{between}Live, on the 4 speakers of the example clips, who are easier" in text
    assert text.endswith(f"{readme.LIVE_END}\nbelow\n")
    assert "outdated" not in text


def test_a_readme_without_markers_is_a_sentence(shipped, tmp_path):
    (tmp_path / "README.md").write_text("nothing here")
    with pytest.raises(ResultError, match="no place for figures"):
        readme.write_figures(shipped, tmp_path / "README.md")
