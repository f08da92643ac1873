"""Waveforms for training: every clip is decoded once into one memory-mapped file."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from app.audio import load
from model_training.corpora.decoding import AUDIO_SUFFIXES, CACHE, fingerprint, in_parallel
from model_training.corpora.folders import NOISES, ROOMS, Data, surroundings

SAMPLES_FILE = "samples.int16"
OFFSETS_FILE = "offsets.npy"
FULL_SCALE = 32768
Part = tuple[float, float | None]  # start and end in a file, in seconds; None is its end
WHOLE: Part = (0.0, None)


class Clips:
    """Decoded clips in the order of their table, read from disk on access."""

    def __init__(self, folder: Path) -> None:
        self._offsets = np.load(folder / OFFSETS_FILE)
        self._samples = np.memmap(folder / SAMPLES_FILE, dtype="<i2", mode="r")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, position: int) -> np.ndarray:
        """One clip, (samples,) float32 in [-1, 1], by its row in the table.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= position < len(self):
            raise IndexError(f"There is no clip {position} among {len(self)}.")
        start, end = self._offsets[position : position + 2]
        return self._samples[start:end].astype(np.float32) / FULL_SCALE


def decode(table: pd.DataFrame, sample_rate: int, cache: Path = CACHE) -> Clips:
    """The clips of a table as mono waveforms, decoded now or in an earlier call.

    Args:
        table: as `load_corpora` returns it; only `path`, `start` and `end` are read.
        sample_rate: of the waveforms, Hz.
        cache: has one folder per set of files and rate, about 32 kB per second at 16 kHz. A folder
            is written atomically.
    """
    folder = cache / f"clips-{digest_of(table, sample_rate)}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=cache, prefix="partial-"))
        try:
            paths = [Path(path) for path in table["path"]]
            _write(paths, _parts(table), sample_rate, partial)
            partial.rename(folder)
        except OSError:
            if not folder.exists():  # another run was faster
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return Clips(folder)


def digest_of(table: pd.DataFrame, sample_rate: int) -> str:
    """A digest that changes with the files of a table, their segments or the rate."""
    parts = _parts(table)
    cut = any(part != WHOLE for part in parts)
    paths = [Path(path) for path in table["path"]]
    return fingerprint(paths, sample_rate, *([parts] if cut else []))


def noises(data: Data, sample_rate: int) -> dict[str, np.ndarray]:
    """The recorded noises in the data folders; empty without a `noise` folder.

    Returns:
        Waveforms (samples,) float32 by their path without suffix, which begins with their kind:
        "ESC-10/rain/1-17367-A", "speech_commands_background/pink_noise".
    """
    return _waveforms(surroundings(data, NOISES), sample_rate)


def impulse_responses(data: Data, sample_rate: int) -> dict[str, np.ndarray]:
    """Room responses by the names of their files, such as "cinema-hallway"; see `noises`."""
    return _waveforms(surroundings(data, ROOMS), sample_rate)


def _waveforms(folders: list[Path], sample_rate: int) -> dict[str, np.ndarray]:
    paths = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in AUDIO_SUFFIXES
    }
    name = folders[0].name if folders else "surroundings"
    decoded = in_parallel(
        lambda path: load(path, sample_rate), list(paths.values()), f"Decoding {name}"
    )
    return dict(zip(paths, decoded, strict=True))


def _parts(table: pd.DataFrame) -> list[Part]:
    if "start" not in table:
        return [WHOLE] * len(table)
    columns = table["start"], table["end"]
    return [
        (0.0 if np.isnan(start) else float(start), None if np.isnan(end) else float(end))
        for start, end in zip(*columns, strict=True)
    ]


def _write(paths: list[Path], parts: list[Part], sample_rate: int, folder: Path) -> None:
    def samples(clip: tuple[Path, Part]) -> np.ndarray:
        path, (start, end) = clip
        last = None if end is None else round(end * sample_rate)
        scaled = np.rint(load(path, sample_rate)[round(start * sample_rate) : last] * FULL_SCALE)
        return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2")

    lengths = []
    with (folder / SAMPLES_FILE).open("wb") as file:
        for clip in in_parallel(samples, list(zip(paths, parts, strict=True)), "Decoding clips"):
            file.write(clip.tobytes())
            lengths.append(len(clip))
    np.save(folder / OFFSETS_FILE, np.cumsum([0, *lengths], dtype=np.int64))
