"""Names to recordings: the same rule for files, folders, patterns, zip archives and pipes."""

import glob
import os
import re
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .audio import Source
from .errors import AudioError
from .names import decoded, printable

STANDARD_INPUT = "-"
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
# Suffixes of files that are taken from folders and archives: the formats that the decoders know.
ENDINGS = (
    "3g2 3gp 3gpp aac ac3 adts aif aifc aiff amr ape asf au avi awb bwf caf dts eac3 ec3 f4a f4v "
    "flac flv iff m2ts m4a m4b m4r m4v mka mkv mov mp1 mp2 mp3 mp4 mpa mpc mpeg mpg mpga mts nist "
    "oga ogg ogv opus paf pvf qt rf64 snd sph spx svx tta ts voc vob w64 wav wave weba webm wma "
    "wmv wv"
)
SUFFIXES = frozenset(f".{ending}" for ending in ENDINGS.split())
ARCHIVE = ".zip"
CLUTTER = frozenset({"thumbs.db", "desktop.ini"})  # beside what is hidden
LARGEST_MEMBER = 512 * 2**20  # bytes, unpacked; about 50 minutes of CD audio
LARGEST_ARCHIVE = 4 * 2**30  # bytes, all members unpacked
MOST_MEMBERS = 10_000
ENCRYPTED = 1  # bit of a member's flags
UTF_8 = 0x800  # likewise


@dataclass(frozen=True)
class Item:
    """A recording to analyze.

    Attributes:
        name: its name in the results.
        open: opens its source, or raises `UndertoneError`. It can be sent to another process.
    """

    name: str
    open: Callable[[], Source]


@dataclass
class Collection:
    """The recordings of given names.

    Attributes:
        items: the recordings.
        skipped: numbers of files in folders and archives that are not recordings, by suffix.
    """

    items: list[Item] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def note(self) -> str | None:
        """The skipped files, in one sentence."""
        count = self.skipped.total()
        if not count:
            return None
        files = "1 file that is no recording" if count == 1 else f"{count} files that are none"
        kinds = ", ".join(f"{number} {kind}" for kind, number in self.skipped.most_common(8))
        return f"Skipped {files} ({kinds})."

    def takes(self, name: str) -> bool:
        """Whether a file of a folder or an archive is a recording; counts it if it is not."""
        parts = name.split("/")
        suffix = Path(parts[-1]).suffix.lower()
        if "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1].lower() in CLUTTER:
            return False
        if any(part.startswith(".") and part.strip(".") for part in parts):
            self.skipped["hidden"] += suffix in SUFFIXES
            return False
        if suffix not in SUFFIXES and suffix != ARCHIVE:
            self.skipped[printable(suffix) or "without an ending"] += 1
            return False
        return True

    def add(self, path: Path, name: str) -> None:
        """Add a file, or the recordings in it if it is an archive."""
        if path.suffix.lower() == ARCHIVE:
            self.add_archive(name, path.name, partial(Path, path))
        else:
            self.items.append(Item(printable(name), partial(Path, path)))

    def add_archive(self, name: str, short: str, place: Callable[[], Any]) -> None:
        """Add the recordings in a zip archive, without unpacking them to disk.

        Args:
            name: of the archive in the results; empty for the names of its members alone.
            short: name of the archive in messages.
            place: returns its path or an open binary file.
        """
        archive = Archive(place)
        try:
            members = archive.members()
        except AudioError as error:
            self.items.append(Item(printable(name or short), partial(refuse, str(error))))
            return
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            self._refuse(name or short, short, "is no zip archive, or a damaged one")
            return
        except OSError as error:
            self._refuse(name or short, short, f"cannot be read: {error.strerror or error}")
            return
        chosen = [(inside, member) for inside, member in members if self.takes(inside)]
        size = sum(member.file_size for _, member in chosen)
        if not chosen:
            self._refuse(name or short, short, "is an archive without recordings")
        elif len(chosen) > MOST_MEMBERS or size > LARGEST_ARCHIVE:
            self._refuse(name or short, short, "holds too much: at most 4 GB in 10,000 files")
        else:
            for inside, member in chosen:
                called = printable(f"{name}/{inside}" if name else inside)
                self.items.append(Item(called, partial(unpack, archive, member, inside)))

    def _refuse(self, name: str, short: str, reason: str) -> None:
        sentence = f"{printable(short)} {reason}."
        self.items.append(Item(printable(name), partial(refuse, sentence)))


class Archive:
    """A zip archive, which is opened again in another process.

    Args:
        place: returns its path or an open binary file.
    """

    def __init__(self, place: Callable[[], Any]) -> None:
        self._place = place
        self._opened: zipfile.ZipFile | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Archive, (self._place,)

    @property
    def file(self) -> zipfile.ZipFile:
        if self._opened is None:
            self._opened = zipfile.ZipFile(self._place())  # closed with its last item
        return self._opened

    def members(self) -> list[tuple[str, zipfile.ZipInfo]]:
        """Its files and their decoded names."""
        members = [member for member in self.file.infolist() if not member.is_dir()]
        names = [member.orig_filename for member in members]
        unsaid = [i for i, member in enumerate(members) if not member.flag_bits & UTF_8]
        for index, name in zip(unsaid, decoded([names[i] for i in unsaid]), strict=True):
            names[index] = name
        return [(name.replace("\\", "/"), m) for name, m in zip(names, members, strict=True)]


def collect(names: Iterable[str]) -> Collection:
    """The recordings of names on this machine, each file once.

    Args:
        names: files, zip archives, folders, patterns such as "*.wav", "-" for standard input.

    Raises:
        FileNotFoundError: a folder or a pattern without a recording; the message says which.
    """
    found = Collection()
    taken: set[Path] = set()
    for name in names:
        if name == STANDARD_INPUT:
            found.items.append(Item("standard input", sys.stdin.buffer.read))
        elif ADDRESS.match(name):
            sentence = f"{name} is an address: download the recording and name the file."
            found.items.append(Item(name, partial(refuse, sentence)))
        else:
            try:
                paths = _paths(name, found)
            except FileNotFoundError:
                raise
            except (OSError, ValueError) as error:  # no permission, too long, no valid pattern
                reason = error.strerror if isinstance(error, OSError) else None
                sentence = f"{printable(name)} cannot be read: {reason or error}."
                found.items.append(Item(printable(name), partial(refuse, sentence)))
                continue
            for path in paths:
                if path.absolute() not in taken:
                    found.add(path, str(path))
                taken.add(path.absolute())
    return found


def uploads(paths: Iterable[Path]) -> Collection:
    """The recordings in uploaded files, named without their folders."""
    found = Collection()
    for path in paths:
        if path.suffix.lower() == ARCHIVE:
            found.add_archive("", path.name, partial(Path, path))
        else:
            found.add(path, path.name)
    return found


def _paths(name: str, found: Collection) -> list[Path]:
    """The files of a name; a missing file is kept, and reported when it is opened."""
    path = Path(name)
    if path.is_dir():
        before = len(found.items)
        inside = sorted(_files(path, found))
        chosen = [
            file
            for file in inside
            if file.is_file() and found.takes(file.relative_to(path).as_posix())
        ]
        if not chosen and len(found.items) == before:
            skipped = f" {found.note}" if found.note else ""
            raise FileNotFoundError(f"There is no recording in the folder {name}.{skipped}")
        return chosen
    if not path.exists() and glob.has_magic(name):
        chosen = _matching(path)
        if not chosen:
            raise FileNotFoundError(f"Nothing matches {name}.")
        return chosen
    return [path]


def _files(top: Path, found: Collection) -> Iterator[Path]:
    """The files of a folder, also of linked ones; each folder once, so a loop of links ends."""
    walked: set[Path] = set()
    closed = partial(_closed, found)
    for folder, folders, files in os.walk(top, onerror=closed, followlinks=True):
        real = Path(folder).resolve()
        if real in walked:
            folders.clear()
            continue
        walked.add(real)
        yield from (Path(folder, file) for file in files)


def _closed(found: Collection, error: OSError) -> None:
    """Add a folder that cannot be opened as an item that says so."""
    name = printable(str(error.filename))
    found.items.append(Item(name, partial(refuse, f"{name} cannot be read: {error.strerror}.")))


def _matching(pattern: Path) -> list[Path]:
    """The files that match a pattern, in order; hidden files only if the pattern names them."""
    named, anchor = set(pattern.parts), Path(pattern.anchor)
    if pattern.name == "**":
        pattern /= (
            "*"  # before Python 3.13, a pattern that ends with two stars matches only folders
        )
    return sorted(
        file
        for file in anchor.glob(str(pattern.relative_to(anchor)))
        if file.is_file() and not hidden(file.parts, named)
    )


def hidden(parts: Iterable[str], named: Container[str]) -> bool:
    """Whether a part of a path that matches a pattern is hidden and not named by the pattern."""
    return any(part.startswith(".") for part in parts if part not in named)


def unpack(archive: Archive, member: zipfile.ZipInfo, name: str) -> bytes:
    """The content of one file of an archive.

    Raises:
        AudioError: it is locked, damaged, too large or an archive itself.
    """
    name = printable(name.rsplit("/", 1)[-1])
    if name.lower().endswith(ARCHIVE):
        raise AudioError(f"{name} is an archive inside an archive: unpack it first.")
    if member.flag_bits & ENCRYPTED:
        raise AudioError(f"{name} is locked with a password: unpack it first.")
    try:
        with archive.file.open(member) as file:
            # The size that an archive states may be wrong.
            content = file.read(LARGEST_MEMBER + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError) as error:
        raise AudioError(f"{name} is damaged in the archive.") from error
    if len(content) > LARGEST_MEMBER:
        raise AudioError(f"{name} is larger than 512 MB: cut it into shorter recordings.")
    return content


def refuse(sentence: str) -> Source:
    """Raise the error of a source that cannot be opened."""
    raise AudioError(sentence)
