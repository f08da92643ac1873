"""Names, folders, archives and patterns become recordings by one rule."""

import os
import pickle
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from app.batch import outcomes
from app.collection import Collection, _matching, collect, uploads
from app.errors import AudioError
from app.names import decoded, printable

ENDINGS = "mpg mpeg ts mpga 3g2 aifc sph rf64 bwf wav mp3 m4a WAV opus webm mkv amr"
LISTED = [f".{ending}" for ending in ENDINGS.split()]
CLUTTER = ("._voice.wav", ".DS_Store", "__MACOSX/._voice.wav", "Thumbs.db", "desktop.ini")
OTHER = {"README.txt": ".txt", "labels.csv": ".csv", "photo.jpg": ".jpg", "notes": "without an"}


def names(collection):
    return {item.name for item in collection.items}


@pytest.fixture
def folder(tmp_path):
    for number, suffix in enumerate(LISTED):
        (tmp_path / f"{number}{suffix}").touch()
    for name in (*CLUTTER, *OTHER):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted(folder.rglob("*")):
            packed.write(file, file.relative_to(folder))
    return path


def test_folders_and_archives_follow_one_rule(folder, tmp_path_factory):
    archive = zipped(folder, tmp_path_factory.mktemp("packed") / "all.zip")
    wanted = {f"{number}{suffix}" for number, suffix in enumerate(LISTED)}
    assert names(collect([str(folder)])) == {str(folder / name) for name in wanted}
    assert names(collect([str(archive)])) == {f"{archive}/{name}" for name in wanted}
    assert names(uploads([archive])) == wanted


# Before Python 3.13, two stars have to stand alone.
NO_NAMES = ["a" * 300, *(["**.wav"] if sys.version_info < (3, 13) else [])]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_no_file_can_have_is_a_row_of_its_own(classifier, examples, name):
    found = list(outcomes(collect([name, str(examples[0])]).items, classifier, 1))
    assert found[0].error.startswith(f"{name} cannot be read: ")
    assert found[1].analysis


def test_what_is_skipped_is_counted_in_a_line(folder, tmp_path_factory):
    archive = zipped(folder, tmp_path_factory.mktemp("packed") / "all.zip")
    for found in (collect([str(folder)]), collect([str(archive)]), uploads([archive])):
        assert found.note.startswith("Skipped 4 files that are none (")
        assert all(f"1 {kind}" in found.note for kind in OTHER.values())


def test_a_hidden_recording_is_counted(tmp_path):
    (tmp_path / ".voice.wav").touch()
    (tmp_path / "voice.wav").touch()
    assert collect([str(tmp_path)]).note == "Skipped 1 file that is no recording (1 hidden)."


def test_a_file_that_is_named_is_taken_whatever_its_name(folder):
    assert names(collect([str(folder / "notes")])) == {str(folder / "notes")}


def test_what_is_in_an_archive_can_be_opened_in_another_process(tmp_path, examples):
    path = tmp_path / "voices.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(examples[0], "voice.ogg")
    (item,) = pickle.loads(pickle.dumps(uploads([path]).items))
    assert item.open() == examples[0].read_bytes()


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("声を録音した.wav", "cp932"),
        ("テスト/ソース表.wav", "cp932"),
        ("Müller-é.wav", "cp437"),
        ("голос.wav", "cp866"),
        ("목소리.wav", "cp949"),
        ("été.wav", "utf-8"),
        ("plain.wav", "cp932"),
    ],
)
def test_names_of_an_archive_are_read_as_they_were_written(name, encoding, tmp_path):
    """Systems that do not write UTF-8 write their own encoding, and do not say which."""
    path = tmp_path / "packed.zip"
    raw = name.encode(encoding)
    placeholder = "x" * len(raw)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(placeholder, "sound")
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), raw))
    (item,) = uploads([path]).items
    assert item.name == name
    assert item.open() == b"sound"


def test_names_that_are_no_utf_8_can_be_written():
    raw = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    assert printable(raw) == "caf\\xe9.wav"
    assert printable("голос 😀.wav") == "голос 😀.wav"
    assert decoded([]) == []


def test_an_address_is_refused_as_it_was_typed(classifier):
    address = "https://example.org/voice.wav"
    (outcome,) = outcomes(collect([address]).items, classifier, 1)
    assert outcome.file == address
    assert outcome.error == f"{address} is an address: download the recording and name the file."


def test_an_empty_collection_has_nothing_to_say():
    assert Collection().note is None


def test_a_pattern_stands_for_the_files_that_a_shell_would_find(tmp_path, monkeypatch):
    for name in ("a.wav", "b/c.wav", "b/d/e.wav", ".hidden.wav", ".git/f.wav"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def found(pattern):
        return [str(path) for path in _matching(Path(pattern))]

    monkeypatch.chdir(tmp_path)
    assert found("*.wav") == ["a.wav"]
    assert found("**/*.wav") == found("**") == ["a.wav", "b/c.wav", "b/d/e.wav"]
    assert found(".git/*") == [".git/f.wav"]
    assert found("b/../*.wav") == ["b/../a.wav"]
    assert found(tmp_path / "b" / "*") == [str(tmp_path / "b" / "c.wav")]
    assert found("nothing*") == []


@pytest.fixture
def locked():
    """A folder with one that this process may not open; for root, as another user."""
    with tempfile.TemporaryDirectory() as name:
        (folder := Path(name)).chmod(0o755)
        (folder / "clip.wav").touch()
        (folder / "closed").mkdir()
        (folder / "closed" / "more.wav").touch()
        (folder / "closed").chmod(0)
        user = os.geteuid()
        os.seteuid(user or 65534)
        try:
            yield folder
        finally:
            os.seteuid(user)
            (folder / "closed").chmod(0o700)


def test_a_folder_that_cannot_be_opened_is_an_item_that_says_so(locked):
    recording, closed = sorted(collect([str(locked)]).items, key=lambda item: item.name)
    assert recording.open() == locked / "clip.wav"
    with pytest.raises(AudioError, match=r"/closed cannot be read: Permission denied\.$"):
        closed.open()


def test_a_linked_folder_is_read_once_and_a_loop_of_links_ends(tmp_path):
    top, elsewhere = tmp_path / "top", tmp_path / "elsewhere"
    for place in (top, elsewhere):
        place.mkdir()
        (place / "clip.wav").touch()
    for link, target in (
        (top / "linked", elsewhere),
        (elsewhere / "again", elsewhere),
        (elsewhere / "back", top),
    ):
        link.symlink_to(target, target_is_directory=True)
    assert names(collect([str(top)])) == {
        str(top / "clip.wav"),
        str(top / "linked" / "clip.wav"),
    }


def test_a_file_of_several_names_is_one_item(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    whole = [item.name for item in collect([folder.name]).items]
    pattern = f"{folder.name}/*.wav"
    assert len(whole) > 1
    assert [item.name for item in collect([folder.name, pattern, str(folder)]).items] == whole
