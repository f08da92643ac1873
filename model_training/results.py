"""Result files, one for each fold of a recipe under a protocol."""

from pathlib import Path

from app.errors import UndertoneError
from model_training import evaluation
from model_training.evaluation import Evaluation


class ResultError(UndertoneError):
    """No result, or one that cannot be read."""


def file_name(protocol: str, fold: int, seed: int) -> str:
    """Of the result of a fold, in the folder of its recipe."""
    return f"{protocol}-fold-{fold}-seed-{seed}.json"


def path(folder: Path, found: Evaluation) -> Path:
    """Where the result of a fold belongs."""
    return folder / found.recipe / file_name(found.protocol, found.fold, found.seed)


def read(folder: Path) -> list[Evaluation]:
    """Every result below a folder, by recipe, protocol, fold and seed.

    Raises:
        ResultError: there is none, or a file is no result.
    """
    files = sorted(folder.glob("*/*-fold-*-seed-*.json"))
    if not files:
        raise ResultError(
            f"There is no result in {folder}; `evaluate` and `cross-validate` make them."
        )
    found = []
    for file in files:
        try:
            found.append(evaluation.read(file))
        except ValueError as error:
            raise ResultError(f"{file} is no result file of this version; remove it.") from error
    return found
