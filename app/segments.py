"""Segments of a recording: runs of one emotion, of "unclear" or of no speech, without gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from .labelling import NO_SPEECH, Label, joined, label

COLUMNS = ("start", "end", "state", "emotion", "candidates", "confidence", "speech_share")
PAUSE_SECONDS = 1.0  # without speech, from which a pause is a segment
SHORTEST_SECONDS = 0.5  # a shorter segment of an emotion is merged with its neighbour
# How much likelier, in nats, another emotion must make the windows (half a second apart) to begin a
# segment. On joined clips of validation speakers (`tests.benchmark.smoothing`) this gives one
# segment per acted segment; half of it gives 1.35, twice as much 0.88 and more missed segments.
CHANGE_COST = 4.0
COST_HOP = 0.5  # seconds between windows that the cost is meant for


@dataclass(frozen=True)
class Windows:
    """All windows of a recording.

    Attributes:
        starts, ends: (n,) in seconds.
        speech: (n,) seconds of speech in each.
        probabilities: (n, labels), NaN where there is too little speech.
        evident: (n,) whether speech is; see `speech.evident`.
        hop: seconds between two of them.
    """

    starts: np.ndarray
    ends: np.ndarray
    speech: np.ndarray
    probabilities: np.ndarray
    evident: np.ndarray
    hop: float

    @property
    def spoken(self) -> np.ndarray:
        """(n,) whether each window has probabilities."""
        return ~np.isnan(self.probabilities[:, 0])

    @property
    def middles(self) -> np.ndarray:
        """(n,) in seconds."""
        return (self.starts + self.ends) / 2

    def mean(self, chosen: np.ndarray) -> np.ndarray:
        """(labels,) mean probabilities of some windows with speech, weighted by their speech."""
        return np.average(self.probabilities[chosen], axis=0, weights=self.speech[chosen])


@dataclass(frozen=True)
class _Piece:
    """A stretch of time and the column of its emotion; -1 for no speech."""

    start: float
    end: float
    column: int


def table_of_windows(windows: Windows, labels: Sequence[str], named_from: float) -> pd.DataFrame:
    """One row per window: `COLUMNS`, then one column per label."""
    rows = [
        (said, share, row if said.state != NO_SPEECH else None)
        for row, evident, share in zip(
            windows.probabilities,
            windows.evident.tolist(),
            np.minimum(windows.speech / np.maximum(windows.ends - windows.starts, 1e-9), 1.0),
            strict=True,
        )
        for said in [label(by_name(row, labels), named_from, evident=evident)]
    ]
    return _table(list(zip(windows.starts, windows.ends, strict=True)), rows, labels)


def table_of_segments(
    windows: Windows,
    pauses: Sequence[tuple[float, float]],
    duration: float,
    labels: Sequence[str],
    named_from: float,
) -> pd.DataFrame:
    """One row per segment: `COLUMNS`, then one column per label. The segments cover the recording.

    Args:
        windows: of the recording.
        pauses: its stretches without speech, in seconds and in order.
        duration: of the recording, in seconds.
        labels: the names of the columns of probabilities.
        named_from: the lowest probability of a named emotion.
    """
    pieces = _without_slivers(_pieces(windows, pauses, duration))
    while True:
        rows = [_described(piece, windows, labels, named_from) for piece in pieces]
        said = [(one.state, one.emotion) for one, *_ in rows]
        runs = [list(run) for _, run in groupby(range(len(pieces)), said.__getitem__)]
        if len(runs) == len(pieces):
            return _table([(piece.start, piece.end) for piece in pieces], rows, labels)
        pieces = [
            _Piece(pieces[run[0]].start, pieces[run[-1]].end, pieces[run[0]].column) for run in runs
        ]


def shares(segments: pd.DataFrame) -> dict[str, float]:
    """The share of the speech of each emotion and of "unclear", largest first."""
    spoken = segments[segments["state"] != NO_SPEECH]
    seconds = spoken["end"] - spoken["start"]
    names = spoken["emotion"].fillna(spoken["state"])
    by_name = seconds.groupby(names).sum().sort_values(ascending=False, kind="stable")
    return (by_name / max(seconds.sum(), 1e-9)).to_dict()


def by_name(probabilities: np.ndarray, labels: Sequence[str]) -> dict[str, float]:
    """(labels,) probabilities by their names; empty if they are NaN."""
    if np.isnan(probabilities[0]):
        return {}
    return dict(zip(labels, probabilities.astype(float).tolist(), strict=True))


def likeliest_path(probabilities: np.ndarray, cost: float, weight: float = 1.0) -> np.ndarray:
    """The (n,) columns that explain (n, labels) best, where each change costs `cost` (Viterbi)."""
    evidence = weight * np.log(np.maximum(probabilities, 1e-4))
    came_from = np.zeros(evidence.shape, int)
    score = evidence[0]
    stay = np.arange(evidence.shape[1])
    for step in range(1, len(evidence)):
        best = int(score.argmax())
        came_from[step] = np.where(score >= score[best] - cost, stay, best)
        score = np.maximum(score, score[best] - cost) + evidence[step]
    path = np.empty(len(evidence), int)
    path[-1] = score.argmax()
    for step in range(len(evidence) - 1, 0, -1):
        path[step - 1] = came_from[step, path[step]]
    return path


def _pieces(
    windows: Windows, pauses: Sequence[tuple[float, float]], duration: float
) -> list[_Piece]:
    """The likeliest emotion of each moment, from the window with the nearest middle."""
    columns = np.full(len(windows.starts), -1)
    for spoken, group in groupby(range(len(columns)), lambda at: windows.spoken[at]):
        if spoken:
            run = np.array(list(group))
            columns[run] = likeliest_path(
                windows.probabilities[run], CHANGE_COST, windows.hop / COST_HOP
            )
    middles = windows.middles
    edges = np.concatenate([[0.0], (middles[1:] + middles[:-1]) / 2, [duration]])
    turns = np.ravel([pause for pause in pauses if pause[1] - pause[0] >= PAUSE_SECONDS])
    cuts = np.unique(np.clip(np.concatenate([edges, turns]), 0.0, duration))
    inside = (cuts[:-1] + cuts[1:]) / 2
    silent = np.searchsorted(turns, inside) % 2 == 1
    found = np.where(silent, -1, columns[np.searchsorted(edges[1:-1], inside)])
    pieces = map(_Piece, cuts[:-1].tolist(), cuts[1:].tolist(), found.tolist())
    return _joined(list(pieces))


def _joined(pieces: list[_Piece]) -> list[_Piece]:
    """Merge neighbours of the same column."""
    runs = [list(run) for _, run in groupby(pieces, lambda piece: piece.column)]
    return [_Piece(run[0].start, run[-1].end, run[0].column) for run in runs]


def _without_slivers(pieces: list[_Piece]) -> list[_Piece]:
    """Merge short pieces with a neighbour, preferably one with an emotion."""
    columns = [piece.column for piece in pieces]
    for at, piece in enumerate(pieces):
        if piece.column >= 0 and piece.end - piece.start < SHORTEST_SECONDS:
            beside = [columns[other] for other in (at - 1, at + 1) if 0 <= other < len(pieces)]
            columns[at] = max(beside, default=piece.column)
    changed = zip(pieces, columns, strict=True)
    return _joined([_Piece(piece.start, piece.end, column) for piece, column in changed])


def _described(
    piece: _Piece, windows: Windows, labels: Sequence[str], named_from: float
) -> tuple[Label, float, np.ndarray | None]:
    """The label of a piece, its share of speech and its mean probabilities."""
    if piece.column < 0:
        return Label(NO_SPEECH), 0.0, None
    spoken = np.flatnonzero(windows.spoken)
    middles = windows.middles[spoken]
    chosen = spoken[(middles >= piece.start) & (middles <= piece.end)]
    if not len(chosen):
        chosen = spoken[[np.abs(middles - (piece.start + piece.end) / 2).argmin()]]
    mean = windows.mean(chosen)
    lengths = windows.ends[chosen] - windows.starts[chosen]
    share = float(windows.speech[chosen].sum() / max(lengths.sum(), 1e-9))
    said = label(by_name(mean, labels), named_from, evident=bool(windows.evident[chosen].any()))
    return said, min(share, 1.0), mean


def _table(
    times: list[tuple[float, float]],
    rows: list[tuple[Label, float, np.ndarray | None]],
    labels: Sequence[str],
) -> pd.DataFrame:
    nothing = np.full(len(labels), np.nan)
    table = pd.DataFrame(
        {
            "start": [float(start) for start, _ in times],
            "end": [float(end) for _, end in times],
            "state": [said.state for said, *_ in rows],
            "emotion": pd.Series([said.emotion for said, *_ in rows], dtype=object),
            "candidates": pd.Series([joined(said.candidates) for said, *_ in rows], dtype=object),
            "confidence": pd.Series([said.confidence for said, *_ in rows], dtype=np.float64),
            "speech_share": [float(share) for _, share, _ in rows],
        }
    )
    probabilities = np.array([nothing if mean is None else mean for *_, mean in rows], np.float64)
    return table.join(pd.DataFrame(probabilities, columns=list(labels)))
