"""Parallel decoding of clips, and a cache of their properties on disk."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from app.audio import SAMPLE_RATE, load
from app.errors import UndertoneError
from app.progress import progress

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})
CACHE = Path(".cache")

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Content:
    """The properties of a file, which only decoding shows.

    Attributes:
        error: why it can't be decoded; None if it can, and then the other fields are valid.
        duration: seconds.
        sample_rate: Hz.
        channels: count.
        peak: largest absolute sample, full scale is 1.
        digest: of the decoded samples; equal for the same audio in other lossless formats.
    """

    error: str | None = None
    duration: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    peak: float = 0.0
    digest: str = ""


def content(path: Path) -> Content:
    """Decode a file and describe it; for a file that can't be decoded, the error."""
    if path.stat().st_size == 0:
        return Content(error="the file is empty")
    try:
        if path.suffix.lower() in AUDIO_SUFFIXES:
            samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
        else:  # of a table, such as the films of MELD
            samples, sample_rate = load(path, SAMPLE_RATE)[:, None], SAMPLE_RATE
    except (soundfile.SoundFileError, OSError, UndertoneError) as error:
        return Content(error=str(error))
    if not len(samples):
        return Content(error="it holds no samples")
    return Content(
        duration=len(samples) / sample_rate,
        sample_rate=sample_rate,
        channels=samples.shape[1],
        peak=float(np.abs(samples).max()),
        digest=hashlib.blake2b(samples.tobytes(), digest_size=16).hexdigest(),
    )


def contents(paths: Sequence[Path], cache: Path = CACHE) -> list[Content]:
    """The content of every file: from the cache if no file has changed, else by decoding all."""
    known = cache / f"contents-{fingerprint(paths)}.json"
    if known.exists():
        return [Content(**fields) for fields in json.loads(known.read_text())]
    described = list(in_parallel(content, paths, "Checking clips"))
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=cache, delete=False) as partial:
        json.dump([asdict(one) for one in described], partial)
    Path(partial.name).replace(known)
    return described


def fingerprint(paths: Iterable[Path], *settings: object) -> str:
    """A digest that changes if a file is added, removed or edited, or a setting changes."""
    digest = hashlib.blake2b(repr(settings).encode(), digest_size=8)
    for path in paths:
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def in_parallel(
    function: Callable[[Item], Result], items: Sequence[Item], description: str
) -> Iterator[Result]:
    """Results in the order of the items, with a progress bar on a terminal.

    Threads are enough, because decoders and resamplers release Python's lock.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        results = threads.map(function, items)
        yield from progress(results, desc=description, total=len(items), unit="clip")
