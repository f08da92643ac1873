"""The command that writes embeddings of windows as a table, for a classifier of your own."""

import csv
from pathlib import Path
from typing import TextIO

import numpy as np

from ..batch import hear_all
from ..classifier import Classifier
from ..collection import Item
from ..progress import progress, say
from ..tables import Outcome

DIGITS = 6  # significant digits, as in float32


class Remembering(Classifier):
    """A classifier that keeps the embeddings of the windows that it classifies, in their order.

    Args:
        folder: of the bundle.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._kept: list[np.ndarray] = []

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        self._kept.append(self.embeddings(windows))
        return super().probabilities(windows)

    def take(self) -> np.ndarray:
        """(n, size) of the windows since the last call."""
        kept, self._kept = self._kept, []
        return np.concatenate(kept) if kept else np.zeros((0, 0), np.float32)


def write_embeddings(recordings: list[Item], classifier: Remembering, out: TextIO) -> bool:
    """Write CSV with one row per window of speech: file, start, end and the embedding.

    Returns:
        Whether every recording was analyzed.
    """
    rows = csv.writer(out)
    well, begun = True, False
    for item in progress(recordings, unit="file"):
        for outcome in hear_all([item], classifier):
            if not isinstance(outcome, Outcome):
                continue
            vectors = classifier.take()
            if outcome.analysis is None:
                well = False
                say(outcome.error or "")
                continue
            table = outcome.analysis.windows
            spoken = table[table[classifier.labels[0]].notna()]
            for (start, end), vector in zip(
                spoken[["start", "end"]].to_numpy(), vectors, strict=True
            ):
                if not begun:
                    rows.writerow(["file", "start", "end", *map(str, range(len(vector)))])
                    begun = True
                numbers = (f"{number:.{DIGITS}g}" for number in vector)
                rows.writerow([outcome.file, start, end, *numbers])
    return well
