"""The results of very many recordings: Parquet files, part by part, on any fsspec file system."""

import glob
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from posixpath import basename, join
from types import MappingProxyType
from typing import BinaryIO, TypeVar

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .. import tables
from ..collection import ARCHIVE, Collection, Item, hidden
from ..errors import AudioError, UndertoneError
from ..names import printable
from ..tables import Outcome

MODEL = b"undertone.model"  # in the metadata of each part: the digest of the model that analyzed it
Answer = TypeVar("Answer")


class ParquetError(UndertoneError):
    """A place cannot be read or written; the message is one sentence that says why."""


class ParquetResults:
    """A folder with a table of files and a table of their segments, each in many parts.

    A part of the files table is written atomically and after its segments. So the files in it are
    done, and a part of segments without it is left over from a stopped run. Only one run at a time
    may write.

    Args:
        folder: a path or an address of fsspec, such as `s3://bucket/results`.
        model: the digest of the model; a folder holds results of one model.
        labels: the emotions of the model, in their order.

    Raises:
        ParquetError: the folder cannot be used, or holds results of another model.
    """

    def __init__(self, folder: str, model: str, labels: Sequence[str]) -> None:
        self._folder = folder
        self._labels = labels
        self._metadata = {MODEL: model.encode()}
        self._system, self._root = self._try(partial(fsspec.core.url_to_fs, folder))
        for table in ("files", "segments"):
            self._try(partial(self._system.makedirs, join(self._root, table), exist_ok=True))
        self._done = self._try(self._resume)

    @property
    def done(self) -> Mapping[str, str | None]:
        """The files that have a row, each with its error."""
        return MappingProxyType(self._done)

    def append(self, outcomes: Sequence[Outcome]) -> None:
        """Write the next part.

        Raises:
            ParquetError: it cannot be written; a later run analyzes these files again.
        """
        name = f"part-{self._parts:06}.parquet"
        self._try(lambda: self._write("segments", name, tables.segments(outcomes, self._labels)))
        self._try(lambda: self._write("files", name, tables.files(outcomes, self._labels)))
        self._parts += 1
        self._done.update((outcome.file, outcome.error) for outcome in outcomes)

    def _resume(self) -> dict[str, str | None]:
        committed = {basename(path): path for path in self._listed("files")}
        for path in self._listed("segments"):
            if basename(path) not in committed:
                self._system.rm(path)
        self._parts = 1 + max((int(name[5:11]) for name in committed), default=-1)
        done: dict[str, str | None] = {}
        for path in committed.values():
            with self._system.open(path, "rb") as file:
                table = pq.read_table(file, columns=["file", "error"])
            if table.schema.metadata.get(MODEL) != self._metadata[MODEL]:
                raise ParquetError(
                    f"{self._folder} holds results of another model: choose another folder."
                )
            done.update(zip(*(table[name].to_pylist() for name in ("file", "error")), strict=True))
        return done

    def _listed(self, table: str) -> list[str]:
        return sorted(self._system.glob(join(self._root, table, "part-*.parquet")))

    def _write(self, table: str, name: str, rows: pd.DataFrame) -> None:
        # Without a schema, a part whose files are all well would have no type for their errors.
        fields = [
            (column, pa.string() if column in tables.WORDS else pa.float32()) for column in rows
        ]
        schema = pa.schema(fields, self._metadata)
        unfinished = join(self._root, table, f"_{name}")
        with self._system.open(unfinished, "wb") as file:
            pq.write_table(pa.Table.from_pandas(rows, schema, preserve_index=False), file)
        self._system.mv(unfinished, join(self._root, table, name))

    def _try(self, action: Callable[[], Answer]) -> Answer:
        return reached(self._folder, action)


def reached(place: str, action: Callable[[], Answer]) -> Answer:
    """The result of an action on a file system; its errors become one sentence.

    Raises:
        ParquetError: the place cannot be reached.
    """
    try:
        return action()
    except (
        ImportError,
        ValueError,
    ) as error:  # of fsspec, for an unknown protocol or a missing package
        if isinstance(error, UndertoneError):
            raise
        raise ParquetError(f"{place} cannot be reached: {error}.") from error
    except OSError as error:
        raise ParquetError(f"{place} cannot be reached: {error.strerror or error}.") from error


def listed(names: Iterable[str]) -> Collection:
    """The recordings of files, archives, folders and patterns, without duplicates and in order.

    Args:
        names: files, zip archives, folders and patterns, as paths or addresses of fsspec.

    Raises:
        ParquetError: a place cannot be reached, or has no recording.
    """
    found = Collection()
    for name in names:
        before = len(found.items)
        reached(name, partial(_list, name, found))
        if len(found.items) == before:
            raise ParquetError(f"There is no recording in {name}.")
    found.items = list({item.name: item for item in found.items}.values())
    return found


def _list(name: str, found: Collection) -> None:
    system, path = fsspec.core.url_to_fs(name)
    if system.isdir(path):
        top = len(path.rstrip("/")) + 1
        files = [file for file in system.find(path) if found.takes(file[top:])]
    elif glob.has_magic(path) and not system.exists(path):
        named = path.split("/")
        matching = (file for file in system.glob(path) if not hidden(file.split("/"), named))
        files = [file for file in matching if system.isfile(file)]
    else:
        files = [path]
    for file in sorted(files):
        place = file if "file" in system.protocol else system.unstrip_protocol(file)
        if place.lower().endswith(ARCHIVE):
            found.add_archive(place, basename(place), partial(opened, place))
        else:
            found.items.append(Item(printable(place), partial(opened, place)))


def opened(place: str) -> BinaryIO:
    """A path or an address of fsspec as an open file.

    Raises:
        AudioError: it cannot be read.
    """
    try:
        return fsspec.open(place, "rb").open()
    except OSError as error:
        raise AudioError(f"The recording cannot be read: {error.strerror or error}.") from error
