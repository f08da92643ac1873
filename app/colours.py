"""Colours that are legible on a light and a dark page and as far from each other as can be."""

from collections.abc import Iterable

import numpy as np

LEAST_CONTRAST = 3.0  # against either background, as WCAG 2 asks of graphics
DARK, LIGHT = 0.01, 0.95  # relative luminance of the backgrounds, or beyond theirs

# Ottosson 2020, "A perceptual color space for image processing": OKLab to linear sRGB.
TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB


def distinct(count: int, beside: Iterable[str] = ()) -> list[str]:
    """`count` colours `#rrggbb`, each the farthest from those before it and those beside it."""
    palette, candidates = _candidates()
    taken = [_to_oklab(colour) for colour in beside]
    chosen = []
    for _ in range(count):
        distances = [np.linalg.norm(candidates - colour, axis=1) for colour in taken]
        best = int(np.min(distances, axis=0).argmax()) if distances else 0
        chosen.append(palette[best])
        taken.append(candidates[best])
    return chosen


def _candidates() -> tuple[list[str], np.ndarray]:
    """Legible colours and their (n, 3) OKLab, over a grid of lightness, chroma and hue."""
    lightness, chroma, hue = (
        axis.ravel()
        for axis in np.meshgrid(
            np.linspace(0.4, 0.75, 8),
            np.linspace(0.06, 0.24, 7),
            np.radians(np.arange(0, 360, 8)),
            indexing="ij",
        )
    )
    oklab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    linear = (oklab @ TO_LMS.T) ** 3 @ TO_RGB.T
    luminance = linear @ LUMINANCE
    legible = (
        (linear.min(axis=1) >= 0)
        & (linear.max(axis=1) <= 1)
        & ((LIGHT + 0.05) / (luminance + 0.05) >= LEAST_CONTRAST)
        & ((luminance + 0.05) / (DARK + 0.05) >= LEAST_CONTRAST)
    )
    encoded = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.clip(linear, 0, 1) ** (1 / 2.4) - 0.055
    )
    return [_hex(rgb) for rgb in encoded[legible]], oklab[legible]


def _to_oklab(colour: str) -> np.ndarray:
    encoded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.linalg.inv(TO_LMS) @ np.cbrt(np.linalg.inv(TO_RGB) @ linear)


def _hex(rgb: np.ndarray) -> str:
    return "#" + "".join(f"{round(255 * value):02x}" for value in rgb)
