"""Which parts of a photo are the place where its subject stands.

The edge of a photo shows the place. What looks like the edge beside it, above
it or below it counts as place too, and so does the same surface in shade.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.vision.perception import Lab

_UNLIKE: Final = 0.085
"""OKLab distance from the place at which a pixel is half subject."""
_SOFT: Final = 0.018
_DEEPEST_SHADE: Final = 0.35
_COST_OF_SHADE: Final = 0.15
"""OKLab distance that full shade counts for: a black thing is no mere shadow."""
_BRIGHTEST: Final = 1.06
_COST_OF_LIGHT: Final = 0.4
"""OKLab distance that twice the lightness counts for: a white thing is no mere sunny spot."""
_GRAIN: Final = 2
"""Pixels to either side over which the edge's texture is evened out."""
_ENDS_DECIDE: Final = 0.5
"""How much top and bottom edge may take away: a tall thing often reaches one of them."""


def standing_out(even: Lab, lab: Lab) -> NDArray[np.float64]:
    """Return how unlike its surroundings each pixel is, in [0, 1].

    Args:
        even: The photo with its texture evened out.
        lab: The photo, of which the edges are looked at.
    """
    level = _unlike(even, _beside(lab))
    upright = _unlike(even, _above_and_below(lab))
    apart: NDArray[np.float64] = level * (1 - _ENDS_DECIDE + _ENDS_DECIDE * upright)
    return apart


def _unlike(lab: Lab, samples: Iterable[Lab]) -> NDArray[np.float64]:
    """Return how unlike the likest sample each pixel is.

    Light scales a colour's three OKLab coordinates alike, so a sample in shade
    or in the sun lies on the line from black through it.
    """
    nearest = np.full(lab.shape[:2], np.inf)
    own = (lab * lab).sum(axis=-1)
    for sample in samples:
        full = np.maximum((sample * sample).sum(axis=-1), 1e-6)
        along = (lab * sample).sum(axis=-1)
        light = np.clip(along / full, _DEEPEST_SHADE, _BRIGHTEST)
        apart = np.sqrt(np.maximum(own - 2 * light * along + light**2 * full, 0))
        cost = np.where(light < 1, _COST_OF_SHADE * (1 - light), _COST_OF_LIGHT * (light - 1))
        nearest = np.minimum(nearest, apart + cost)
    unlike: NDArray[np.float64] = 1 / (1 + np.exp(-(nearest - _UNLIKE) / _SOFT))
    return unlike


def _beside(lab: Lab) -> Iterator[Lab]:
    """Give bits of the left and right edge, level with each pixel or a little above or below."""
    height, width = lab.shape[:2]
    reach = max(2, height // 12)
    for column in _outer(width):
        edge = _smooth(lab[:, column])
        for shift in (-reach, -reach // 2, 0, reach // 2, reach):
            rows = np.clip(np.arange(height) + shift, 0, height - 1)
            yield edge[rows][:, None, :]


def _above_and_below(lab: Lab) -> Iterator[Lab]:
    """Give bits of the upper and lower edge, straight above and below each pixel or a little aside."""
    height, width = lab.shape[:2]
    reach = max(1, width // 48)
    for row in _outer(height):
        edge = _smooth(lab[row])
        for shift in (-reach, 0, reach):
            columns = np.clip(np.arange(width) + shift, 0, width - 1)
            yield edge[columns][None, :, :]


def _smooth(edge: Lab) -> Lab:
    """Return a row of colours, each the mean of those around it."""
    wide = np.pad(edge, ((_GRAIN, _GRAIN), (0, 0)), mode="edge")
    window = 2 * _GRAIN + 1
    mean: Lab = np.stack([wide[i : i + len(edge)] for i in range(window)]).mean(axis=0)
    return mean


def _outer(length: int) -> list[int]:
    """Return the two outermost places at either end."""
    return sorted({0, min(1, length - 1), max(0, length - 2), length - 1})
