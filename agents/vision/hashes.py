"""Perceptual hashes: near for the same picture saved again, far for another picture."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HASH_DIGITS: Final = 16
_SIDE: Final = 32
_KEPT: Final = 8


def phash(picture: Image.Image) -> str:
    """Return 64 bits, as 16 hex digits: which low frequencies are above their median.

    Source: the DCT hash of Zauner, "Implementation and benchmarking of perceptual
    image hash functions", 2010, on a 32 x 32 grey copy.
    """
    grey = np.asarray(picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    low = _cosines() @ grey @ _cosines().T
    flat = low.ravel()
    return _hex(flat > np.median(flat[1:]))


def dhash(picture: Image.Image) -> str:
    """Return 64 bits, as 16 hex digits: where a 9 x 8 grey copy brightens to the right."""
    grey = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    return _hex((grey[:, 1:] > grey[:, :-1]).ravel())


def distance(one: str, other: str) -> int:
    """Return how many bits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


@cache
def _cosines() -> NDArray[np.float64]:
    """Return the first rows of the DCT-II matrix."""
    rows = np.arange(_KEPT)[:, None]
    matrix: NDArray[np.float64] = np.cos(np.pi * rows * (2 * np.arange(_SIDE)[None, :] + 1) / (2 * _SIDE))
    return matrix


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()
