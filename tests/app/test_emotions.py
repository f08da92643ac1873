"""The colours of the emotions can be seen on both pages and told apart by everybody."""

from itertools import combinations

import numpy as np
import pytest

from app.emotions import BY_NAME, EMOTIONS, LABELS, emotions_named, in_order
from app.ui.page import PAPER

# Machado et al. 2009, severity 1, on linear sRGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Linear sRGB to XYZ under its own white (D65), so that white becomes (1, 1, 1).
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
XYZ /= XYZ.sum(axis=1, keepdims=True)


def linear(colour: str) -> np.ndarray:
    """`#rrggbb` -> (3,) linear sRGB."""
    encoded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """(3,) linear sRGB -> (3,) CIELAB."""
    x, y, z = np.cbrt(XYZ @ np.clip(rgb, 0, 1))  # no colour here is dark enough for the linear toe
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it, 1 to 21."""
    light, dark = sorted((float(XYZ[1] @ linear(colour)) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_labels_keep_their_order():
    assert LABELS == (
        "neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised",
    )  # fmt: skip


@pytest.mark.parametrize("background", [PAPER.c50, PAPER.c950], ids=["light", "dark"])
def test_every_colour_stands_out_from_the_page(background):
    for emotion in EMOTIONS:
        assert contrast(emotion.colour, background) >= 3, emotion.name


@pytest.mark.parametrize(
    ("vision", "closest"),
    {"normal": 28.2, "protanopia": 15.7, "deuteranopia": 15.8, "tritanopia": 18.6}.items(),
)
def test_colours_are_as_far_apart_as_the_engine_says(vision, closest):
    """As CIE76 measures it; 2.3 is what an eye just notices."""
    seen = {emotion.name: lab(VISION[vision] @ linear(emotion.colour)) for emotion in EMOTIONS}
    distances = {
        (one, other): float(np.linalg.norm(seen[one] - seen[other]))
        for one, other in combinations(seen, 2)
    }
    nearest = min(distances, key=distances.__getitem__)
    assert distances[nearest] == pytest.approx(closest, abs=0.05), nearest


def test_the_eight_come_first_in_their_order_and_others_by_the_alphabet():
    assert in_order(["zeal", "sad", "bored", "neutral", "sad"]) == (
        "neutral",
        "sad",
        "bored",
        "zeal",
    )


@pytest.mark.parametrize("background", [PAPER.c50, PAPER.c950], ids=["light", "dark"])
def test_colours_of_other_emotions_stand_out_and_differ(background):
    twelve = emotions_named(["angry", *(f"mood {number}" for number in range(11))])
    assert twelve[0] == BY_NAME["angry"]
    for emotion in twelve:
        assert contrast(emotion.colour, background) >= 3, emotion.name
    seen = [lab(linear(emotion.colour)) for emotion in twelve]
    closest = min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2))
    assert closest >= 12
