"""Downloads from a server on the loopback address: whole, broken, cut off, and gone on with."""

import hashlib
import http.server
import io
import json
import re
import threading
import zipfile

import pytest

from app.bundle import read_info
from app.classifier import DEFAULT_MODEL
from app.folders import MODELS
from model_training.corpora import download as module
from model_training.corpora import folders
from model_training.corpora.download import Download, DownloadError, Sources, download
from tests.conftest import ROOT

CLIP = b"RIFF" + bytes(range(256)) * 400  # what is in it doesn't matter here


def packed(members, comment=""):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment.encode()
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def md5(content):
    return hashlib.md5(content).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves what is in `files`; of those in `cut`, so many bytes once, and then it hangs up."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.asked = {}, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        wanted = self.headers.get("Range")
        self.server.asked.append((path, wanted))
        content = self.server.files.get(path)
        if content is None:
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(content) > 0:
            return self.send_error(416)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        until = self.server.cut.pop(path, len(content))
        self.wfile.write(content[start:until])
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    running = Server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def sources(server):
    return Sources(
        zenodo=f"{server.url}/zenodo",
        dataverse=f"{server.url}/dataverse",
        github=f"{server.url}/github.zip",
        github_media=f"{server.url}/media",
        nemo=f"{server.url}/nemo",
        yamnet=f"{server.url}/yamnet.tflite",
    )


@pytest.fixture
def ravdess(server, monkeypatch):
    """RAVDESS as Zenodo has it, but small."""
    archives = {
        "Audio_Speech_Actors_01-24.zip": packed({"Actor_01/03-01-01-01-01-01-01.wav": CLIP}),
        "Audio_Song_Actors_01-24.zip": packed({"Actor_01/03-02-01-01-01-01-01.wav": CLIP}),
    }
    for name, content in archives.items():
        server.files[f"/zenodo/{name}"] = content
    checksums = {name: f"md5:{md5(content)}" for name, content in archives.items()}
    monkeypatch.setattr(module, "RAVDESS_ARCHIVES", checksums)
    return archives


@pytest.fixture
def tess(server):
    names = ["OAF_back_angry.wav", "YAF_back_ps.wav"]
    files = [
        {"dataFile": {"id": number, "filename": name, "md5": md5(CLIP)}}
        for number, name in enumerate([*names, "readme.txt"])
    ]
    server.files["/dataverse/datasets/:persistentId/"] = json.dumps(
        {"data": {"latestVersion": {"files": files}}}
    ).encode()
    for number in range(len(names)):
        server.files[f"/dataverse/access/datafile/{number}"] = CLIP


@pytest.fixture
def crema_d(server):
    pointer = (
        "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{hashlib.sha256(CLIP).hexdigest()}\nsize {len(CLIP)}\n"
    )
    server.files["/github.zip"] = packed(
        {
            "CREMA-D-master/AudioWAV/1001_DFA_ANG_XX.wav": pointer,
            "CREMA-D-master/AudioMP3/1001_DFA_ANG_XX.mp3": pointer,
            "CREMA-D-master/VideoDemographics.csv": "ActorID,Age,Sex,Race,Ethnicity\n",
        }
    )
    server.files["/media/AudioWAV/1001_DFA_ANG_XX.wav"] = CLIP


NEMO_FILES = {
    f"{module.NEMO_FOLDER}/README.md": "# nEMO",
    f"{module.NEMO_FOLDER}/data.tsv": "file_id\temotion\nEB0_anger_1.wav\tanger\n",
    f"{module.NEMO_FOLDER}/samples/EB0_anger_1.wav": CLIP,
}
NEMO_ARCHIVE = f"/nemo/{module.NEMO_COMMIT}.zip"


@pytest.fixture
def nemo(server):
    server.files[NEMO_ARCHIVE] = packed(NEMO_FILES, module.NEMO_COMMIT)


def found(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_corpus_comes_in_its_official_layout(tmp_path, sources, ravdess, tess, crema_d, nemo):
    download(set(Download) - {Download.YAMNET}, tmp_path, sources)
    assert found(tmp_path) == {
        "RAVDESS/Audio_Speech_Actors_01-24/Actor_01/03-01-01-01-01-01-01.wav": CLIP,
        "RAVDESS/Audio_Song_Actors_01-24/Actor_01/03-02-01-01-01-01-01.wav": CLIP,
        "TESS/OAF_angry/OAF_back_angry.wav": CLIP,
        "TESS/YAF_ps/YAF_back_ps.wav": CLIP,
        "CREMA-D/AudioWAV/1001_DFA_ANG_XX.wav": CLIP,
        "CREMA-D/VideoDemographics.csv": b"ActorID,Age,Sex,Race,Ethnicity\n",
        "nEMO/README.md": b"# nEMO",
        "nEMO/data.tsv": b"file_id\temotion\nEB0_anger_1.wav\tanger\n",
        "nEMO/samples/EB0_anger_1.wav": CLIP,
    }


def test_what_is_there_is_not_downloaded_again(tmp_path, server, sources, ravdess, tess):
    download([Download.RAVDESS, Download.TESS], tmp_path, sources)
    server.asked.clear()
    download([Download.RAVDESS, Download.TESS], tmp_path, sources)
    assert [path for path, _ in server.asked] == ["/dataverse/datasets/:persistentId/"]


def test_an_archive_that_broke_off_goes_on_by_bytes(tmp_path, server, sources, ravdess):
    name = "/zenodo/Audio_Speech_Actors_01-24.zip"
    half = len(server.files[name]) // 2
    server.cut[name] = half
    with pytest.raises(DownloadError, match="again to resume"):
        download([Download.RAVDESS], tmp_path, sources)
    assert not (tmp_path / "RAVDESS" / "Audio_Speech_Actors_01-24").exists()
    download([Download.RAVDESS], tmp_path, sources)
    (resumed,) = [wanted for path, wanted in server.asked if path == name and wanted]
    assert half - module.BLOCK <= int(resumed[len("bytes=") : -1]) <= half
    assert len(found(tmp_path)) == 2


def test_files_that_broke_off_go_on_by_file(tmp_path, server, sources, tess):
    server.cut["/dataverse/access/datafile/1"] = 100
    with pytest.raises(DownloadError, match="tess cannot be reached"):
        download([Download.TESS], tmp_path, sources)
    names = set(found(tmp_path))
    assert "TESS/YAF_ps/YAF_back_ps.wav" not in names
    download([Download.TESS], tmp_path, sources)
    assert found(tmp_path)["TESS/YAF_ps/YAF_back_ps.wav"] == CLIP
    asked = [path for path, _ in server.asked]
    assert asked.count("/dataverse/access/datafile/0") == 1


def test_another_file_than_was_published_is_refused(tmp_path, server, sources, tess):
    server.files["/dataverse/access/datafile/0"] = CLIP[:-1] + b"x"
    with pytest.raises(DownloadError, match="is not the file that was published"):
        download([Download.TESS], tmp_path, sources)
    assert "TESS/OAF_angry/OAF_back_angry.wav" not in found(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no archive", "An archive of ravdess is broken"),
        (packed({"Actor_01/a.wav": CLIP})[:-50], "An archive of ravdess is broken"),
        (packed({"../outside.wav": CLIP}), "names a place outside"),
        (packed({"/outside.wav": CLIP}), "names a place outside"),
    ],
)
def test_a_broken_archive_is_one_sentence(
    tmp_path, server, sources, ravdess, monkeypatch, content, sentence
):
    name = "Audio_Speech_Actors_01-24.zip"
    server.files[f"/zenodo/{name}"] = content
    monkeypatch.setattr(module, "RAVDESS_ARCHIVES", {name: f"md5:{md5(content)}"})
    data = tmp_path / "data"
    with pytest.raises(DownloadError, match=sentence):
        download([Download.RAVDESS], data, sources)
    assert not (data / "RAVDESS" / "Audio_Speech_Actors_01-24").exists()
    assert not list(tmp_path.rglob("outside.wav"))


@pytest.mark.parametrize(
    ("left_out", "comment", "sentence"),
    [
        ("samples/EB0_anger_1.wav", module.NEMO_COMMIT, "lacks 1 of its 1 recordings"),
        ("data.tsv", module.NEMO_COMMIT, "is not the one of commit"),
        ("README.md", "another", "is not the one of commit"),
    ],
)
def test_another_archive_of_nemo_is_refused_and_not_kept(
    tmp_path, server, sources, nemo, left_out, comment, sentence
):
    files = dict(NEMO_FILES)
    del files[f"{module.NEMO_FOLDER}/{left_out}"]
    whole = server.files[NEMO_ARCHIVE]
    server.files[NEMO_ARCHIVE] = packed(files, comment)
    with pytest.raises(DownloadError, match=sentence):
        download([Download.NEMO], tmp_path, sources)
    assert not found(tmp_path)
    server.files[NEMO_ARCHIVE] = whole
    download([Download.NEMO], tmp_path, sources)
    assert len(found(tmp_path / "nEMO")) == 3
    server.asked.clear()
    download([Download.NEMO], tmp_path, sources)
    assert not server.asked


def test_no_network_is_one_sentence(tmp_path, server, sources):
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match="check the network"):
        download([Download.RAVDESS], tmp_path, sources)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, sources, tess):
    (tmp_path / "TESS").write_text("in the way")
    with pytest.raises(DownloadError, match="tess cannot be written to"):
        download([Download.TESS], tmp_path, sources)


def test_yamnet_is_verified_and_kept(server, sources, tmp_path, monkeypatch):
    server.files["/yamnet.tflite"] = CLIP
    with pytest.raises(DownloadError, match="not the file that was published"):
        download([Download.YAMNET], tmp_path, sources)
    place = tmp_path / folders.YAMNET
    assert not place.exists()

    monkeypatch.setattr(module, "YAMNET_CHECKSUM", f"sha256:{hashlib.sha256(CLIP).hexdigest()}")
    download([Download.YAMNET], tmp_path, sources)
    assert place.read_bytes() == CLIP
    asked = len(server.asked)
    download([Download.YAMNET], tmp_path, sources)
    assert len(server.asked) == asked


@pytest.mark.parametrize("document", ["README.md", "model_training/README.md"])
def test_the_documented_corpora_are_those_of_the_shipped_bundle(document):
    """Another corpus in the folder would take its share of every epoch."""
    speakers = read_info(MODELS / DEFAULT_MODEL).trained_on.speakers
    corpora = re.findall(
        r"^\S+ -m model_training download (.+) --data data\b",
        (ROOT / document).read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    trained = {speaker.rpartition("-")[0].lower() for speaker in speakers}
    assert [set(one.split()) for one in corpora] == [trained]
