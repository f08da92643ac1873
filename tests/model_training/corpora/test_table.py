"""Loaders against the real corpora, and against a small tree that has every fault they have."""

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from app.emotions import LABELS
from model_training.__main__ import main
from model_training.corpora.file_names import (
    Label,
    parse_crema_d,
    parse_nemo,
    parse_ravdess,
    parse_tess,
)
from model_training.corpora.table import (
    COLUMNS,
    CorpusError,
    load_corpora,
)
from tests.sounds import clip_file as write

RATE = 16_000
LEFT_OUT, KEPT = False, True


def tree(folder: Path) -> Path:
    """The three corpora in small, spelled and nested as in their downloads, with every fault."""
    ravdess = folder / "archive"
    write(ravdess / "Actor_01/03-01-01-01-01-01-01.wav", 1, rate=48_000)
    write(ravdess / "Actor_02/03-01-05-02-02-02-02.wav", 2, channels=2)
    write(ravdess / "Actor_02/03-01-05-02-02-01-02.wav", 3)
    write(ravdess / "Actor_02/03-01-05-02-02-02-02 (1).wav", 4)
    shutil.copytree(ravdess, ravdess / "audio_speech_actors_01-24")
    write(folder / "Audio_Song_Actors_01-24/Actor_01/03-02-04-02-01-01-01.mp3", 5, seconds=2)
    write(folder / "Audio_Song_Actors_01-24/Actor_01/03-02-04-02-01-02-01.flac", 6)
    shutil.copy(
        folder / "Audio_Song_Actors_01-24/Actor_01/03-02-04-02-01-02-01.flac",
        folder / "Audio_Song_Actors_01-24/Actor_01/03-02-04-01-01-02-01.flac",
    )

    tess = folder / "TESS Toronto emotional speech set data"
    write(tess / "OAF_Fear/OAF_back_fear.wav", 10)
    write(tess / "OAF_Pleasant_surprise/OAF_back_ps.wav", 11)
    write(tess / "OAF_Sad/OAF_back_sad.wav", 12)
    write(tess / "OAF_neutral/OA_bite_neutral.wav", 13)
    write(tess / "YAF_pleasant_surprised/YAF_back_ps.WAV", 14)
    shutil.copytree(tess, tess / tess.name)

    crema_d = folder / "CREMA-D/AudioWAV"
    write(crema_d / "1001_DFA_ANG_XX.ogg", 20)
    write(crema_d / "1002_IEO_FEA_LO.ogg", 21)
    write(crema_d / "1040_ITH_SAD_X.wav", 22)
    write(crema_d / "1076_MTI_DIS_XX.wav", 23)
    write(crema_d / "1006_TIE_NEU_XX.wav", 24)
    write(crema_d / "1006_TIE_HAP_XX.flac", 24)
    soundfile.write(crema_d / "1076_MTI_SAD_XX.wav", np.zeros(RATE), RATE)
    write(crema_d / "1001_DFA_JOY_XX.wav", 25)
    (crema_d / "1001_DFA_DIS_XX.wav").touch()
    (crema_d / "1001_DFA_FEA_XX.wav").write_bytes(b"<html>Not found</html>")
    soundfile.write(crema_d / "1001_DFA_HAP_XX.wav", np.zeros(0), RATE)
    whole = write(crema_d / "1001_DFA_NEU_XX.flac", 26).read_bytes()
    (crema_d / "1001_DFA_NEU_XX.flac").write_bytes(whole[: len(whole) // 2])
    (crema_d / "1001_DFA_SAD_XX.wav").symlink_to("nowhere.wav")
    (folder / "CREMA-D/VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex"\n1001,51,"Male"\n1002,21,"Female"\n1076,25,"Female"\n'
    )

    write(folder / "noise/rain/1.wav", 30)
    write(folder / "impulse_responses/hall.wav", 31)
    (folder / "README.txt").write_text("Not audio.")
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tree(tmp_path_factory.mktemp("data"))
    return folder, load_corpora(folder, tmp_path_factory.mktemp("cache"))


GOOD_CLIPS = """
03-01-01-01-01-01-01.wav  RAVDESS RAVDESS-01   male   neutral   normal      speech
03-02-04-01-01-02-01.flac RAVDESS RAVDESS-01   male   sad       normal      song
03-02-04-02-01-01-01.mp3  RAVDESS RAVDESS-01   male   sad       strong      song
03-02-04-02-01-02-01.flac RAVDESS RAVDESS-01   male   sad       strong      song
03-01-05-02-02-01-02.wav  RAVDESS RAVDESS-02   female angry     strong      speech
03-01-05-02-02-02-02.wav  RAVDESS RAVDESS-02   female angry     strong      speech
OAF_back_fear.wav         TESS    TESS-OAF     female fearful   unspecified speech
OAF_back_ps.wav           TESS    TESS-OAF     female surprised unspecified speech
OAF_back_sad.wav          TESS    TESS-OAF     female sad       unspecified speech
OA_bite_neutral.wav       TESS    TESS-OAF     female neutral   unspecified speech
YAF_back_ps.WAV           TESS    TESS-YAF     female surprised unspecified speech
1001_DFA_ANG_XX.ogg       CREMA-D CREMA-D-1001 male   angry     unspecified speech
1002_IEO_FEA_LO.ogg       CREMA-D CREMA-D-1002 female fearful   low         speech
1040_ITH_SAD_X.wav        CREMA-D CREMA-D-1040 -      sad       unspecified speech
1076_MTI_DIS_XX.wav       CREMA-D CREMA-D-1076 female disgust   unspecified speech
"""


def test_small_tree_gives_every_good_clip_once(small):
    _, corpus = small
    assert tuple(corpus.table.columns) == COLUMNS
    told = ["path", "corpus", "speaker", "sex", "emotion", "intensity", "kind"]
    rows = corpus.table[told].fillna("-").to_numpy()
    expected = [line.split() for line in GOOD_CLIPS.strip().splitlines()]
    assert [[Path(path).name, *rest] for path, *rest in rows] == expected
    assert list(corpus.table.index) == list(range(15))
    is_mp3 = corpus.table["path"].str.endswith(".mp3")  # which pads its frames
    assert corpus.table["duration"][is_mp3].item() == pytest.approx(2, abs=0.1)
    assert corpus.table["duration"][~is_mp3].to_numpy() == pytest.approx(0.5)


def test_small_tree_gives_every_fault(small):
    _, corpus = small
    found = Counter((fault.kind, fault.path.name, fault.kept) for fault in corpus.faults)
    assert found == Counter(
        [
            ("misspelled speaker", "OA_bite_neutral.wav", KEPT),
            ("not mono", "03-01-05-02-02-02-02.wav", KEPT),
            ("same audio, different emotions", "1006_TIE_HAP_XX.flac", LEFT_OUT),
            ("same audio, different emotions", "1006_TIE_NEU_XX.wav", LEFT_OUT),
            ("same audio, same emotion", "03-02-04-01-01-02-01.flac", KEPT),
            ("same audio, same emotion", "03-02-04-02-01-02-01.flac", KEPT),
            ("second copy", "03-01-01-01-01-01-01.wav", LEFT_OUT),
            ("second copy", "03-01-05-02-02-01-02.wav", LEFT_OUT),
            ("second copy", "03-01-05-02-02-02-02.wav", LEFT_OUT),
            ("second copy", "OAF_back_fear.wav", LEFT_OUT),
            ("second copy", "OAF_back_ps.wav", LEFT_OUT),
            ("second copy", "OAF_back_sad.wav", LEFT_OUT),
            ("second copy", "OA_bite_neutral.wav", LEFT_OUT),
            ("second copy", "YAF_back_ps.WAV", LEFT_OUT),
            ("sex unknown", "VideoDemographics.csv", KEPT),
            ("silent", "1076_MTI_SAD_XX.wav", LEFT_OUT),
            ("unknown name", "03-01-05-02-02-02-02 (1).wav", LEFT_OUT),
            ("unknown name", "03-01-05-02-02-02-02 (1).wav", LEFT_OUT),
            ("unknown name", "1001_DFA_JOY_XX.wav", LEFT_OUT),
            ("unreadable", "1001_DFA_DIS_XX.wav", LEFT_OUT),
            ("unreadable", "1001_DFA_FEA_XX.wav", LEFT_OUT),
            ("unreadable", "1001_DFA_HAP_XX.wav", LEFT_OUT),
            ("unreadable", "1001_DFA_NEU_XX.flac", LEFT_OUT),
            ("unreadable", "1001_DFA_SAD_XX.wav", LEFT_OUT),
        ]
    )
    assert all(fault.detail for fault in corpus.faults)
    assert [fault.kind for fault in corpus.faults] == sorted(fault.kind for fault in corpus.faults)


def test_every_audio_file_is_a_clip_or_a_fault(small):
    folder, corpus = small
    suffixes = {".wav", ".flac", ".ogg", ".mp3"}
    audio = {
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and path.relative_to(folder).parts[0] not in ("noise", "impulse_responses")
    }
    left_out = {fault.path for fault in corpus.faults if not fault.kept}
    assert audio == left_out | {Path(path) for path in corpus.table["path"]}


def test_outer_copy_is_the_one_that_is_kept(small):
    _, corpus = small
    assert not corpus.table["path"].str.contains("audio_speech_actors_01-24").any()
    assert not corpus.table["path"].str.contains("set data/TESS").any()


@pytest.mark.parametrize(("corpus", "clips"), [("RAVDESS", 6), ("TESS", 5), ("CREMA-D", 4)])
def test_clips_of_each_corpus(small, corpus, clips):
    assert (small[1].table["corpus"] == corpus).sum() == clips


def test_absent_corpora_are_faults(tmp_path):
    write(tmp_path / "data/OAF_sad/OAF_back_sad.wav", 1)
    corpus = load_corpora(tmp_path / "data", tmp_path)
    assert [(fault.kind, fault.detail) for fault in corpus.faults] == [
        ("corpus not found", "continued without RAVDESS"),
        ("corpus not found", "continued without CREMA-D"),
    ]


@pytest.mark.parametrize(
    ("demographics", "faults"),
    [
        (None, 1),
        ("", 1),
        ("Actor,Gender\n1001,Male\n", 1),
        ("ActorID,Age\n1001,51\n", 1),
        ("ActorID,Sex\n", 2),
        ("ActorID,Sex\n1001,\n1002,?\n", 2),
    ],
)
def test_crema_d_without_usable_demographics_keeps_its_clips(tmp_path, demographics, faults):
    folder = tmp_path / "CREMA-D"
    write(folder / "AudioWAV/1001_DFA_ANG_XX.wav", 1)
    write(folder / "AudioWAV/1002_DFA_ANG_XX.wav", 2)
    if demographics is not None:
        (folder / "VideoDemographics.csv").write_text(demographics)
    corpus = load_corpora(folder, tmp_path)
    assert len(corpus.table) == 2
    assert corpus.table["sex"].isna().all()
    assert Counter(fault.kind for fault in corpus.faults)["sex unknown"] == faults


def test_corpora_behind_links_are_found(tmp_path):
    write(tmp_path / "elsewhere/YAF_happy/YAF_back_happy.wav", 1)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/TESS").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/loop").symlink_to(tmp_path / "elsewhere")
    corpus = load_corpora(tmp_path / "data", tmp_path)
    assert len(corpus.table) == 1
    assert {fault.kind for fault in corpus.faults} == {"corpus not found"}


def test_contents_are_remembered_until_a_file_changes(tmp_path):
    folder, cache = tmp_path / "TESS", tmp_path / "cache"
    path = write(folder / "YAF_back_happy.wav", 1)
    assert load_corpora(folder, cache).table["duration"].item() == 0.5
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load_corpora(folder, cache).table["duration"].item() == 0.5
    os.utime(path)
    with pytest.raises(CorpusError, match="None of the 1 clips"):
        load_corpora(folder, cache)


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"^No clip of .* in .*table with the columns"):
        load_corpora(tmp_path, tmp_path)
    with pytest.raises(CorpusError, match=r"^There is no folder .*nowhere\.$"):
        load_corpora(tmp_path / "nowhere", tmp_path)


@pytest.mark.parametrize(
    ("parse", "stem", "label"),
    [
        (
            parse_ravdess,
            "03-02-06-02-01-02-24",
            Label("RAVDESS", "RAVDESS-24", "female", "fearful", "strong", "song", "01-02"),
        ),
        (
            parse_tess,
            "YAF_youth_pleasant_surprised",
            Label("TESS", "TESS-YAF", "female", "surprised", "unspecified", "speech", "youth"),
        ),
        (
            parse_crema_d,
            "1091_IEO_HAP_HI",
            Label("CREMA-D", "CREMA-D-1091", None, "happy", "high", "speech", "IEO-HI"),
        ),
        (
            parse_nemo,
            "WR0_happiness_64",
            Label("nEMO", "nEMO-WR0", None, "happy", "unspecified", "speech", "64"),
        ),
    ],
)
def test_file_names(parse, stem, label):
    assert parse(stem) == label


@pytest.mark.parametrize(
    ("parse", "stem"),
    [
        (parse_ravdess, "01-01-06-02-01-02-24"),
        (parse_ravdess, "03-01-09-02-01-02-24"),
        (parse_ravdess, "03-01-06-02-01-02-25"),
        (parse_ravdess, "03-01-06-02-01-02-00"),
        (parse_ravdess, "._03-01-06-02-01-02-01"),
        (parse_tess, "MAF_back_sad"),
        (parse_tess, "OAF_back_bored"),
        (parse_tess, "OAF_back"),
        (parse_crema_d, "1001_DFA_ANG"),
        (parse_crema_d, "1001_DFA_ANG_YY"),
        (parse_crema_d, "101_DFA_ANG_XX"),
        (parse_nemo, "WR0_joy_64"),
        (parse_nemo, "WR0_anger"),
        (parse_nemo, "wr0_anger_1"),
    ],
)
def test_names_of_no_clip(parse, stem):
    assert parse(stem) is None


def run(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["model_training", *arguments])
    with pytest.raises(SystemExit) as exit:
        main()
    return int(exit.value.code or 0)


def test_prepare_prints_the_counts_and_writes_the_table(small, tmp_path, monkeypatch, capsys):
    folder, corpus = small
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "prepare", "--data", str(folder), "--out", "new/table.csv") == 0
    written = pd.read_csv("new/table.csv")
    people = ["age", "race"]  # of nobody here, which a CSV tells with fewer words
    pd.testing.assert_frame_equal(
        written.drop(columns=people), corpus.table.drop(columns=people), check_dtype=False
    )
    printed = capsys.readouterr().out
    report = Path("new/table.txt").read_text()
    assert [line.split() for line in report.splitlines()] == [
        line.split() for line in printed.splitlines()[:-1]
    ]
    row = next(line for line in printed.splitlines() if "surprised" in line)
    assert row.replace("│", " ").split() == ["surprised", "-", "-", "2", "-", "2"]
    assert "24 faults:" in printed
    assert "  second copy: 8" in printed
    assert "    and 2 more" in printed
    assert "AudioWAV/1076_MTI_SAD_XX.wav: left out, its peak is 0.0000" in printed
    rates = next(line for line in printed.splitlines() if line.startswith("Sample rates: "))
    assert sum(int(part.split()[0]) for part in rates.split(": ")[1].split(", ")) == 15
    assert "Wrote 15 clips to new/table.csv and this report to new/table.txt" in printed


def test_prepare_without_corpora_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "prepare", "--data", str(tmp_path)) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("No clip of RAVDESS, TESS, CREMA-D, nEMO, SAVEE")
    assert len(printed.err.splitlines()) == 1
    assert not printed.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [(), ("--data", ".", "--out", "."), ("--sort", "x")])
def test_prepare_used_wrongly(monkeypatch, capsys, arguments):
    assert run(monkeypatch, "prepare", *arguments) == 2


@pytest.mark.corpora
def test_real_corpora_give_every_clip(real):
    table = real.table
    counts = table.groupby(["corpus", "kind"]).size().to_dict()
    assert counts == {
        ("RAVDESS", "speech"): 1440,
        ("RAVDESS", "song"): 1009,
        ("TESS", "speech"): 2800,
        ("CREMA-D", "speech"): 6464 - 1 - 6,
    }
    speakers = table.groupby("corpus")["speaker"].nunique().to_dict()
    assert speakers == {"RAVDESS": 24, "TESS": 2, "CREMA-D": 79}
    assert set(table["sex"]) == {"female", "male"}
    assert (table.groupby("speaker")["sex"].nunique() == 1).all()
    assert table["path"].is_unique
    assert table["duration"].between(0.5, 10).all()


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("corpus", "kind", "counts"),
    [  # in the order of LABELS
        ("RAVDESS", "speech", (96, 192, 192, 192, 192, 192, 192, 192)),
        ("RAVDESS", "song", (91, 183, 183, 184, 184, 184, 0, 0)),
        ("TESS", "speech", (400, 0, 400, 400, 400, 400, 400, 400)),
        ("CREMA-D", "speech", (943, 0, 1103, 1102, 1103, 1103, 1103, 0)),
    ],
)
def test_real_corpora_by_emotion(real, corpus, kind, counts):
    table = real.table
    chosen = table[(table["corpus"] == corpus) & (table["kind"] == kind)]
    assert tuple((chosen["emotion"] == emotion).sum() for emotion in LABELS) == counts


@pytest.mark.corpora
def test_real_corpora_give_every_fault(real):
    faults = [(fault.kind, fault.path.stem, fault.kept) for fault in real.faults]
    assert faults == [
        ("misspelled speaker", "OA_bite_neutral", KEPT),
        ("same audio, different emotions", "1006_TIE_HAP_XX", LEFT_OUT),
        ("same audio, different emotions", "1006_TIE_NEU_XX", LEFT_OUT),
        ("same audio, different emotions", "1013_WSI_DIS_XX", LEFT_OUT),
        ("same audio, different emotions", "1013_WSI_SAD_XX", LEFT_OUT),
        ("same audio, different emotions", "1017_IWW_ANG_XX", LEFT_OUT),
        ("same audio, different emotions", "1017_IWW_FEA_XX", LEFT_OUT),
        # Named as two repetitions. Both stay: the published protocols count 1440 clips.
        ("same audio, same emotion", "03-01-03-01-02-01-07", KEPT),
        ("same audio, same emotion", "03-01-03-01-02-02-07", KEPT),
        ("silent", "1076_MTI_SAD_XX", LEFT_OUT),
    ]
