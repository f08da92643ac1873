"""Many recordings, from files and archives; one that is broken does not stop the others."""

import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .audio import AudioError, Recording, Source
from .classifier import Classifier
from .errors import UndertoneError
from .recordings import RecordingAnalyzer, analyze
from .tables import Outcome

LARGEST_MEMBER = 512 * 2**20  # bytes, unpacked; about 45 minutes of CD audio
LARGEST_ARCHIVE = 4 * 2**30  # bytes, all members unpacked
MOST_MEMBERS = 10_000
ENCRYPTED = 1  # bit of a member's flags


@dataclass(frozen=True)
class Item:
    """One recording to come.

    Attributes:
        name: what it is called in the results.
        open: makes its source; raises `UndertoneError` where that can't be done.
    """

    name: str
    open: Callable[[], Source]


@dataclass(frozen=True)
class Progress:
    """How far the recording that is being heard has come."""

    file: str
    seconds: float


def hear_all(
    items: Iterable[Item], classifier: Classifier, picture: bool = False
) -> Iterator[Progress | Outcome]:
    """Hear recordings one after the other; closing the iterator ends the work.

    Args:
        items: what to hear, as `expand` gives it.
        classifier: what listens.
        picture: whether each analysis shall hold one.

    Yields:
        Progress about once a second of sound; an `Outcome` when an item is done.
    """
    for item in items:
        analyzer = RecordingAnalyzer(classifier, picture=picture)
        try:
            recording = Recording(item.open(), analyzer.sample_rate)
            for block in recording:
                analyzer.push(block)
                yield Progress(item.name, analyzer.duration)
        except UndertoneError as error:
            yield Outcome(item.name, error=str(error))
        else:
            yield Outcome(item.name, analysis=analyzer.finish(recording.note))


def outcomes(items: Iterable[Item], classifier: Classifier, jobs: int) -> Iterator[Outcome]:
    """Hear recordings, some at the same time; the results come in the order of the items.

    Args:
        items: what to hear, as `expand` gives it.
        classifier: what listens.
        jobs: how many are heard at once; decoding and the networks run outside Python's lock.
    """
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[Outcome]] = deque()
        for item in items:
            try:
                source = item.open()  # here: an archive is read by one thread at a time
            except UndertoneError as error:
                waiting.append(Future())
                waiting[-1].set_result(Outcome(item.name, error=str(error)))
            else:
                work = partial(analyze, source, classifier)
                waiting.append(pool.submit(Outcome.of, item.name, work))
            if len(waiting) > jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def expand(paths: Iterable[Path]) -> Iterator[Item]:
    """Files as they are, and zip archives member by member, without unpacking them to disk."""
    for path in paths:
        if path.suffix.lower() == ".zip":
            yield from _members(path)
        else:
            yield Item(path.name, partial(Path, path))


def _members(path: Path) -> Iterator[Item]:
    try:
        archive = zipfile.ZipFile(path)  # closed when the last of its items is gone
    except zipfile.BadZipFile:
        yield _broken(path.name, "is no zip archive, or a damaged one")
        return
    except OSError as error:
        yield _broken(path.name, f"cannot be read: {error.strerror or error}")
        return
    members = [member for member in archive.infolist() if not _is_clutter(member)]
    size = sum(member.file_size for member in members)
    if not members:
        yield _broken(path.name, "is an archive without recordings")
    elif len(members) > MOST_MEMBERS or size > LARGEST_ARCHIVE:
        yield _broken(path.name, "holds too much: at most 4 GB in 10,000 files are taken")
    else:
        for member in members:
            yield Item(member.filename, partial(_unpack, archive, member))


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    """Folders, and what operating systems leave behind."""
    name = member.filename.rsplit("/", 1)[-1]
    return member.is_dir() or member.filename.startswith("__MACOSX/") or name.startswith(".")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    name = member.filename.rsplit("/", 1)[-1]
    if name.lower().endswith(".zip"):
        raise AudioError(f"{name} is an archive inside an archive: unpack it first.")
    if member.flag_bits & ENCRYPTED:
        raise AudioError(f"{name} is locked with a password: unpack it first.")
    try:
        with archive.open(member) as file:
            # What the archive says of a size may be a lie.
            content = file.read(LARGEST_MEMBER + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError) as error:
        raise AudioError(f"{name} is damaged in the archive.") from error
    if len(content) > LARGEST_MEMBER:
        raise AudioError(f"{name} is larger than 512 MB: cut it into shorter recordings.")
    return content


def _broken(name: str, reason: str) -> Item:
    def refuse() -> Source:
        raise AudioError(f"{name} {reason}.")

    return Item(name, refuse)
