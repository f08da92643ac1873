"""The folders that hold the corpora, and the files in them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from model_training.corpora.faults import CorpusError

NOISES = "noise"
ROOMS = "impulse_responses"
# Folders without speech, in the folder of the corpora or one level below.
SURROUNDINGS = (NOISES, ROOMS)

# The file with initial weights, in the folder of the corpora or in its parent folder.
YAMNET = Path("pretrained", "yamnet.tflite")

Data = Path | Sequence[Path]


def folders(data: Data) -> list[Path]:
    """The folders and tables of clips as absolute paths, without duplicates.

    Raises:
        CorpusError: one of them does not exist.
    """
    paths = list(dict.fromkeys(path.resolve() for path in _listed(data)))
    for path in paths:
        if not path.exists():
            raise CorpusError(f"There is no folder {path}.")
    return paths


def surroundings(data: Data, name: str) -> list[Path]:
    """The folders of that name, one of `SURROUNDINGS`, in the data folders or one level below."""
    return [
        place
        for folder in _listed(data)
        for place in (folder / name, *sorted(folder.glob(f"*/{name}")))
        if place.is_dir()
    ]


def files(roots: Sequence[Path]) -> Iterator[Path]:
    """Every file below some folders, also through links; each real folder is visited once."""
    walked = set()
    for top in roots:
        for root, children, names in os.walk(top, followlinks=True):
            real = os.path.realpath(root)
            if real in walked:
                children.clear()
                continue
            walked.add(real)
            if Path(root) == top or Path(root).parent == top:
                children[:] = [name for name in children if name not in SURROUNDINGS]
            yield from (Path(root, name) for name in names)


def _listed(data: Data) -> list[Path]:
    return [data] if isinstance(data, Path) else list(data)
