"""How sharp a photo is.

Edges of a photo in focus turn within a pixel or two; out of focus they spread.
The variance of the Laplacian measures that turning. It is taken at one size,
so that large photos are not sharper for their size, and never enlarged.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

SIDE: Final = 512
"""Pixels of the longer side that sharpness is measured at."""
BLURRED_BELOW: Final = 50.0
"""Sharpness under which a photo counts as blurred (grey values 0 to 255)."""


def sharpness(picture: Image.Image) -> float:
    """Return the variance of a picture's Laplacian; 0 for one flat colour, thousands for gravel."""
    small = picture.convert("L")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, dtype=np.float32)
    if min(grey.shape) < 3:
        return 0.0
    inner = grey[1:-1, 1:-1]
    turn = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return round(float(turn.var()), 2)
