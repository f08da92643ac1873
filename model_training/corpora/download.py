"""Verified downloads of the corpora from their official sources.

A stopped download resumes: archives by bytes, single files by file.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

import pooch
import requests

from app.errors import UndertoneError
from app.progress import progress
from model_training.corpora import folders

AT_ONCE = 8  # files of a corpus that is published one by one
TIMEOUT = 60  # seconds without a byte
BLOCK = 2**14  # bytes; a broken connection loses at most this much
POINTER = b"version https://git-lfs"  # content of a large file in a Git archive


class DownloadError(UndertoneError):
    """A download failed; the files so far are kept for the next call."""


class Download(StrEnum):
    """What can be downloaded."""

    RAVDESS = "ravdess"
    TESS = "tess"
    CREMA_D = "crema-d"
    NEMO = "nemo"
    YAMNET = "yamnet"  # not a corpus, but the initial weights of `yamnet-mel`


@dataclass(frozen=True)
class Sources:
    """The addresses of the downloads."""

    zenodo: str = "https://zenodo.org/records/1188976/files"
    dataverse: str = "https://borealisdata.ca/api"
    github: str = "https://github.com/CheyneyComputerScience/CREMA-D/archive/refs/heads/master.zip"
    github_media: str = (
        "https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master"
    )
    nemo: str = "https://github.com/amu-cai/nEMO/archive"
    yamnet: str = (
        "https://storage.googleapis.com/tfhub-lite-models/google/lite-model/yamnet/tflite/1.tflite"
    )


# As published on the Zenodo record, version 1.0.0.
RAVDESS_ARCHIVES = {
    "Audio_Speech_Actors_01-24.zip": "md5:bc696df654c87fed845eb13823edef8a",
    "Audio_Song_Actors_01-24.zip": "md5:5411230427d67a21e18aa4d466e6d1b9",
}
# The commit with the 4481 recordings of nEMO.
NEMO_COMMIT = "06f1f83dde8f1a780443a57d53b2af3971af34ab"
NEMO_FOLDER = f"nEMO-{NEMO_COMMIT}"
NEMO_TABLE = f"{NEMO_FOLDER}/data.tsv"
# Of the file at TensorFlow Hub, as published by other projects that use it.
YAMNET_CHECKSUM = "sha256:141fba1cdaae842c816f28edc4937e8b4f0af4c8df21862ccc6b52dc567993c3"
TESS_DOI = "doi:10.5683/SP2/E8H2MF"


def download(corpora: Iterable[Download], data: Path, sources: Sources = Sources()) -> None:
    """Download corpora into a folder, each in its official layout.

    Args:
        corpora: the downloads.
        data: the folder; existing files are not downloaded again.
        sources: the addresses.

    Raises:
        DownloadError: no network, a wrong checksum, a broken archive, a full disk.
    """
    pooch.get_logger().setLevel("WARNING")  # one line per file would hide the progress bars
    takers = {Download.RAVDESS: ravdess, Download.TESS: tess, Download.CREMA_D: crema_d}
    takers |= {Download.NEMO: nemo, Download.YAMNET: yamnet}
    for corpus in corpora:
        try:
            takers[corpus](data, sources)
        except requests.RequestException as error:
            raise DownloadError(
                f"{corpus} cannot be reached at {_host(error)}: check the network and run it "
                "again to resume."
            ) from error
        except zipfile.BadZipFile as error:
            raise DownloadError(f"An archive of {corpus} is broken: {error}.") from error
        except OSError as error:
            raise DownloadError(
                f"{corpus} cannot be written to {data}: {error.strerror or error}."
            ) from error


def ravdess(data: Path, sources: Sources) -> None:
    """Two archives, speech and song, unpacked into folders of their names."""
    for name, checksum in RAVDESS_ARCHIVES.items():
        folder = data / "RAVDESS" / Path(name).stem
        if folder.exists():
            continue
        archive = fetch(f"{sources.zenodo}/{name}?download=1", data / "RAVDESS" / name, checksum)
        unpack(archive, folder)
        archive.unlink()


def tess(data: Path, sources: Sources) -> None:
    """Single recordings, into a folder for each voice and emotion."""
    listing = f"{sources.dataverse}/datasets/:persistentId/?persistentId={TESS_DOI}"
    answer = requests.get(listing, timeout=TIMEOUT)
    answer.raise_for_status()
    wanted = []
    for entry in answer.json()["data"]["latestVersion"]["files"]:
        file = entry["dataFile"]
        name = file["filename"]
        if name.lower().endswith(".wav"):
            voice, _, rest = name.partition("_")
            emotion = Path(rest).stem.partition("_")[2]
            url = f"{sources.dataverse}/access/datafile/{file['id']}"
            wanted.append((url, data / "TESS" / f"{voice}_{emotion}" / name, f"md5:{file['md5']}"))
    fetch_all(wanted, "TESS")


def crema_d(data: Path, sources: Sources) -> None:
    """Single recordings; the archive of the repository has their names and hashes."""
    folder = data / "CREMA-D"
    index = fetch(sources.github, folder / "repository.zip", None)
    wanted = []
    with zipfile.ZipFile(index) as archive:
        for member in archive.namelist():
            path = PurePosixPath(member).relative_to(PurePosixPath(member).parts[0])
            if path.parts[:1] != ("AudioWAV",) and path.name != "VideoDemographics.csv":
                continue
            content = archive.read(member)
            if content.startswith(POINTER):
                url = f"{sources.github_media}/{path}"
                wanted.append((url, folder / path, f"sha256:{_pointed(content)}"))
            elif path.suffix:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
    fetch_all(wanted, "CREMA-D")
    index.unlink()


def nemo(data: Path, sources: Sources) -> None:
    """The archive of the repository at one commit, checked against the table in it."""
    folder = data / "nEMO"
    if folder.exists():
        return
    archive = fetch(f"{sources.nemo}/{NEMO_COMMIT}.zip", data / "nEMO.zip", None)
    try:
        _whole_nemo(archive)
        unpack(archive, folder, NEMO_FOLDER)
    finally:
        archive.unlink()  # without a published checksum, a broken archive must not be kept


def yamnet(data: Path, sources: Sources) -> None:
    """One file; an existing file is kept."""
    path = data / folders.YAMNET
    if not path.exists():
        fetch(sources.yamnet, path, YAMNET_CHECKSUM)


def _whole_nemo(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = set(archive.namelist())
        if (
            archive.comment != NEMO_COMMIT.encode() or NEMO_TABLE not in members
        ):  # as in archives of GitHub
            raise zipfile.BadZipFile(f"it is not the one of commit {NEMO_COMMIT}")
        rows = archive.read(NEMO_TABLE).decode().splitlines()[1:]
    missing = [row for row in rows if f"{NEMO_FOLDER}/samples/{row.split()[0]}" not in members]
    if missing:
        raise zipfile.BadZipFile(f"it lacks {len(missing)} of its {len(rows)} recordings")


def fetch_all(wanted: list[tuple[str, Path, str]], corpus: str) -> None:
    """Download files by address, path and checksum in parallel, with one progress bar."""
    with (
        ThreadPoolExecutor(AT_ONCE) as pool,
        progress(total=len(wanted), desc=corpus, unit="file") as bar,
    ):
        waiting = [pool.submit(fetch, *one, quiet=True) for one in wanted]
        try:
            for done in waiting:
                done.result()
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def fetch(url: str, path: Path, checksum: str | None, quiet: bool = False) -> Path:
    """Download one file and verify it before it gets its name; an existing file is only verified.

    Raises:
        DownloadError: the checksum is wrong.
    """
    try:
        pooch.retrieve(
            url,
            checksum,
            fname=path.name,
            path=path.parent,
            downloader=Resuming(path.with_name(f"{path.name}.part"), quiet),
        )
    except ValueError as error:  # pooch raises it for a wrong checksum
        raise DownloadError(
            f"{path.name} is not the file that was published (its checksum is another): "
            "run it again, and if the error stays, contact its publisher."
        ) from error
    return path


class Resuming:
    """A downloader for pooch that resumes the partial file of an earlier call.

    Args:
        part: the path of the partial file.
        quiet: whether to hide its progress bar.
    """

    def __init__(self, part: Path, quiet: bool) -> None:
        self._part = part
        self._quiet = quiet

    def __call__(self, url: str, output: str, _: Any) -> None:
        have = self._part.stat().st_size if self._part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if (
                answer.status_code == requests.codes.range_not_satisfiable
            ):  # the partial file is complete
                shutil.move(self._part, output)
                return
            answer.raise_for_status()
            resumed = answer.status_code == requests.codes.partial_content
            total = int(answer.headers.get("Content-Length", 0)) + have * resumed
            with (
                self._part.open("ab" if resumed else "wb") as file,
                progress(
                    desc=self._part.stem,
                    total=total or None,
                    initial=have * resumed,
                    unit="B",
                    unit_scale=True,
                    disable=self._quiet,
                ) as bar,
            ):
                for block in answer.iter_content(BLOCK):
                    file.write(block)
                    bar.update(len(block))
        if total and self._part.stat().st_size < total:
            raise requests.ConnectionError(f"{url} broke off", request=answer.request)
        shutil.move(self._part, output)


def unpack(archive: Path, folder: Path, within: str = "") -> None:
    """Unpack an archive, or the folder `within` it, atomically into a folder.

    Raises:
        zipfile.BadZipFile: it is damaged, or names a place outside of the folder.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="partial-") as partial:
        with zipfile.ZipFile(archive) as packed:
            for name in packed.namelist():
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    raise zipfile.BadZipFile(f"it names a place outside of its folder ({name})")
            damaged = packed.testzip()
            if damaged:
                raise zipfile.BadZipFile(f"{damaged} in it is damaged")
            packed.extractall(Path(partial, "whole"))
        Path(partial, "whole", within).rename(folder)


def _pointed(pointer: bytes) -> str:
    """The hash in a Git LFS pointer."""
    lines = dict(line.split(" ", 1) for line in pointer.decode().splitlines() if " " in line)
    return lines["oid"].removeprefix("sha256:")


def _host(error: requests.RequestException) -> str:
    url = error.request.url if error.request is not None else None
    return requests.utils.urlparse(url).netloc if url else "its address"
