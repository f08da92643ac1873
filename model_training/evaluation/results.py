"""Result files: one per fold of a recipe under a protocol, and one for its robustness.

A result file is the only place that holds the figures of a bundle. Cards, reports and comparisons
read it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from app.bundle import BundleInfo
from app.errors import UndertoneError
from app.files import write_text
from model_training.evaluation.evaluate import Evaluation
from model_training.evaluation.live import LiveFigures
from model_training.evaluation.robustness import Robustness
from model_training.protocols import ALL, BY_CORPUS, HEADLINES
from model_training.training.loop import Run

Result = TypeVar("Result", bound=BaseModel)


class ResultError(UndertoneError):
    """A result file is missing or cannot be read."""


def file_name(protocol: str, fold: int, seed: int) -> str:
    """The name of a result file, in the folder of its recipe."""
    return f"{protocol}-fold-{fold}-seed-{seed}.json"


def path(folder: Path, run: Evaluation | BundleInfo | Run) -> Path:
    """The result file of a fold."""
    return folder / run.recipe / file_name(run.protocol, run.fold, run.seed)


def robustness_path(folder: Path, info: BundleInfo) -> Path:
    """The robustness file of a fold."""
    return folder / info.recipe / "robustness" / file_name(info.protocol, info.fold, info.seed)


def live_path(folder: Path, info: BundleInfo) -> Path:
    """The file of the live figures of a bundle."""
    return folder / info.recipe / "live" / file_name(info.protocol, info.fold, info.seed)


def write(evaluation: Evaluation, folder: Path) -> Path:
    """Write the result file of a fold atomically, and return its path."""
    file = path(folder, evaluation)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, evaluation.model_dump_json() + "\n")
    return file


def write_robustness(robustness: Robustness, folder: Path, info: BundleInfo) -> Path:
    """Write the robustness file of a fold atomically, and return its path."""
    file = robustness_path(folder, info)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, robustness.model_dump_json(indent=1) + "\n")
    return file


def write_live(figures: LiveFigures, folder: Path, info: BundleInfo) -> Path:
    """Write the live figures of a bundle atomically, and return the path."""
    file = live_path(folder, info)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, figures.model_dump_json(indent=1) + "\n")
    return file


def of_bundle(folder: Path, info: BundleInfo) -> Evaluation:
    """The result of a bundle.

    Raises:
        ResultError: the file is missing, unreadable, or about another model.
    """
    file = path(folder, info)
    if not file.exists():
        raise ResultError(f"There is no result {file}; `evaluate` writes it.")
    evaluation = _load(file, Evaluation)
    if evaluation.model_sha256 != info.model_sha256:
        raise ResultError(f"{file} is about another model; run `evaluate` again.")
    return evaluation


def robustness_of_bundle(folder: Path, info: BundleInfo) -> Robustness | None:
    """The robustness of a bundle; None if this model has not been measured.

    Raises:
        ResultError: the file cannot be read.
    """
    file = robustness_path(folder, info)
    robustness = _load(file, Robustness) if file.exists() else None
    return robustness if robustness and robustness.model_sha256 == info.model_sha256 else None


def live_of_bundle(folder: Path, info: BundleInfo) -> LiveFigures | None:
    """The live figures of a bundle; None if this model has not been measured.

    Raises:
        ResultError: the file cannot be read.
    """
    file = live_path(folder, info)
    figures = _load(file, LiveFigures) if file.exists() else None
    return figures if figures and figures.model_sha256 == info.model_sha256 else None


def of_fold(folder: Path, run: Run) -> Evaluation | None:
    """The result of a run; None if there is none.

    Raises:
        ResultError: the file cannot be read.
    """
    file = path(folder, run)
    return _load(file, Evaluation) if file.exists() else None


def read(folder: Path) -> list[Evaluation]:
    """Every result below a folder, by recipe, protocol, fold and seed.

    Raises:
        ResultError: there is none, or a file cannot be read.
    """
    evaluations = _by_corpus(_read(folder, "*/*-fold-*-seed-*.json", Evaluation))
    if not evaluations:
        raise ResultError(
            f"There is no result in {folder}; `evaluate` and `cross-validate` write them."
        )
    return evaluations


def of_recipe(folder: Path, recipe: str, seed: int | None = None) -> list[Evaluation]:
    """The results of one recipe, one per fold; an empty list if there are none.

    Raises:
        ResultError: a file cannot be read.
    """
    found = _by_corpus(_read(folder / recipe, "*-fold-*-seed-*.json", Evaluation))
    return one_per_fold(found, seed)


def one_per_fold(evaluations: Iterable[Evaluation], seed: int | None = None) -> list[Evaluation]:
    """One result per test fold of a recipe: of this seed if there is one, else of the lowest.

    Two results have the same test speakers, so together they would count them twice. Of the same
    seed, the first one is taken: in the order of the files, all-si comes before other protocols.
    """
    kept: dict[tuple[str, str, int], Evaluation] = {}
    for one in sorted(evaluations, key=lambda one: (one.seed != seed, one.seed)):
        kept.setdefault((one.recipe, one.protocol, one.fold), one)
    return list(kept.values())


def robustness_of_folds(folder: Path, recipe: str, folds: Iterable[Evaluation]) -> list[Robustness]:
    """The robustness of the models of some folds, each on the corpus that its fold tests.

    Raises:
        ResultError: a file cannot be read.
    """
    tested = {(one.model_sha256, HEADLINES[one.protocol]) for one in folds}
    models = _read(folder / recipe, "robustness/*-fold-*-seed-*.json", Robustness)
    return [
        model.model_copy(
            update={
                "conditions": [
                    one for one in model.conditions if (model.model_sha256, one.corpus) in tested
                ]
            }
        )
        for model in models
    ]


def _by_corpus(evaluations: list[Evaluation]) -> list[Evaluation]:
    """Replace each fold of all-si by one fold of every protocol that it tests."""
    return [
        one.model_copy(update={"protocol": protocol})
        for one in evaluations
        for protocol in (BY_CORPUS if one.protocol == ALL else (one.protocol,))
        if HEADLINES[protocol] in one.test
    ]


def _read(folder: Path, files: str, kind: type[Result]) -> list[Result]:
    return [_load(file, kind) for file in sorted(folder.glob(files))]


def _load(file: Path, kind: type[Result]) -> Result:
    try:
        return kind.model_validate_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResultError(f"{file} is not a result file of this version; remove it.") from error
