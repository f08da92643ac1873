"""eGeMAPS functionals of waveforms by openSMILE, in separate processes.

openSMILE's library corrupts the memory of a process that has already loaded TensorFlow. So this
file imports nothing that loads it, and `functionals` runs in a process of its own.
"""

import multiprocessing
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from app.progress import progress

SAMPLE_RATE = 16_000


def egemaps(waveforms: Iterable[np.ndarray], count: int) -> np.ndarray:
    """(count, 88) functionals of eGeMAPS v02 (Eyben et al. 2016).

    Args:
        waveforms: float32 at 16 kHz.
        count: number of waveforms.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context) as pool:
        rows = pool.map(functionals, waveforms, chunksize=16)
        return np.stack(list(progress(rows, desc="eGeMAPS", unit="clip", total=count)))


def functionals(waveform: np.ndarray) -> np.ndarray:
    """(88,) float32 of one waveform."""
    rows: np.ndarray = _smile().process_signal(waveform, SAMPLE_RATE).to_numpy(np.float32)
    return rows[0]


@cache
def _smile() -> Any:
    from opensmile import FeatureLevel, FeatureSet, Smile

    return Smile(FeatureSet.eGeMAPSv02, FeatureLevel.Functionals)
