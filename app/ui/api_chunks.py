"""Chunks of sound that clients send to /live: 16-bit samples only."""

import base64
import binascii
from typing import Any

import numpy as np

from ..errors import UndertoneError

LONGEST_CHUNK = 10  # seconds
RATES = (8_000, 192_000)  # Hz
# First bytes of files that clients send instead of samples.
CONTAINERS = {
    b"\x1aE\xdf\xa3": "WebM",
    b"OggS": "Ogg",
    b"RIFF": "WAV",
    b"fLaC": "FLAC",
    b"ID3": "MP3",
    b"FORM": "AIFF",
}
FLOAT_SHARE = 0.95  # of the values that are not 0; from this share on, they are floats in [-1, 1]
SMALLEST_FLOAT = 1e-6


class ApiError(UndertoneError):
    """The request is invalid; the message says what to send instead."""


def decode(chunk: str, sample_rate: int) -> np.ndarray:
    """(n,) int16 of a chunk.

    Raises:
        ApiError: it is not base64 of 16-bit samples, longer than `LONGEST_CHUNK`, or its rate is
            outside `RATES`.
    """
    checked(sample_rate, *RATES, "A sample rate, in hertz,")
    try:
        content = base64.b64decode(chunk, validate=True)
        samples = np.frombuffer(content, "<i2")
    except (binascii.Error, TypeError, ValueError) as error:
        raise ApiError("A chunk is 16-bit samples as base64; this one is not.") from error
    kind = _container(content) or _floats(content)
    if kind:
        raise ApiError(f"A chunk is 16-bit samples without a header; this one is {kind}.")
    if len(samples) > LONGEST_CHUNK * sample_rate:
        raise ApiError(f"A chunk is at most {LONGEST_CHUNK} seconds long: send shorter ones.")
    return samples


def checked(value: Any, lowest: float, highest: float, what: str) -> None:
    """Raise an `ApiError` if a value is not a number in this range."""
    if not isinstance(value, int | float) or not lowest <= value <= highest:
        raise ApiError(f"{what} is a number from {lowest:g} to {highest:g}, not {value!r}.")


def _container(content: bytes) -> str | None:
    if content[4:8] == b"ftyp":
        return "MP4"
    return next((name for first, name in CONTAINERS.items() if content.startswith(first)), None)


def _floats(content: bytes) -> str | None:
    """Whether these are floats; of 16-bit samples, hardly any pair looks like a small float."""
    for form, name in (("<f8", "64-bit floats"), ("<f4", "32-bit floats")):
        if len(content) % np.dtype(form).itemsize:
            continue
        with np.errstate(invalid="ignore"):  # bytes may be any float, also a signaling NaN
            values = np.abs(np.frombuffer(content, form).astype(np.float64))
        values = values[values != 0]
        small = (values > SMALLEST_FLOAT) & (values <= 2)
        if len(values) >= 16 and small.mean() > FLOAT_SHARE:
            return name
    return None
