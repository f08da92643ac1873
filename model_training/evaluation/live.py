"""How steady, late and right the label of a live session is, as a result file has it."""

from pydantic import BaseModel


class LiveFigures(BaseModel):
    """The figures of one bundle on joined clips of speakers that it was not trained on.

    `python -m tests.benchmark.smoothing --results` measures them at the default smoothing.

    Attributes:
        speakers, streams: numbers of them.
        changes_per_true_change: from one named emotion to another.
        shown_changes_per_true_change: those from and to "unclear" count as well.
        median_lag: seconds from a change to the first reading that names the new emotion, over the
            changes that are ever named.
        share_never_reached: of the changes, those that are not.
        named_within, right_within: of the readings whose window lies within one emotion, the share
            that is named; of the named ones, the share that is right.
        named_across, right_across: the same of the windows across a change.
    """

    model_sha256: str
    speakers: int
    streams: int
    changes_per_true_change: float
    shown_changes_per_true_change: float
    median_lag: float
    share_never_reached: float
    named_within: float
    right_within: float
    named_across: float
    right_across: float
