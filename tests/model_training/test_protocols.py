"""No voice is ever on two sides."""

import hashlib
import itertools
from pathlib import Path

import pandas as pd
import pytest

from model_training.protocols import (
    EXAMPLE_SPEAKERS,
    PROTOCOLS,
    RAVDESS_FOLDS,
    ProtocolError,
    Split,
    check_enough,
    everyone,
    folds_of,
    headline,
    ravdess_si,
)

NEMO = ("EB0", "IC0", "KS0", "MK0", "TP0", "WR0", "AA0", "ZZ0", "ZZ1")  # nine, as the official


@pytest.fixture(scope="module")
def table():
    rows = [
        ("RAVDESS", f"RAVDESS-{actor:02d}", "male" if actor % 2 else "female", kind)
        for actor, kind in itertools.product(range(1, 25), ("speech", "song"))
    ]
    rows += [
        ("CREMA-D", f"CREMA-D-{actor}", "male" if actor % 2 else "female", "speech")
        for actor in range(1001, 1092)
    ]
    rows += [("TESS", f"TESS-{name}", "female", "speech") for name in ("OAF", "YAF")]
    rows += [("nEMO", f"nEMO-{name}", None, "speech") for name in NEMO]
    return pd.DataFrame(rows, columns=["corpus", "speaker", "sex", "kind"])


def test_the_six_folds_hold_every_actor_once():
    assert sorted(itertools.chain(*RAVDESS_FOLDS)) == list(range(1, 25))


@pytest.mark.parametrize("fold", range(1, 7))
def test_no_speaker_of_a_test_fold_is_trained_on_even_by_song(table, fold):
    split = ravdess_si(table, fold)
    sides = [set(side["speaker"]) for side in (split.train, split.validation, split.test)]
    for one, other in itertools.combinations(sides, 2):
        assert not one & other
    actors = {f"RAVDESS-{actor:02d}" for actor in RAVDESS_FOLDS[fold - 1]}
    assert {s for s in sides[2] if s.startswith("RAVDESS")} == actors
    assert set(EXAMPLE_SPEAKERS) <= sides[2]
    assert set(split.test["kind"]) == {"speech"}


@pytest.mark.parametrize("fold", range(1, 7))
def test_validation_has_men_and_women_of_both_corpora(table, fold):
    validation = ravdess_si(table, fold).validation
    groups = validation.groupby("corpus")["sex"].unique()
    assert set(groups.index) == {"RAVDESS", "CREMA-D", "nEMO"}
    assert all(set(groups[name]) == {"female", "male"} for name in ("RAVDESS", "CREMA-D"))
    assert validation.loc[validation["corpus"] == "nEMO", "speaker"].nunique() == 1


FOLDS = [
    *(("ravdess-si", fold) for fold in range(1, 7)),
    *(("cremad-si", fold) for fold in range(1, 6)),
    *(("tess-si", fold) for fold in range(1, 3)),
    *(("all-si", fold) for fold in range(1, 7)),
    *(("nemo-si", fold) for fold in range(1, 7)),
    ("nemo-cross", 1),
    ("everyone", 1),
]


@pytest.mark.parametrize(("protocol", "fold"), FOLDS)
def test_no_speaker_is_on_two_sides_of_any_protocol(table, protocol, fold):
    split = PROTOCOLS[protocol](table, fold)
    sides = [set(side["speaker"]) for side in (split.train, split.validation, split.test)]
    for one, other in itertools.combinations(sides, 2):
        assert not one & other
    assert not sides[0] & set(EXAMPLE_SPEAKERS), "the page shows what was never trained on"
    assert set(split.test["kind"]) == {"speech"}


@pytest.mark.parametrize(
    ("protocol", "corpus"),
    [
        ("ravdess-si", "RAVDESS"),
        ("cremad-si", "CREMA-D"),
        ("tess-si", "TESS"),
        ("all-si", "RAVDESS"),
        ("all-si", "CREMA-D"),
        ("all-si", "TESS"),
        ("nemo-si", "nEMO"),
        ("nemo-cross", "nEMO"),
        ("all-si", "nEMO"),
    ],
)
def test_every_speaker_of_the_corpus_is_tested_once(table, protocol, corpus):
    folds = [fold for name, fold in FOLDS if name == protocol]
    tested = [
        speaker
        for fold in folds
        for speaker in PROTOCOLS[protocol](table, fold).test["speaker"].unique()
        if speaker.startswith(corpus)
    ]
    assert sorted(tested) == sorted(table.loc[table["corpus"] == corpus, "speaker"].unique())


@pytest.mark.parametrize(
    ("protocol", "corpus"),
    [
        ("ravdess-si", "RAVDESS"),
        ("cremad-si", "CREMA-D"),
        ("tess-si", "TESS"),
        ("nemo-si", "nEMO"),
    ],
)
def test_a_fold_of_all_is_that_fold_of_each(table, protocol, corpus):
    for fold in [fold for name, fold in FOLDS if name == protocol]:
        own, joint = PROTOCOLS[protocol](table, fold), PROTOCOLS["all-si"](table, fold)
        tested = {speaker for speaker in own.test["speaker"] if speaker.startswith(corpus)}
        assert tested == {s for s in joint.test["speaker"] if s.startswith(corpus)}
        assert set(joint.train["speaker"]) <= set(own.train["speaker"]) | set(
            own.validation["speaker"]
        ), "it may learn from fewer than the protocol allows, never from more"


def test_every_speaker_of_nemo_validates_in_one_of_six_folds(table):
    six = table[(table["corpus"] != "nEMO") | table["speaker"].str[5:].isin(NEMO[:6])]
    for protocol in ("nemo-si", "all-si", "ravdess-si"):
        validating = [
            speaker
            for fold in range(1, 7)
            for speaker in PROTOCOLS[protocol](six, fold).validation["speaker"].unique()
            if speaker.startswith("nEMO")
        ]
        assert sorted(validating) == [f"nEMO-{name}" for name in NEMO[:6]]


def test_another_language_is_tested_by_what_never_learned_it(table):
    split = PROTOCOLS["nemo-cross"](table, 1)
    assert set(split.test["corpus"]) == {"nEMO"}
    assert set(split.train["corpus"]) == {"RAVDESS", "CREMA-D", "TESS"}
    assert set(split.validation["corpus"]) == {"RAVDESS", "CREMA-D"}


def test_without_nemo_the_folds_of_the_others_are_as_before(table):
    english = table[table["corpus"] != "nEMO"]
    for protocol in ("ravdess-si", "cremad-si", "tess-si", "all-si", "everyone"):
        for side in ("train", "validation", "test"):
            with_it = getattr(PROTOCOLS[protocol](table, 1), side)
            without = getattr(PROTOCOLS[protocol](english, 1), side)
            pd.testing.assert_frame_equal(with_it[with_it["corpus"] != "nEMO"], without)
    with pytest.raises(ProtocolError, match="no clips of nEMO for test"):
        PROTOCOLS["nemo-si"](english, 1)


@pytest.mark.parametrize(
    ("protocol", "corpora", "missing"),
    [
        ("ravdess-si", ("CREMA-D",), "RAVDESS"),
        ("ravdess-si", ("CREMA-D", "TESS"), "RAVDESS"),
        ("cremad-si", ("RAVDESS", "TESS"), "CREMA-D"),
        ("tess-si", ("RAVDESS", "CREMA-D"), "TESS"),
        ("nemo-cross", ("RAVDESS", "CREMA-D"), "nEMO"),
        ("everyone", ("RAVDESS", "TESS"), "CREMA-D"),
    ],
)
def test_a_protocol_without_the_corpus_it_reports_is_a_sentence(table, protocol, corpora, missing):
    """The examples of CREMA-D are in most tests, so the test alone may have clips."""
    with pytest.raises(ProtocolError, match=f"{protocol}, fold 1: no clips of {missing} for test"):
        PROTOCOLS[protocol](table[table["corpus"].isin(corpora)], 1)


def test_all_reports_the_first_corpus_that_is_there(table):
    assert headline("all-si", {"TESS", "CREMA-D", "RAVDESS"}) == "RAVDESS"
    assert headline("all-si", {"nEMO", "TESS", "CREMA-D"}) == "CREMA-D"
    without = table[table["corpus"].isin(("CREMA-D", "TESS"))]
    assert folds_of("all-si", without) == 5
    for fold in range(1, 6):
        assert "CREMA-D" in set(PROTOCOLS["all-si"](without, fold).test["corpus"])
    assert folds_of("all-si", table[table["corpus"] == "TESS"]) == 2


def test_what_ships_trains_on_everyone_else_and_validates_as_the_first_fold(table):
    split, first = everyone(table, 1), ravdess_si(table, 1)
    assert set(split.test["speaker"]) == set(EXAMPLE_SPEAKERS)
    assert set(split.validation["speaker"]) == set(first.validation["speaker"])
    new = set(split.train["speaker"]) - set(first.train["speaker"])
    assert new == set(first.test["speaker"]) - set(EXAMPLE_SPEAKERS)
    assert set(first.train["speaker"]) < set(split.train["speaker"])


@pytest.mark.corpora
def test_no_recording_is_on_two_sides_under_another_name(real):
    """Some clips of the corpora are copies of others, byte by byte."""
    table = real.table
    digests = table["path"].map(lambda path: hashlib.sha256(Path(path).read_bytes()).digest())
    for protocol, fold in [one for one in FOLDS if not one[0].startswith("nemo")]:
        split = PROTOCOLS[protocol](table, fold)
        learned = set(digests[split.train.index]) | set(digests[split.validation.index])
        assert not learned & set(digests[split.test.index]), (protocol, fold)


@pytest.mark.parametrize(
    ("protocol", "last"),
    [
        ("ravdess-si", 6),
        ("cremad-si", 5),
        ("tess-si", 2),
        ("nemo-si", 6),
        ("nemo-cross", 1),
        ("all-si", 6),
    ],
)
def test_a_fold_that_is_not_there_is_a_sentence(table, protocol, last):
    for fold in (0, last + 1):
        with pytest.raises(ProtocolError, match=f"{protocol} has folds 1 to {last}, not {fold}"):
            PROTOCOLS[protocol](table, fold)


def test_a_split_refuses_a_speaker_on_two_sides(table):
    with pytest.raises(ProtocolError, match="RAVDESS-01 is in both train and test"):
        Split("broken", 1, table.iloc[:1], table.iloc[4:5], table.iloc[1:2])


def test_a_split_refuses_an_empty_side(table):
    with pytest.raises(ProtocolError, match="no clips for validation"):
        Split("empty", 1, table.iloc[:1], table.iloc[:0], table.iloc[4:5])


def own(speakers, clips=10):
    """A table of one corpus: so many clips of two emotions by each speaker."""
    rows = [
        ("own", f"own-{speaker}", None, "speech", emotion)
        for speaker in range(speakers)
        for emotion in ("bored", "excited")
        for _ in range(clips)
    ]
    return pd.DataFrame(rows, columns=["corpus", "speaker", "sex", "kind", "emotion"])


@pytest.mark.parametrize(("speakers", "folds"), [(3, 3), (4, 4), (5, 5), (12, 5)])
def test_every_speaker_of_any_corpora_is_tested_once(speakers, folds):
    table = own(speakers)
    assert folds_of("speakers", table) == folds
    splits = [PROTOCOLS["speakers"](table, fold) for fold in range(1, folds + 1)]
    tested = [name for split in splits for name in split.test["speaker"].unique()]
    assert sorted(tested) == sorted(table["speaker"].unique())
    for split in splits:
        check_enough(split)
        assert split.labels == ("bored", "excited")
        assert len(split.train) >= len(split.validation)
    with pytest.raises(ProtocolError, match=f"folds 1 to {folds} here, not {folds + 1}"):
        PROTOCOLS["speakers"](table, folds + 1)


def test_own_speakers_beside_the_known_ones_are_spread_over_the_folds(table):
    both = pd.concat([table, own(10)], ignore_index=True)
    for fold in range(1, 6):
        split = PROTOCOLS["speakers"](both, fold)
        assert split.test.loc[split.test["corpus"] == "own", "speaker"].nunique() == 2
        assert not set(split.train["speaker"]) & set(EXAMPLE_SPEAKERS)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (own(1), r"at least 3 speakers.* there are 1 \(own-0\) with 20 clips"),
        (own(2), r"there are 2 \(own-0, own-1\) with 40 clips"),
    ],
)
def test_too_few_speakers_are_a_sentence_with_their_number(table, sentence):
    with pytest.raises(ProtocolError, match=sentence):
        PROTOCOLS["speakers"](table, 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda table: table[table["emotion"] == "bored"], "1 emotion to train on"),
        (
            lambda table: table.groupby(["speaker", "emotion"]).head(2),
            r"fewer than 5 .*bored \(2\)",
        ),
        (
            lambda table: table.replace({"emotion": {"excited": "angry"}}).where(
                table["speaker"] != "own-0", table
            ),
            "10 clips of excited by own-0 alone, none to train on",
        ),
    ],
)
def test_too_few_clips_are_a_sentence_with_their_number(change, sentence):
    split = PROTOCOLS["speakers"](change(own(3)), 1)
    with pytest.raises(ProtocolError, match=sentence):
        check_enough(split)
