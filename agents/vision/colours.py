"""What colours a photo has, and which of them is its subject's.

A photo of a thing for sale shows the thing in the middle and its place around
it. So what looks like the edge of the photo beside it, or under it, counts as
place; what does not counts as subject, the more so the nearer to the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from agents.vision.perception import NAMES, Lab, name_indices, to_lab

_SIDE: Final = 96
"""Pixels of the longer side that colours are read at."""
_STRIP: Final = 4
"""Pixels at each edge that are taken to show the place."""
_UNLIKE: Final = 0.085
"""OKLab distance from the nearest bit of edge at which a pixel is half subject."""
_LEAST: Final = 0.01
"""Weight, as a share of the photo, below which nothing stands out."""
_TRIM: Final = frozenset({"black", "grey", "silver"})
"""What tyres, glass, chrome and shadows look like on a thing of any colour."""


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


def palette(picture: Image.Image) -> Palette:
    """Return the colours of an RGB picture."""
    small = picture.copy()
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    calm = np.asarray(small.filter(ImageFilter.MedianFilter(3)), dtype=np.uint8)
    lab = to_lab(calm)
    named = name_indices(lab)
    return Palette(_dominant(calm, named), _subject(lab, named))


def _dominant(pixels: NDArray[np.uint8], named: NDArray[np.int8]) -> tuple[Colour, ...]:
    found = []
    for index, name in enumerate(NAMES):
        here = named == index
        share = float(here.mean())
        if share >= 0.01:
            red, green, blue = (round(float(c)) for c in pixels[here].mean(axis=0))
            found.append(Colour(name, f"#{red:02x}{green:02x}{blue:02x}", round(share, 3)))
    return tuple(sorted(found, key=lambda c: (-c.share, c.name)))


def _subject(lab: Lab, named: NDArray[np.int8]) -> str | None:
    """Return the name that weighs most, once trim has yielded to paint."""
    weights = _foreground(lab) * _centred(named.shape)
    total = float(weights.sum())
    if total < _LEAST * named.size:
        return None
    mass = {name: float(weights[named == i].sum()) / total for i, name in enumerate(NAMES)}
    return _strongest(mass)


def _strongest(mass: dict[str, float]) -> str | None:
    """Return the name that speaks for the paint: trim yields to it, and shade to what it falls on."""
    lit = mass | {"white": mass["white"] + (mass["silver"] if mass["white"] > mass["silver"] else 0)}
    best = max(lit, key=lambda name: lit[name])
    paint = max((n for n in NAMES if n not in _TRIM), key=lambda name: lit[name])
    if best in _TRIM and lit[paint] > max(0.25, 0.45 * lit[best]):
        return paint
    if best == "grey" and lit["black"] > 0.7 * lit["grey"]:
        return "black"
    return best if lit[best] >= 0.2 else None


def _centred(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a weight that falls from 1 in the middle to near 0 at the edge."""
    down, across = (np.linspace(-1, 1, n) for n in shape)
    weight: NDArray[np.float64] = np.exp(-1.6 * down[:, None] ** 2) * np.exp(-1.0 * across[None, :] ** 2)
    return weight


def _foreground(lab: Lab) -> NDArray[np.float64]:
    """Return how unlike its surroundings each pixel is, in [0, 1]."""
    height, width = lab.shape[:2]
    unlike = np.full((height, width), np.inf)
    for samples in _edge_samples(lab):
        unlike = np.minimum(unlike, np.linalg.norm(lab - samples, axis=-1))
    return 1 / (1 + np.exp(-(unlike - _UNLIKE) / 0.018))


def _edge_samples(lab: Lab) -> list[Lab]:
    """Return what the place may look like at each pixel: bits of edge level with it, or above or below it."""
    height, width = lab.shape[:2]
    strip = min(_STRIP, width)
    reach = max(2, height // 12)
    samples: list[Lab] = []
    for column in (*range(strip), *range(-strip, 0)):
        edge = lab[:, column]
        for shift in (-reach, -reach // 2, 0, reach // 2, reach):
            rows = np.clip(np.arange(height) + shift, 0, height - 1)
            samples.append(edge[rows][:, None, :])
    return samples
