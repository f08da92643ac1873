"""Sounds of people that are no speech get no emotion, and speech keeps its own."""

import numpy as np
import pytest

from app import audio
from app.labelling import label
from app.live import LiveSession
from app.recordings import MIXED, analyze
from tests.benchmark.gate import cries


@pytest.mark.corpora
def test_a_crying_baby_is_seldom_given_an_emotion(data, classifier):
    recordings = cries(data)[::5]
    if not recordings:
        pytest.skip("donateacry is not beside the corpora")
    states = [state for path in recordings for state in analyze(path, classifier).windows["state"]]
    assert len(states) > 300
    assert np.mean(np.array(states) == "named") <= 0.05
    live = [
        reading.state
        for path in recordings
        for reading in LiveSession(classifier).feed(audio.load(path), audio.SAMPLE_RATE)
    ]
    assert np.mean(np.array(live) == "named") <= 0.05


@pytest.mark.corpora
@pytest.mark.parametrize(
    "pattern", ["RAVDESS/*Speech*/*/03-01-0[3-8]-*", "CREMA-D/AudioWAV/*", "TESS/*/*"]
)
def test_a_spoken_clip_is_named_as_if_all_speech_were_evident(data, classifier, pattern):
    paths = sorted(data.glob(pattern))
    named = 0
    for path in paths[:: len(paths) // 12]:
        found = analyze(path, classifier)
        if found.state != MIXED and found.probabilities:
            assert found.emotion == label(found.probabilities, classifier.info.named_from).emotion
        named += found.state == "named"
    assert named >= 6
