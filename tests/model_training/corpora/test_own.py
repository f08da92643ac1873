"""Corpora of one's own, and names of corpora that nothing shipped was trained on."""

from pathlib import Path

import audformat
import numpy as np
import pandas as pd
import pytest

from model_training.corpora.clips import decode
from model_training.corpora.folders import CorpusError
from model_training.corpora.table import load_corpora
from tests.sounds import clip_file

TOLD = ["corpus", "speaker", "sex", "emotion"]


def rows(corpus, *columns):
    told = corpus.table[list(columns or TOLD)]
    return told.astype(object).where(told.notna(), None).to_numpy().tolist()


def test_a_folder_an_emotion_with_a_folder_a_speaker(tmp_path):
    own = tmp_path / "mine"
    clip_file(own / "excited/anna/1.wav", 1)
    clip_file(own / "anger/bob/1.wav", 2)
    clip_file(own / "anger/bob/evening/1.wav", 3)
    clip_file(own / "stray.wav", 4)
    corpus = load_corpora(own, tmp_path / "cache")
    assert rows(corpus) == [
        ["mine", "mine-anna", None, "excited"],
        ["mine", "mine-bob", None, "angry"],
        ["mine", "mine-bob", None, "angry"],
    ]
    assert [(fault.kind, fault.path.name) for fault in corpus.faults] == [
        ("unknown name", "stray.wav")
    ]


def test_a_link_that_leads_nowhere_is_a_fault(tmp_path):
    clip_file(tmp_path / "mine/calm/anna/1.wav", 1)
    for link in ("calm/anna/2.wav", "sad/bob/3.wav"):
        path = tmp_path / "mine" / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to("nowhere.wav")
    table = tmp_path / "mine/table.csv"
    table.write_text(
        "file,emotion,speaker\ncalm/anna/1.wav,calm,anna\ncalm/anna/2.wav,calm,anna\n"
        "3.wav,sad,bob\n"
    )
    for data in (tmp_path / "mine", table):
        corpus = load_corpora(data, tmp_path / "cache")
        assert [Path(path).name for path in corpus.table["path"]] == ["1.wav"]
        assert [(fault.kind, fault.path.name, fault.detail) for fault in corpus.faults] == [
            ("unreadable", "2.wav", "the link leads nowhere"),
            ("unreadable", "3.wav", "the link leads nowhere"),
        ]


def test_speakers_by_a_pattern(tmp_path):
    own = tmp_path / "mine"
    clip_file(own / "calm/take_07_anna.wav", 1)
    clip_file(own / "calm/unknown.wav", 2)
    corpus = load_corpora(own, tmp_path / "cache", r"_\d+_([a-z]+)")
    assert rows(corpus, "speaker", "emotion") == [["mine-anna", "calm"]]
    assert [fault.kind for fault in corpus.faults] == ["no speaker"]


def test_a_pattern_that_matches_nothing_is_a_sentence_with_an_example(tmp_path):
    for seed in range(2):
        clip_file(tmp_path / f"mine/calm/{seed}.wav", seed)
    sentence = (
        r"None of the 2 clips in .* can be used, such as .*0\.wav: speaker_\(x\) is not in it"
    )
    with pytest.raises(CorpusError, match=sentence):
        load_corpora(tmp_path / "mine", tmp_path / "cache", "speaker_(x)")


@pytest.mark.parametrize("pattern", [None, r"(\d)"])
def test_folders_the_wrong_way_round_are_a_sentence(tmp_path, pattern):
    for seed, name in enumerate(("anna/Anger", "anna/sleepy", "ben/sad")):
        clip_file(tmp_path / f"mine/{name}/{seed}.wav", seed)
    sentence = "has folders SPEAKER/EMOTION, such as anna/Anger; it should have EMOTION/SPEAKER"
    with pytest.raises(CorpusError, match=sentence):
        load_corpora(tmp_path / "mine", tmp_path / "cache", pattern)


def test_a_speaker_may_have_the_name_of_an_emotion(tmp_path):
    clip_file(tmp_path / "mine/sad/Calm/1.wav", 1)
    clip_file(tmp_path / "mine/bored/Calm/1.wav", 2)
    assert len(load_corpora(tmp_path / "mine", tmp_path / "cache").table) == 2


def test_the_clips_that_are_left_out_are_counted(tmp_path):
    """Neither another copy of a clip nor a file that is no clip is one."""
    for name in ("1001_DFA_ANG_XX", "1002_DFA_ANG_XX", "deep/below/1002_DFA_ANG_XX", "music"):
        clip_file(tmp_path / f"data/{name}.wav", 1 if "1001" in name else 2)
    (tmp_path / "data/1003_DFA_ANG_XX.wav").touch()
    corpus = load_corpora(tmp_path / "data", tmp_path / "cache")
    assert sum(not fault.kept for fault in corpus.faults) == 5, "two corpora are missing"
    assert corpus.left_out == 1


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (
            None,
            r"has no speaker: put clips into EMOTION/SPEAKER folders, or give --speaker-pat",
        ),
        ("(", "is not a regular expression"),
        ("anna", "has no group"),
    ],
)
def test_speakers_that_nothing_states_are_a_sentence(tmp_path, pattern, sentence):
    clip_file(tmp_path / "mine/calm/anna.wav", 1)
    with pytest.raises(CorpusError, match=sentence):
        load_corpora(tmp_path / "mine", tmp_path / "cache", pattern)


TABLE = pd.DataFrame(
    [
        ("a/1.wav", "joyful", "anna", "F", None, None),
        ("a/2.wav", "Sadness", "bob", "male", 0.25, 0.75),
        ("a/2.wav", "bored", "bob", "male", 1.0, None),
        ("renamed.wav", "bored", "cleo", "", None, None),
        ("gone.wav", "bored", "cleo", "", None, None),
        ("a/3.wav", None, "cleo", "", None, None),
    ],
    columns=["file", "emotion", "speaker", "sex", "start", "end"],
)


@pytest.mark.parametrize("name", ["mine.csv", "mine.tsv", "mine.parquet"])
def test_a_table_in_the_words_of_the_field(tmp_path, name):
    clip_file(tmp_path / "a/1.wav", 1)
    whole = clip_file(tmp_path / "a/2.wav", 2, seconds=1.5)
    clip_file(tmp_path / "a/3.wav", 3)
    clip_file(tmp_path / "deep/below/renamed.flac", 4)
    if name.endswith("parquet"):
        TABLE.to_parquet(tmp_path / name)
    else:
        TABLE.to_csv(tmp_path / name, sep="\t" if name.endswith("tsv") else ",", index=False)
    corpus = load_corpora(tmp_path / name, tmp_path / "cache")
    assert rows(corpus, *TOLD, "duration") == [
        ["mine", "mine-anna", "female", "joyful", 0.5],
        ["mine", "mine-bob", "male", "sad", 0.5],
        ["mine", "mine-bob", "male", "bored", 0.5],
        ["mine", "mine-cleo", None, "bored", 0.5],
    ]
    assert [(fault.kind, fault.path.name) for fault in corpus.faults] == [
        ("no file", "gone.wav"),
        ("no label", "3.wav"),
    ]
    clips = decode(corpus.table, 16_000, tmp_path / "cache")
    samples = decode(pd.DataFrame({"path": [str(whole)]}), 16_000, tmp_path / "cache")[0]
    np.testing.assert_array_equal(clips[1], samples[4_000:12_000])
    np.testing.assert_array_equal(clips[2], samples[16_000:])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file,label\na.wav,sad\n", r"lacks speaker; it has the columns file, label\."),
        ("", "cannot be read as a table"),
        ("file,emotion,speaker\na.wav,unclear,anna\n", "'unclear', which tables use"),
        (
            "file,emotion,speaker\nb.wav,sad,anna\nc.wav,sad,bob\na.wav,,bob\n",
            r"^None of the 3 clips in .* can be used, such as .*b\.wav: there are 0 files of that",
        ),
        ("file,emotion,speaker\n", "No clip of"),
    ],
)
def test_a_table_that_is_none_is_a_sentence(tmp_path, text, sentence):
    clip_file(tmp_path / "a.wav", 1)
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(CorpusError, match=sentence):
        load_corpora(tmp_path / "mine.csv", tmp_path / "cache")
    with pytest.raises(CorpusError, match="neither a folder nor a table"):
        load_corpora(tmp_path / "a.wav", tmp_path / "cache")


@pytest.mark.parametrize("segmented", [False, True])
def test_an_audformat_database(tmp_path, segmented):
    files = [f"audio/{number}.wav" for number in range(3)]
    for number, file in enumerate(files):
        clip_file(tmp_path / file, number, seconds=1.0)
    database = audformat.Database("ours")
    database.schemes["emotion"] = audformat.Scheme(labels=["anger", "boredom"])
    people = {"anna": {"gender": "female"}, "bob": {"gender": "male"}}
    database.schemes["speaker"] = audformat.Scheme(labels=people)
    index = (
        audformat.segmented_index(files, starts=["0s"] * 3, ends=["0.5s"] * 3)
        if segmented
        else audformat.filewise_index(files)
    )
    database["clips"] = audformat.Table(index)
    for scheme, values in (
        ("emotion", ["anger", "boredom", "anger"]),
        ("speaker", ["anna", "bob", "bob"]),
    ):
        database["clips"][scheme] = audformat.Column(scheme_id=scheme)
        database["clips"][scheme].set(values)
    database.save(str(tmp_path))
    corpus = load_corpora(tmp_path, tmp_path / "cache")
    assert rows(corpus, *TOLD, "duration") == [
        ["ours", "ours-anna", "female", "angry", 0.5 if segmented else 1.0],
        ["ours", "ours-bob", "male", "boredom", 0.5 if segmented else 1.0],
        ["ours", "ours-bob", "male", "angry", 0.5 if segmented else 1.0],
    ]


@pytest.mark.parametrize("text", ["a: 1\n", "- 1\n", "", "{", "name: ours\ntables: {clips: {}}\n"])
def test_a_database_that_is_none_is_a_sentence(tmp_path, text):
    (tmp_path / "db.yaml").write_text(text)
    with pytest.raises(CorpusError, match=r"db\.yaml cannot be read as an audformat database: "):
        load_corpora(tmp_path, tmp_path / "cache")


NAMES = """
AudioData/KL/su15.wav           SAVEE     SAVEE-KL          male   surprised
savee/DC_a01.wav                SAVEE     SAVEE-DC          male   angry
wav/03a01Wa.wav                 EMO-DB    EMO-DB-03         male   angry
wav/16b10Lb.wav                 EMO-DB    EMO-DB-16         female bored
samples/WR0_anger_1.wav         nEMO      nEMO-WR0          -      angry
JL/female1_apologetic_3b_2.wav  JL-Corpus JL-Corpus-female1 female apologetic
JL/male2_happy_15a_1.wav        JL-Corpus JL-Corpus-male2   male   happy
ESD/0011/Angry/0011_000351.wav  ESD       ESD-0011          male   angry
ESD/0001/Neutral/0001_000350.wav ESD      ESD-0001          female neutral
ESD/0020/Surprise/0020_001750.wav ESD     ESD-0020          male   surprised
EMOVO/f1/gio-f1-b2.wav          EMOVO     EMOVO-f1          female happy
EMOVO/m3/tri-m3-n5.wav          EMOVO     EMOVO-m3          male   sad
"""


def test_corpora_by_the_names_of_their_files(tmp_path):
    lines = [line.split() for line in NAMES.strip().splitlines()]
    for number, (file, *_) in enumerate(lines):
        clip_file(tmp_path / "data" / file, number)
    corpus = load_corpora(tmp_path / "data", tmp_path / "cache")
    found = {path: told for path, *told in rows(corpus, "path", *TOLD)}
    expected = {
        str(tmp_path / "data" / file): [None if one == "-" else one for one in told]
        for file, *told in lines
    }
    assert found == expected


@pytest.mark.parametrize(
    "name", ["a01", "03a01Xa", "male1_bored_3b_2", "0021_000351", "0011_001751"]
)
def test_names_that_are_none_of_theirs(tmp_path, name):
    clip_file(tmp_path / "data/YAF_back_happy.wav", 1)
    clip_file(tmp_path / "data" / f"{name}.wav", 2)
    corpus = load_corpora(tmp_path / "data", tmp_path / "cache")
    assert set(corpus.table["corpus"]) == {"TESS"}
    assert ("unknown name", f"{name}.wav") in {(f.kind, f.path.name) for f in corpus.faults}


def test_meld_has_its_labels_from_its_table(tmp_path):
    clip_file(tmp_path / "train_splits/dia0_utt3.wav", 1)
    clip_file(tmp_path / "train_splits/dia1_utt0.wav", 2)
    (tmp_path / "train_sent_emo.csv").write_text(
        "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"
        '1,"No, really.",Chandler,surprise,positive,0,3\n2,Hi.,Joey,joy,positive,1,0\n'
    )
    corpus = load_corpora(tmp_path / "train_sent_emo.csv", tmp_path / "cache")
    assert rows(corpus, "speaker", "emotion") == [
        ["train_sent_emo-Chandler", "surprised"],
        ["train_sent_emo-Joey", "joy"],
    ]


def test_own_clips_stand_beside_a_known_corpus(tmp_path):
    clip_file(tmp_path / "data/YAF_back_happy.wav", 1)
    clip_file(tmp_path / "mine/excited/anna/1.wav", 2)
    corpus = load_corpora([tmp_path / "data", tmp_path / "mine"], tmp_path / "cache")
    assert rows(corpus, "speaker", "emotion") == [["TESS-YAF", "happy"], ["mine-anna", "excited"]]
    assert corpus.table.index.tolist() == [0, 1]


def test_own_clips_inside_a_known_corpus_are_announced_with_what_to_do(tmp_path):
    clip_file(tmp_path / "data/YAF_back_happy.wav", 1)
    own = clip_file(tmp_path / "data/mine/excited/anna/1.wav", 2)
    clip_file(tmp_path / "data/mine/excited/bob/1.wav", 3)
    corpus = load_corpora(tmp_path / "data", tmp_path / "cache")
    assert rows(corpus, "speaker") == [["TESS-YAF"]]
    assert corpus.notes == [
        f"2 audio files, such as {own}, are not used because no corpus names its clips like this; "
        "if they are clips of your own, give their folder with a --data of its own."
    ]
    with_own = load_corpora([tmp_path / "data", tmp_path / "data/mine"], tmp_path / "cache")
    assert rows(with_own, "speaker") == [["TESS-YAF"], ["mine-anna"], ["mine-bob"]]
    assert with_own.notes == []


def test_one_bad_segment_leaves_the_others_of_its_file(tmp_path):
    clip_file(tmp_path / "a.wav", 1, seconds=1.0)
    (tmp_path / "mine.csv").write_text(
        "file,emotion,speaker,start,end\na.wav,sad,anna,0.0,0.4\na.wav,happy,anna,0.5,0.9\n"
        "a.wav,sad,anna,5.0,6.0\na.wav,angry,anna,7.0,8.0\na.wav,,anna,0.1,0.2\n"
    )
    corpus = load_corpora(tmp_path / "mine.csv", tmp_path / "cache")
    assert rows(corpus, "emotion", "start") == [["sad", 0.0], ["happy", 0.5]]
    assert [(fault.kind, fault.detail) for fault in corpus.faults] == [
        ("no label", "its emotion or speaker is missing"),
        ("no part of it", "it ends before 5.0 s"),
        ("no part of it", "it ends before 7.0 s"),
    ]


def test_audio_of_two_speakers_stays_with_the_first(tmp_path):
    """Else the same sound could be trained on and tested."""
    for name in ("anna/1", "anna/2", "bob/1"):
        clip_file(tmp_path / f"mine/calm/{name}.wav", 1)
    clip_file(tmp_path / "mine/calm/bob/2.wav", 2)
    corpus = load_corpora(tmp_path / "mine", tmp_path / "cache")
    assert [Path(path).parts[-2:] for path in corpus.table["path"]] == [
        ("anna", "1.wav"),
        ("bob", "2.wav"),
    ]
    assert [(fault.kind, fault.path.parts[-2:], fault.kept) for fault in corpus.faults] == [
        ("same audio, different speakers", ("anna", "1.wav"), True),
        ("same audio, different speakers", ("anna", "2.wav"), False),
        ("same audio, different speakers", ("bob", "1.wav"), False),
    ]


def test_a_row_of_two_speakers_stays_with_the_first(tmp_path):
    clip_file(tmp_path / "a.wav", 1, seconds=1.0)
    (tmp_path / "mine.csv").write_text(
        "file,emotion,speaker,start,end\na.wav,sad,anna,0,0.4\na.wav,sad,bob,0,0.4\n"
        "a.wav,sad,bob,0.5,0.9\n"
    )
    corpus = load_corpora(tmp_path / "mine.csv", tmp_path / "cache")
    assert rows(corpus, "speaker", "start") == [["mine-anna", 0.0], ["mine-bob", 0.5]]
    assert [fault.kept for fault in corpus.faults] == [True, False]
