"""Result files, one for each fold of a recipe under a protocol."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from app.bundle import BundleInfo
from app.errors import UndertoneError
from model_training.evaluation.metrics import Evaluation
from model_training.evaluation.robustness import Robustness
from model_training.protocols import ALL, BY_CORPUS, HEADLINES

Result = TypeVar("Result", bound=BaseModel)


class ResultError(UndertoneError):
    """No result, or one that cannot be read."""


def file_name(protocol: str, fold: int, seed: int) -> str:
    """Of the result of a fold, in the folder of its recipe."""
    return f"{protocol}-fold-{fold}-seed-{seed}.json"


def path(folder: Path, found: Evaluation) -> Path:
    """Where the result of a fold belongs."""
    return folder / found.recipe / file_name(found.protocol, found.fold, found.seed)


def robustness_path(folder: Path, info: BundleInfo) -> Path:
    """Where it belongs how the model of a fold bears worse conditions."""
    return folder / info.recipe / "robustness" / file_name(info.protocol, info.fold, info.seed)


def read(folder: Path) -> list[Evaluation]:
    """Every result below a folder, by recipe, protocol, fold and seed.

    Raises:
        ResultError: there is none, or a file is no result.
    """
    found = _by_corpus(_read(folder, "*/*-fold-*-seed-*.json", Evaluation))
    if not found:
        raise ResultError(
            f"There is no result in {folder}; `evaluate` and `cross-validate` make them."
        )
    return found


def of_recipe(folder: Path, recipe: str) -> list[Evaluation]:
    """The results of one recipe; none where it has none.

    Raises:
        ResultError: a file is no result.
    """
    return _by_corpus(_read(folder / recipe, "*-fold-*-seed-*.json", Evaluation))


def robustness_of_recipe(folder: Path, recipe: str) -> list[Robustness]:
    """How the models of the folds of one recipe bear worse conditions.

    Raises:
        ResultError: a file is no result.
    """
    return _read(folder / recipe, "robustness/*-fold-*-seed-*.json", Robustness)


def _by_corpus(found: list[Evaluation]) -> list[Evaluation]:
    """The same, where a fold of all-si stands for one of each protocol that it tests."""
    return [
        one.model_copy(update={"protocol": protocol})
        for one in found
        for protocol in (BY_CORPUS if one.protocol == ALL else (one.protocol,))
        if HEADLINES[protocol] in one.test
    ]


def _read(folder: Path, files: str, kind: type[Result]) -> list[Result]:
    found = []
    for file in sorted(folder.glob(files)):
        try:
            found.append(kind.model_validate_json(file.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ResultError(f"{file} is no result file of this version; remove it.") from error
    return found
