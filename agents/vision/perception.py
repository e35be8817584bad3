"""Colours as people see them: the OKLab space, and plain names in it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""height x width x 3, sRGB."""
Lab = NDArray[np.float32]
"""... x 3: lightness in [0, 1], then two axes of colour; distances are even to the eye."""

NAMES: Final = (
    "black", "white", "grey", "silver", "red", "orange", "yellow", "green", "blue", "purple", "brown",
    "beige", "pink",
)  # fmt: skip

# Source of both matrices: Bjorn Ottosson, "A perceptual color space for image processing", 2020.
_TO_CONES: Final = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929],
     [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]], dtype=np.float32)  # fmt: skip
_TO_LAB: Final = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468],
     [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]], dtype=np.float32)  # fmt: skip

_GREY_CHROMA: Final = 0.035
"""Under it a colour has no hue to the eye."""
_DARK: Final = 0.34
_HUES: Final = ((18, "pink"), (42, "red"), (72, "orange"), (118, "yellow"), (195, "green"), (286, "blue"),
                (340, "purple"), (361, "pink"))  # fmt: skip
"""The hue in degrees where each name ends."""


def to_lab(pixels: Pixels) -> Lab:
    """Return sRGB pixels in OKLab."""
    share = pixels.astype(np.float32) / np.float32(255)
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    lab: Lab = (np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T).astype(np.float32)
    return lab


def name_indices(lab: Lab) -> NDArray[np.int8]:
    """Return the index in `NAMES` of every colour."""
    light = lab[..., 0]
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    named = np.zeros(light.shape, dtype=np.int8)
    for until, name in reversed(_HUES):
        named[hue < until] = NAMES.index(name)
    _mark(named, (hue < 18) & (light < 0.62), "red")
    _mark(named, (hue >= 340) & (light < 0.62), "purple")
    _mark(named, (hue >= 350) & (light < 0.5), "red")
    _mark(named, (hue >= 18) & (hue < 42) & (light > 0.74), "pink")
    warm = (hue >= 32) & (hue < 100)
    _mark(named, warm & (light < 0.6) & (chroma < 0.125) & ((hue >= 42) | (chroma < 0.1)), "brown")
    _mark(named, warm & (light >= 0.6) & (chroma < 0.085), "beige")
    _mark_greys(named, light, chroma)
    return named


def plain_name(rgb: tuple[int, int, int]) -> str:
    """Return the plain English name of one sRGB colour."""
    return NAMES[int(name_indices(to_lab(np.array(rgb, dtype=np.uint8)[None, None, :]))[0, 0])]


def _mark(named: NDArray[np.int8], where: NDArray[np.bool_], name: str) -> None:
    named[where] = NAMES.index(name)


def _mark_greys(named: NDArray[np.int8], light: NDArray[np.float32], chroma: NDArray[np.float32]) -> None:
    # The darker, the more chroma it takes to see a hue; a hint of warmth in a
    # bright colour is still seen, so white is the strictest.
    bound = np.where(light < _DARK, _GREY_CHROMA + 0.12 * (_DARK - light), _GREY_CHROMA)
    hueless = chroma < bound
    _mark(named, hueless, "grey")
    _mark(named, hueless & (light < _DARK), "black")
    _mark(named, (light < 0.16), "black")
    _mark(named, hueless & (light > 0.74), "silver")
    _mark(named, hueless & (light > 0.88), "white")
