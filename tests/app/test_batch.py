"""Many recordings: archives, broken files and tables."""

import io
import json
import zipfile
from dataclasses import replace

import audformat
import numpy as np
import pandas as pd
import pytest

from app import audio, tables
from app.batch import Progress, hear_all, outcomes
from app.collection import Item, uploads
from app.emotions import LABELS
from app.recordings import analyze
from app.tables import Outcome

RATE = audio.SAMPLE_RATE


@pytest.fixture
def archive(tmp_path, examples):
    """Two recordings, one broken, one archive in the archive, and clutter."""
    path = tmp_path / "voices.zip"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as nested:
        nested.write(examples[0], "inside.ogg")
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(examples[0], "first.ogg")
        packed.writestr(zipfile.ZipInfo("folder/../../second.ogg"), examples[1].read_bytes())
        packed.writestr("folder/", "")
        packed.writestr("__MACOSX/first.ogg", "clutter")
        packed.writestr("folder/.DS_Store", "clutter")
        packed.writestr("broken.wav", "no sound")
        packed.writestr("more.zip", inner.getvalue())
    return path


def errors(found):
    return {outcome.file: outcome.error for outcome in found}


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_archive_is_its_recordings_and_reasons(classifier, archive, examples, jobs):
    before = set(archive.parent.parent.rglob("*"))
    found = list(outcomes(uploads([archive]).items, classifier, jobs))
    assert errors(found) == {
        "first.ogg": None,
        "folder/../../second.ogg": None,
        "broken.wav": "The recording is not audio, or is damaged beyond reading.",
        "more.zip": "more.zip is an archive inside an archive: unpack it first.",
    }
    assert found[0].analysis.emotion == analyze(examples[0], classifier).emotion
    assert found[1].analysis.emotion == analyze(examples[1], classifier).emotion
    assert set(archive.parent.parent.rglob("*")) == before, "nothing is unpacked to disk"


def test_progress_and_outcomes_come_in_order(classifier, examples, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"")
    steps = list(hear_all(uploads([examples[0], broken, examples[1]]).items, classifier))
    assert list(dict.fromkeys(step.file for step in steps)) == [
        examples[0].name,
        "broken.wav",
        examples[1].name,
    ]
    done = [step for step in steps if isinstance(step, Outcome)]
    assert [outcome.error for outcome in done] == [None, "broken.wav is empty.", None]
    seconds = [step.seconds for step in steps if isinstance(step, Progress)]
    assert seconds[0] == pytest.approx(1.0, abs=0.5)
    assert steps[-2] == Progress(examples[1].name, done[-1].analysis.duration)


def test_many_at_once_are_heard_as_one_by_one(classifier, examples):
    one, three = (list(outcomes(uploads(examples).items, classifier, jobs)) for jobs in (1, 3))
    assert [outcome.file for outcome in three] == [path.name for path in examples]
    for alone, together in zip(one, three, strict=True):
        np.testing.assert_allclose(
            list(together.analysis.probabilities.values()),
            list(alone.analysis.probabilities.values()),
            atol=1e-5,
        )


def test_an_archive_that_is_none_is_one_row(classifier, tmp_path, archive):
    text, cut, empty = (tmp_path / f"{name}.zip" for name in ("text", "cut", "empty"))
    text.write_text("no archive")
    cut.write_bytes(archive.read_bytes()[:5000])
    zipfile.ZipFile(empty, "w").close()
    missing = tmp_path / "missing.zip"
    found = errors(outcomes(uploads([text, cut, empty, missing]).items, classifier, 1))
    assert found["text.zip"] == "text.zip is no zip archive, or a damaged one."
    assert found["cut.zip"] == "cut.zip is no zip archive, or a damaged one."
    assert found["empty.zip"] == "empty.zip is an archive without recordings."
    assert found["missing.zip"] == "missing.zip cannot be read: No such file or directory."


def test_a_damaged_or_locked_member_is_one_row(classifier, tmp_path, examples):
    path = tmp_path / "voices.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(examples[0], "damaged.ogg")
        packed.write(examples[1], "locked.ogg")
        packed.write(examples[2], "whole.ogg")
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    directory = content.rindex(b"PK\x01\x02", 0, content.rindex(b"whole.ogg"))
    locked = content.rindex(b"PK\x01\x02", 0, directory)
    content[locked + 8] |= 1
    path.write_bytes(content)
    found = errors(outcomes(uploads([path]).items, classifier, 1))
    assert found == {
        "damaged.ogg": "damaged.ogg is damaged in the archive.",
        "locked.ogg": "locked.ogg is locked with a password: unpack it first.",
        "whole.ogg": None,
    }


def test_a_bomb_is_refused_before_it_is_unpacked(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr("app.collection.LARGEST_ARCHIVE", 2**20)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros.wav", bytes(2**21))
    assert path.stat().st_size < 10_000
    (outcome,) = outcomes(uploads([path]).items, classifier, 1)
    assert outcome.error.startswith("bomb.zip holds too much")


def test_a_member_that_lies_about_its_size_is_cut_off(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr("app.collection.LARGEST_MEMBER", 2**20)
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros.wav", bytes(2**21))
    (outcome,) = outcomes(uploads([path]).items, classifier, 1)
    assert outcome.error.startswith("zeros.wav is larger than")


@pytest.fixture
def results(classifier, examples):
    silence = Item("silence", lambda: (RATE, np.zeros(RATE, np.float32)))
    items = [*uploads([examples[0]]).items, silence, Item("nothing", lambda: b"")]
    return list(outcomes(items, classifier, 1))


def test_the_table_of_files_has_a_row_each(results):
    table = tables.files(results, LABELS)
    assert tuple(table.columns) == (*tables.FILE_COLUMNS, *LABELS)
    assert table["state"].tolist() == ["named", "no speech", None]
    assert table["emotion"].tolist() == [results[0].analysis.emotion, None, None]
    assert table["error"].tolist() == [None, None, "The recording is empty."]
    assert table.loc[0, list(LABELS)].sum() == pytest.approx(1, abs=1e-3)
    assert table.loc[1, ["duration", "speech_seconds"]].tolist() == [1.0, 0.0]
    assert tables.records(table)[1]["confidence"] is None


def test_a_note_is_a_column_beside_the_error(results):
    noted = Outcome("odd.wav", replace(results[0].analysis, note="The samples were scaled."))
    table = tables.files([noted, *results], LABELS)
    assert table["note"].tolist() == ["The samples were scaled.", None, None, None]
    assert noted.analysis.prediction().note == "The samples were scaled."
    (listed, *_) = json.loads(tables.as_json([noted], LABELS))
    assert listed["note"] == "The samples were scaled."


@pytest.mark.parametrize("kind", ["segments", "windows"])
def test_the_tables_of_segments_and_windows_are_those_of_the_analyses(results, kind):
    table = getattr(tables, kind)(results, LABELS)
    assert tuple(table.columns) == (*tables.SEGMENT_COLUMNS, *LABELS)
    assert set(table["file"]) == {results[0].file, "silence"}
    expected = getattr(results[0].analysis, kind)
    own = table[table["file"] == results[0].file]
    np.testing.assert_allclose(own["start"], expected["start"])
    assert own["emotion"].tolist() == expected["emotion"].tolist()


def test_tables_of_nothing_have_their_columns():
    broken = [Outcome("a", error="broken")]
    assert tuple(tables.segments(broken, LABELS).columns) == (*tables.SEGMENT_COLUMNS, *LABELS)
    assert tuple(tables.files([], LABELS).columns) == (*tables.FILE_COLUMNS, *LABELS)


def test_segments_are_a_segmented_index_of_audformat(results, tmp_path):
    tables.segments(results, LABELS).to_csv(tmp_path / "segments.csv", index=False)
    table = pd.read_csv(tmp_path / "segments.csv")
    index = audformat.segmented_index(
        table["file"],
        pd.to_timedelta(table["start"], unit="s"),
        pd.to_timedelta(table["end"], unit="s"),
    )
    assert audformat.is_segmented_index(index)
    confidence = pd.Series(table["confidence"].to_numpy(), index)
    assert confidence.loc[results[0].file].iloc[0] == pytest.approx(table["confidence"][0])
