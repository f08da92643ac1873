"""The command that writes embeddings of windows as a table, for a classifier of your own."""

import csv
from typing import TextIO

from ..batch import hear_all
from ..classifier import Classifier
from ..collection import Item
from ..progress import progress
from ..tables import Outcome
from .predict import say_error, say_note

DIGITS = 6  # significant digits, as in float32


def write_embeddings(recordings: list[Item], classifier: Classifier, out: TextIO) -> bool:
    """Write CSV with one row per window of speech: file, start, end and the embedding.

    Returns:
        Whether every recording was analyzed.
    """
    rows = csv.writer(out, lineterminator="\n")
    well, begun = True, False
    for outcome in hear_all(progress(recordings, unit="file"), classifier, embeddings=True):
        if not isinstance(outcome, Outcome):
            continue
        if outcome.analysis is None:
            well = False
            say_error(outcome)
            continue
        say_note(outcome)
        vectors = outcome.analysis.embeddings
        assert vectors is not None  # as requested
        table = outcome.analysis.windows
        spoken = table.loc[table[classifier.labels[0]].notna(), ["start", "end"]]
        for (start, end), vector in zip(spoken.to_numpy(), vectors, strict=True):
            if not begun:
                rows.writerow(["file", "start", "end", *map(str, range(len(vector)))])
                begun = True
            numbers = (f"{number:.{DIGITS}g}" for number in vector)
            rows.writerow([outcome.file, start, end, *numbers])
    return well
