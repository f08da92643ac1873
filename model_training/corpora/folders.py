"""The folders that hold the corpora, and the files in them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from model_training.corpora.faults import CorpusError

NOISES = "noise"
ROOMS = "impulse_responses"
# Folders that hold no speech: in the folder of the corpora, or in a folder of that.
SURROUNDINGS = (NOISES, ROOMS)

# The network that a training may begin with: in the folder of the corpora or beside it.
YAMNET = Path("pretrained", "yamnet.tflite")

Data = Path | Sequence[Path]


def folders(data: Data) -> list[Path]:
    """One or several folders, or tables of clips, absolute and each once.

    Raises:
        CorpusError: one of them does not exist.
    """
    found = list(dict.fromkeys(path.resolve() for path in _listed(data)))
    for path in found:
        if not path.exists():
            raise CorpusError(f"There is no folder {path}.")
    return found


def surroundings(data: Data, name: str) -> list[Path]:
    """The folders of that name, one of `SURROUNDINGS`, in the data folders or one level below."""
    return [
        place
        for folder in _listed(data)
        for place in (folder / name, *sorted(folder.glob(f"*/{name}")))
        if place.is_dir()
    ]


def files(roots: Sequence[Path]) -> Iterator[Path]:
    """Every file below some folders, through links too, each real folder walked once."""
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
