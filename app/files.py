"""Atomic writes of files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path to write to; its file replaces `path` when it is completely on the disk.

    If writing fails, the old file stays. A device or a pipe is written directly, and a link stays a
    link.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    # The end of a name: the longest that a file system takes would be too long with a prefix.
    partial = path.with_name(f"partial-{path.name[-60:]}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
