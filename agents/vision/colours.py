"""What colours a photo has, and which of them is its subject's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from agents.vision.perception import NAMES, name_indices, to_lab
from agents.vision.subject import subject_of

_SIDE: Final = 96
"""Pixels of the longer side that colours are read at."""


@dataclass(frozen=True, slots=True)
class Colour:
    """One of a photo's dominant colours."""

    name: str
    hex: str
    """The mean of the pixels that bear the name, `#rrggbb`."""
    share: float
    """Of the photo's area, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Palette:
    """A photo's colours."""

    colours: tuple[Colour, ...]
    """The largest first; none under a hundredth of the area."""
    subject: str | None
    """The plain name of the subject's colour; None where nothing stands out."""
    certainty: float = 1.0
    """How clearly the subject has that colour and no other, in [0, 1]."""


def palette(picture: Image.Image) -> Palette:
    """Return the colours of an RGB picture."""
    small = picture.copy()
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    calm = np.asarray(small.filter(ImageFilter.MedianFilter(3)), dtype=np.uint8)
    lab = to_lab(calm)
    colours = _dominant(calm, name_indices(lab))
    found = subject_of(lab)
    return Palette(colours, found.colour, round(found.certainty, 3)) if found else Palette(colours, None, 0.0)


def _dominant(pixels: NDArray[np.uint8], named: NDArray[np.int8]) -> tuple[Colour, ...]:
    found = []
    for index, name in enumerate(NAMES):
        here = named == index
        share = float(here.mean())
        if share >= 0.01:
            red, green, blue = (round(float(c)) for c in pixels[here].mean(axis=0))
            found.append(Colour(name, f"#{red:02x}{green:02x}{blue:02x}", round(share, 3)))
    return tuple(sorted(found, key=lambda c: (-c.share, c.name)))
