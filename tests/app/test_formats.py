"""Segments as other programs read them: each format is read back by a library of its own."""

from datetime import timedelta
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import srt
import webvtt
from praatio import textgrid

from app import audio
from app.formats import FORMATS
from app.recordings import analyze
from tests.conftest import EXAMPLES


@pytest.fixture(scope="module")
def analysis(classifier):
    return analyze(EXAMPLES / "joined-woman-1037.ogg", classifier)


@pytest.fixture(scope="module")
def spoken(analysis):
    """Start, end and the first word of each segment with speech."""
    rows = analysis.segments[analysis.segments["state"] != "no speech"]
    assert len(rows) >= 3
    said = rows["emotion"].fillna(rows["state"])
    return list(zip(rows["start"], rows["end"], said, strict=True))


def assert_same(found, expected):
    assert len(found) == len(expected)
    for (start, end, words), (first, last, said) in zip(found, expected, strict=True):
        assert (start, end) == pytest.approx((first, last), abs=1e-3)
        assert words.startswith(said)
        assert ("%" in words) == (said != "unclear")
        assert (" or " in words) == (said == "unclear")


def seconds(clock):
    return pd.Timedelta(clock) / pd.Timedelta(seconds=1)


def test_srt_is_read_back(analysis, spoken):
    found = [
        (one.start / timedelta(seconds=1), one.end / timedelta(seconds=1), one.content)
        for one in srt.parse(FORMATS["srt"].text(analysis), ignore_errors=False)
    ]
    assert_same(found, spoken)


def test_webvtt_is_read_back(analysis, spoken):
    found = [
        (seconds(one.start), seconds(one.end), one.text)
        for one in webvtt.from_buffer(StringIO(FORMATS["vtt"].text(analysis)))
    ]
    assert_same(found, spoken)


def test_audacity_labels_are_read_back(analysis, spoken):
    table = pd.read_csv(StringIO(FORMATS["audacity"].text(analysis)), sep="\t", header=None)
    assert_same(list(table.itertuples(index=False)), spoken)


def test_a_textgrid_is_read_back(analysis, spoken, tmp_path):
    path = tmp_path / f"clip{FORMATS['textgrid'].ending}"
    path.write_text(FORMATS["textgrid"].text(analysis), encoding="utf-8")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True)
    (tier,) = grid.tiers
    assert (grid.minTimestamp, grid.maxTimestamp) == pytest.approx((0.0, analysis.duration))
    entries = [tuple(entry) for entry in tier.entries]
    assert [start for start, *_ in entries[1:]] == [end for _, end, _ in entries[:-1]]
    assert_same([entry for entry in entries if entry[2]], spoken)


@pytest.mark.parametrize("name", FORMATS)
def test_a_recording_without_speech_has_no_words(classifier, name):
    silence = np.zeros(2 * audio.SAMPLE_RATE, np.float32)
    text = FORMATS[name].text(analyze((silence, audio.SAMPLE_RATE), classifier))
    assert "speech" not in text
    assert "%" not in text
