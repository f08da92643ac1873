"""nEMO: its names, its table of speakers, and other corpora beside it."""

import pandas as pd
import pytest

from model_training.corpora.table import load_corpora
from tests.sounds import clip_file as write


@pytest.fixture
def polish(tmp_path):
    """Three clips of nEMO as it comes: its table names WAVs and pads speakers with spaces."""
    folder = tmp_path / "more/nEMO"
    for number, name in enumerate(("EB0_anger_1.ogg", "WR0_fear_2.ogg", "ZZ9_sadness_3.ogg")):
        write(folder / "samples" / name, number)
    (folder / "data.tsv").write_text(
        "file_id\temotion\traw_text\tspeaker_id\tgender\tage\n"
        "EB0_anger_1.wav\tanger\tTak.\tEB0\tfemale\t27\n"
        "EB0_anger_9.wav\tanger\tNie.\tEB0\tfemale\t27\n"
        "WR0_fear_2.wav\tfear\tTak.\t      WR0\tmale\t23\n"
    )
    return folder


def test_nemo_has_its_speakers_from_its_table(polish, tmp_path):
    corpus = load_corpora(polish, tmp_path / "cache")
    told = corpus.table[["corpus", "speaker", "sex", "age", "emotion", "kind"]]
    assert told.astype(object).fillna("-").to_numpy().tolist() == [
        ["nEMO", "nEMO-EB0", "female", 27.0, "angry", "speech"],
        ["nEMO", "nEMO-WR0", "male", 23.0, "fearful", "speech"],
        ["nEMO", "nEMO-ZZ9", "-", "-", "sad", "speech"],
    ]
    assert [fault.kind for fault in corpus.faults] == ["sex unknown"], "and misses no other corpus"


def test_several_folders_are_one_table(polish, tmp_path):
    write(tmp_path / "data/TESS/YAF_back_happy.wav", 9)
    write(tmp_path / "data/noise/rain.wav", 9)
    cache = tmp_path / "cache"
    both = load_corpora([tmp_path / "data", polish.parent], cache).table
    assert both["corpus"].tolist() == ["TESS", "nEMO", "nEMO", "nEMO"]
    assert both.index.tolist() == [0, 1, 2, 3]
    overlapping = load_corpora([tmp_path, tmp_path / "data", polish], cache)
    assert "second copy" not in {fault.kind for fault in overlapping.faults}
    assert "unknown name" not in {fault.kind for fault in overlapping.faults}, "noise is left"
    pd.testing.assert_frame_equal(overlapping.table, both)


@pytest.mark.corpora
def test_real_nemo(nemo, tmp_path):
    """Six of the nine actors; counted by who brought them."""
    table = load_corpora(nemo, tmp_path).table
    assert len(table) == 3147
    assert table.groupby("speaker")["sex"].first().to_dict() == {
        "nEMO-EB0": "female",
        "nEMO-IC0": "female",
        "nEMO-KS0": "male",
        "nEMO-MK0": "female",
        "nEMO-TP0": "male",
        "nEMO-WR0": "male",
    }
    assert table["age"].between(23, 28).all()
    assert set(table["emotion"]) == {"angry", "fearful", "happy", "neutral", "sad", "surprised"}
