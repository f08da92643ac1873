"""What is named, and what is not clear enough to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.labelling import Label, joined, label, phrase


def shares(**given_shares):
    rest = 1 - sum(given_shares.values())
    return given_shares | {"other": rest / 2, "another": rest / 2}


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ({}, Label("no speech")),
        (shares(sad=0.8), Label("named", "sad", 0.8)),
        (shares(sad=0.45, disgust=0.40), Label("unclear", candidates=("sad", "disgust"))),
        (shares(sad=0.39, disgust=0.20), Label("unclear", candidates=("sad", "other", "another"))),
        (shares(sad=0.38, disgust=0.05), Label("unclear", candidates=("sad", "other", "another"))),
        ({"sad": 0.39, "a": 0.05, "b": 0.06}, Label("unclear", candidates=("sad", "b"))),
    ],
)
def test_the_likeliest_is_named_where_it_leads(probabilities, expected):
    assert label(probabilities, 0.4) == expected


SAD, CALM = Label("named", "sad", 0.5), Label("named", "calm", 0.5)
UNCLEAR, PAUSE = Label("unclear", candidates=("sad", "calm")), Label("no speech")


@pytest.mark.parametrize(
    ("sad", "disgust", "named_after"),
    [
        (0.33, 0.20, []),
        (0.35, 0.31, []),
        (0.35, 0.29, [SAD, CALM]),
        (0.41, 0.30, [SAD, CALM, PAUSE, None]),
        (0.59, 0.20, [SAD, CALM, PAUSE, None]),
        (0.61, 0.20, [SAD, CALM, PAUSE, None, UNCLEAR]),
    ],
)
def test_what_is_asked_depends_on_the_label_before(sad, disgust, named_after):
    rest = (1 - sad - disgust) / 3
    probabilities = {"sad": sad, "disgust": disgust, "angry": rest, "happy": rest, "calm": rest}
    befores = [SAD, CALM, PAUSE, None, UNCLEAR]
    named = [before for before in befores if label(probabilities, 0.4, before).emotion]
    assert named == named_after


def test_a_bundle_that_names_only_what_is_likely_leaves_unclear_at_what_is_certain():
    assert label({"sad": 0.91, "calm": 0.09}, 0.8, UNCLEAR).emotion == "sad"


def test_without_evident_speech_only_what_is_certain_is_named():
    sure, likely = {"sad": 0.91, "calm": 0.09}, {"sad": 0.8, "calm": 0.2}
    assert label(sure, 0.4, evident=False) == Label("named", "sad", 0.91)
    assert label(likely, 0.4, evident=False) == Label("unclear", candidates=("sad", "calm"))
    assert label(likely, 0.4, SAD, evident=False).state == "unclear"


@given(
    st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=12),
    st.floats(0.05, 1.0),
    st.integers(0, 11),
)
def test_a_label_never_contradicts_the_longest_bar(weights, named_from, before):
    total = sum(weights)
    probabilities = {f"emotion {at}": weight / total for at, weight in enumerate(weights)}
    found = label(probabilities, named_from, Label("named", f"emotion {before}", 0.5))
    ranked = sorted(probabilities.values(), reverse=True)
    if found.emotion:
        assert probabilities[found.emotion] == ranked[0] == found.confidence
        assert ranked[0] - ranked[1] >= 0.05, "and it leads"
        assert ranked[0] >= 0.85 * named_from
        assert found.candidates == ()
    else:
        assert found.confidence is None
        likeliest = [probabilities[name] for name in found.candidates]
        assert likeliest == ranked[: len(likeliest)]
        assert 2 <= len(likeliest) <= 3


def test_words():
    assert phrase("named", "sad", None) == "sad"
    assert phrase("no speech", None, None) == "no speech"
    assert phrase("unclear", None, joined(["sad", "disgust"])) == "unclear: sad or disgust"
    assert joined([]) is None
