"""A table of clips as the ingredients read it."""

import pandas as pd
import pytest

from app.emotions import LABELS


@pytest.fixture
def table() -> pd.DataFrame:
    """A clip of every RAVDESS actor and emotion, and two emotions of ten CREMA-D actors."""
    rows = [("RAVDESS", actor, emotion) for actor in range(1, 25) for emotion in LABELS]
    rows += [("CREMA-D", actor, emotion) for actor in range(1, 11) for emotion in ("sad", "angry")]
    table = pd.DataFrame(rows, columns=["corpus", "speaker", "emotion"])
    return table.assign(kind="speech")
