"""Files of every format, made of samples."""

import io
from pathlib import Path

import av
import numpy as np
import soundfile

RATE = 48_000


def with_soundfile(
    samples: np.ndarray, container: str, subtype: str | None = None, rate: int = RATE
) -> bytes:
    """The bytes of a file that libsndfile wrote."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype)
    return file.getvalue()


def with_ffmpeg(
    samples: np.ndarray, container: str, codec: str | None, picture: bool = False
) -> bytes:
    """The bytes of a file that PyAV wrote, at `RATE`; without sound where there is no codec.

    `samples` are (n, 1) or (n, 2) float32.
    """
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        if picture:
            video = output.add_stream("mpeg4", rate=10, width=64, height=64)
        if codec:
            layout = "stereo" if samples.shape[1] == 2 else "mono"
            sound = output.add_stream(codec, rate=RATE, layout=layout)
            context = sound.codec_context
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples.T), format="fltp", layout=layout
            )
            frame.sample_rate = RATE
            converter = av.AudioResampler(context.format, layout, RATE, context.frame_size or None)
            for part in [*converter.resample(frame), *converter.resample(None), None]:
                output.mux(sound.encode(part))
        if picture:
            black = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            for part in [black, None]:
                output.mux(video.encode(part))
    return file.getvalue()


def clip_file(
    path: Path, seed: int, seconds: float = 0.5, channels: int = 1, rate: int = 16_000
) -> Path:
    """A clip of quiet noise; the same seed gives the same samples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (int(seconds * rate), channels)
    noise = np.random.default_rng(seed).integers(-3000, 3000, shape, np.int16)
    soundfile.write(path, noise, rate)
    return path
