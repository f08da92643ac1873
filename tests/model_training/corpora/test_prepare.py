"""What `prepare` must not write over; what it prints and writes is in `test_table.py`."""

from pathlib import Path

import pytest

from model_training.corpora.faults import CorpusError
from model_training.corpora.prepare import prepare
from tests.sounds import clip_file

TABLE = "file,emotion,speaker,note\na.wav,sad,anna,the only copy\n"


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("metadata.csv", "is one of the tables in --data"),
        ("link.csv", "is one of the tables in --data"),
        ("clips.txt", "is the name of the report"),
    ],
)
def test_neither_a_table_in_data_nor_the_report_is_written_over(
    tmp_path, monkeypatch, out, sentence
):
    monkeypatch.chdir(tmp_path)
    clip_file(tmp_path / "a.wav", 1)
    Path("metadata.csv").write_text(TABLE)
    Path("link.csv").symlink_to("metadata.csv")
    with pytest.raises(CorpusError, match=sentence):
        prepare([Path("metadata.csv")], Path(out))
    assert Path("metadata.csv").read_text() == TABLE
    assert {path.name for path in tmp_path.iterdir()} == {"a.wav", "metadata.csv", "link.csv"}
