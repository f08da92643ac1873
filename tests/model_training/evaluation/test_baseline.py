"""The features of the baseline are computed again when a clip is another one."""

import os

import numpy as np
import pandas as pd
import pytest

from model_training.corpora.clips import decode
from model_training.evaluation import baseline
from tests.sounds import clip_file


def test_features_are_remembered_until_a_file_or_a_segment_changes(tmp_path, monkeypatch):
    heard = []

    def levels(waveforms, count):
        heard.append(count)
        return np.stack([[np.abs(one).mean()] for one in waveforms])

    monkeypatch.setattr(baseline, "egemaps", levels)
    path = clip_file(tmp_path / "clip.wav", 1, seconds=1.0)
    cache = tmp_path / "cache"

    def features(start):
        table = pd.DataFrame(
            {"path": [str(path)], "start": [start], "end": [start + 0.5], "duration": [0.5]}
        )
        clips = decode(table, baseline.SAMPLE_RATE, cache)
        return baseline.features(table, clips, cache).item(), np.abs(clips[0]).mean()

    for start in (0.0, 0.25, 0.0):
        found, expected = features(start)
        assert found == pytest.approx(expected)
    assert len(heard) == 2
    clip_file(path, 2, seconds=1.0)
    os.utime(path, ns=(0, 0))
    found, expected = features(0.0)
    assert found == pytest.approx(expected)
