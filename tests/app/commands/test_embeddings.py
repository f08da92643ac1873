"""Embeddings of recordings as a table."""

import io

import numpy as np
import pandas as pd

from app import audio
from app.collection import collect
from app.commands.embeddings import write_embeddings


def test_a_row_is_a_window_with_its_embedding(classifier, examples, tmp_path):
    (tmp_path / "broken.wav").write_text("no sound " * 100)
    out = io.StringIO()
    items = collect([*map(str, examples[:2]), str(tmp_path / "broken.wav")]).items
    well = write_embeddings(items, classifier, out)
    assert not well, "one recording is broken, the others are there"
    table = pd.read_csv(io.StringIO(out.getvalue()))
    assert table["file"].nunique() == 2
    assert (table["start"] < table["end"]).all()
    window = np.zeros((1, classifier.window), np.float32)
    waveform = audio.load(examples[0], classifier.sample_rate)[: classifier.window]
    window[0, : len(waveform)] = waveform
    first = table.iloc[0, 3:].to_numpy(np.float32)
    np.testing.assert_allclose(first, classifier.embeddings(window)[0], atol=1e-3)
