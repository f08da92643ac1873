"""Samples of any type, scale and shape to one mono float32 stream, with notes on oddities."""

import numpy as np

from .errors import AudioError

MOST_CHANNELS = 32  # that a shape may put first, and whose phases are compared
FRAME = 1024  # samples over which phases are compared
KEPT = 0.95  # of what was known of the phases, a frame later
OPPOSITE = -0.4  # correlation below which two channels would cancel
ODD_SHARE = 0.001  # of the samples: fewer that are out of range are accidents, and are clipped
CLIPPED_SHARE = 0.02  # of the samples at full scale, from which a recording is called clipped
UNUSABLE_SHARE = 0.01  # of the samples that are no numbers, from which it is said
EXPONENTS = 1100  # of two: beyond those of any float


def to_mono(samples: np.ndarray) -> np.ndarray:
    """The samples of a whole recording to mono: a `MonoStream` that knows all of them in advance.

    Args:
        samples: as `in_columns` takes them.

    Returns:
        (n,) float32 in [-1, 1].

    Raises:
        AudioError: the samples are of another type or shape.
    """
    columns = in_columns(samples)
    stream = MonoStream()
    stream.scan(columns)
    return stream.push(columns)


class MonoStream:
    """Converts chunks of one stream to mono float32; the result does not depend on the chunk sizes.

    Integers are scaled by the range of their type, unsigned ones around its middle; 32 and 64 bits
    by the range of a smaller type if all values so far fit it. Floats should be in [-1, 1]: if many
    of them are far outside, as with 16-bit values stored as floats, all are scaled; other values
    out of range are clipped. NaN and infinity become 0. Channels are averaged; a channel that would
    cancel the others is inverted first.

    Args:
        channel: number of the only channel to use, from 1; None averages all channels.
    """

    def __init__(self, channel: int | None = None) -> None:
        self.channels = 0  # of the newest chunk, before any is taken alone
        self._channel = channel
        self._scale = _Scale()
        self._downmix: _Downmix | None = None
        self._inverted: dict[int, None] = {}
        self._samples = self._clipped = self._unusable = 0

    def scan(self, samples: np.ndarray) -> None:
        """Inspect samples before they are pushed, so that all of them get the same scale."""
        self._scale.see(samples, beforehand=True)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Convert the next chunk.

        Args:
            samples: (n,) or (n, channels), integer or float; `in_columns` makes them of others.

        Returns:
            (n,) float32 in [-1, 1].

        Raises:
            AudioError: the samples lack the channel.
        """
        columns = samples[:, None] if samples.ndim == 1 else samples
        self.channels = columns.shape[1]
        if self._channel is not None:
            if not 1 <= self._channel <= columns.shape[1]:
                raise AudioError(
                    f"There is no channel {self._channel}: the recording has {columns.shape[1]}."
                )
            columns = columns[:, self._channel - 1 : self._channel]
        scaled = self._in_range(columns)
        if scaled.shape[1] == 1:
            return scaled[:, 0]
        if not 1 < scaled.shape[1] <= MOST_CHANNELS:
            return scaled.mean(axis=1)
        if self._downmix is None or self._downmix.channels != scaled.shape[1]:
            self._downmix = _Downmix(scaled.shape[1])
        mixed = self._downmix.push(scaled)
        self._inverted |= dict.fromkeys(self._downmix.inverted)
        return mixed

    @property
    def notes(self) -> list[str]:
        """What was odd so far, in sentences."""
        notes = self._scale.notes
        if self._inverted:
            which = " and ".join(str(index + 1) for index in sorted(self._inverted))
            notes.append(
                f"The channels are in opposite phase and would cancel: {which} was inverted."
            )
        if self._unusable > UNUSABLE_SHARE * self._samples:
            share = self._unusable / self._samples
            notes.append(f"{share:.0%} of the samples are not numbers and count as silence.")
        if self._clipped > CLIPPED_SHARE * self._samples:
            share = self._clipped / self._samples
            notes.append(f"{share:.0%} of the samples are clipped: it was recorded too loud.")
        return notes

    def _in_range(self, columns: np.ndarray) -> np.ndarray:
        self._scale.see(columns)
        self._samples += columns.size
        if columns.dtype.kind == "f":
            usable = np.isfinite(columns)
            self._unusable += columns.size - int(np.count_nonzero(usable))
            columns = np.where(usable, columns, 0)
            if self._scale.full != 1:
                columns = columns / self._scale.full
            scaled = np.clip(columns, -1.0, 1.0).astype(np.float32)
        else:
            scaled = (columns.astype(np.float64) - self._scale.middle) / self._scale.full
            scaled = scaled.astype(np.float32)
        self._clipped += int(np.count_nonzero(np.abs(scaled) >= 0.999))
        return scaled


def in_columns(samples: np.ndarray) -> np.ndarray:
    """Samples as (n, channels).

    Args:
        samples: (n,), (n, channels) or (channels, n), integer or float. Channels come first if
            there are at most `MOST_CHANNELS` of them and more samples than that.

    Raises:
        AudioError: the samples are of another type or shape.
    """
    samples = np.asarray(samples)
    if samples.dtype.kind not in "iuf":
        raise AudioError(f"Samples are integers or floats, not {samples.dtype}.")
    if samples.ndim == 1:
        return samples[:, None]
    if (
        samples.ndim != 2
        or samples.shape[1] == 0
        or MOST_CHANNELS < len(samples) < samples.shape[1]
    ):
        raise AudioError(f"Samples are (n,), (n, channels) or (channels, n), not {samples.shape}.")
    first = 0 < len(samples) <= MOST_CHANNELS < samples.shape[1]
    return samples.T if first else samples


class _Scale:
    """The value of full scale in a stream, from the samples so far.

    Attributes:
        full: the number that becomes 1.
        middle: the number that becomes 0.
    """

    def __init__(self) -> None:
        self.full, self.middle = 1.0, 0.0
        self._type = np.dtype(np.float32)
        self._bits = 0  # of the largest integer
        self._largest = 0.0  # of the floats
        self._low = (
            0  # the lowest byte of all integers, or-ed: 0 where they are aligned to the left
        )
        self._scanned = False
        self._whole = True  # whether all floats are whole numbers
        self._counts = np.zeros(EXPONENTS, np.int64)  # of floats in (2**(e - 1), 2**e]
        self._seen = 0  # floats that are not 0

    def see(self, samples: np.ndarray, beforehand: bool = False) -> None:
        if self._scanned and not beforehand:
            return
        self._scanned = beforehand
        self._type = samples.dtype
        if not samples.size:
            return
        if self._type.kind == "f":
            self._see_floats(samples)
        else:
            self._see_integers(samples)

    @property
    def notes(self) -> list[str]:
        if self._type.kind == "f":
            if self.full == 1:
                return []
            return [
                f"The samples reach {self._largest:.3g} where 1 is full scale: they were scaled."
            ]
        own, used = 8 * self._type.itemsize, self._used
        if used == own or not self._bits:
            return []
        return [f"The {own}-bit samples hold {used}-bit values and were scaled as such."]

    def _see_integers(self, samples: np.ndarray) -> None:
        if self._type.kind == "u":
            bits = int(samples.max()).bit_length()
        else:
            highest, lowest = int(samples.max()), int(samples.min())
            bits = max(highest, -1 - lowest).bit_length() + (highest > 0 or lowest < 0)
        self._bits = max(self._bits, bits)
        self._low |= int(np.bitwise_or.reduce(samples, axis=None)) & 0xFF
        self.full = 2.0 ** (self._used - 1)
        self.middle = self.full if self._type.kind == "u" else 0.0

    @property
    def _used(self) -> int:
        """Bits of the samples: of their type, or of a smaller type that fits all of them."""
        own = 8 * self._type.itemsize
        if own <= 16:
            return own
        # Until all samples are known, a quiet beginning does not imply a smaller type, and a lowest
        # byte of 0 implies left-aligned values.
        aligned = self._bits > 0 and self._low == 0
        smaller = (16, 24, 32) if self._scanned else (own,) if aligned else (16, 32)
        return next((bits for bits in smaller if self._bits <= bits), own)

    def _see_floats(self, samples: np.ndarray) -> None:
        sizes = np.abs(samples, dtype=np.float64)
        largest = float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))
        self._largest = max(self._largest, largest)
        self._seen += int(np.count_nonzero(sizes))
        if self._largest <= 2:
            return
        if largest > 2:
            sizes = sizes[np.isfinite(sizes) & (sizes > 2)]
            self._whole &= bool((sizes == np.rint(sizes)).all())
            fractions, exponents = np.frexp(sizes)
            np.add.at(self._counts, exponents - (fractions == 0.5), 1)
        self.full = self._full()

    def _full(self) -> float:
        accidents = ODD_SHARE * self._seen
        beyond = self._counts[::-1].cumsum()[::-1]  # of 2**e and more, for each e
        exponent = int(np.argmax(np.append(beyond[1:], 0) <= accidents))
        if exponent < 2:
            return 1.0
        # 16-bit values as floats, whole or resampled, keep their level; what is only too loud
        # is brought down to where it fits.
        return 2.0 ** (15 if exponent <= 15 and (self._whole or exponent > 7) else exponent)


class _Downmix:
    """The mean of the channels of a stream; one that would cancel the earlier ones is inverted.

    Phases are compared in frames, and the result of a frame applies from the next frame on. So
    there is no delay, and the result does not depend on the chunk sizes.
    """

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.inverted: set[int] = set()
        self._last: np.ndarray | None = None  # row
        self._covariance = np.zeros((channels, channels))
        self._frame = np.zeros((channels, channels))  # the same, of the current frame
        self._filled = 0  # samples of that frame
        self._before = self._signs = np.ones(channels, np.float32)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """(n, channels) float32 to (n,) float32."""
        if not len(samples):
            return np.zeros(0, np.float32)
        # Differences of neighbouring samples have no offset and little hum, so voices dominate.
        steps = np.diff(samples, axis=0, prepend=samples[:1] if self._last is None else self._last)
        self._last = samples[-1:].copy()
        mixed = samples.mean(axis=1)
        start = 0
        while start < len(samples):
            end = min(len(samples), start + FRAME - self._filled)
            if not (self._before == 1).all() or not (self._signs == 1).all():
                mixed[start:end] = (samples[start:end] * self._weights(end - start)).mean(axis=1)
            self._compare(steps[start:end].astype(np.float64))
            start = end
        return mixed

    def _weights(self, count: int) -> np.ndarray:
        """Of the next samples: from the last frame's signs to this one's, without a step."""
        passed = (self._filled + np.arange(1, count + 1, dtype=np.float32)) / FRAME
        return self._before + passed[:, None] * (self._signs - self._before)

    def _compare(self, steps: np.ndarray) -> None:
        self._frame += steps.T @ steps
        self._filled += len(steps)
        if self._filled < FRAME:
            return
        self._covariance = KEPT * self._covariance + self._frame
        self._frame = np.zeros_like(self._frame)
        self._filled = 0
        self._before, self._signs = self._signs, self._signs.copy()
        for index in range(1, self.channels):
            others = self._signs[:index]
            together = float(others @ self._covariance[:index, index])
            power = float(others @ self._covariance[:index, :index] @ others)
            scale = np.sqrt(power * self._covariance[index, index])
            if together < OPPOSITE * scale:
                self._signs[index] = -1
                self.inverted.add(index)
            elif together > -OPPOSITE * scale:
                self._signs[index] = 1
