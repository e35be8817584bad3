"""What colour a photo's subject has.

A photo of a thing for sale shows it large, near the middle and low in the
frame, for it stands on the ground. So the paint is the large even regions that
stand out from the place; glass, tyres and gaps are small and weigh little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.vision.perception import NAMES, Lab, name_indices
from agents.vision.place import standing_out
from agents.vision.regions import Labels, per_region, regions

_LARGE_COUNTS: Final = 1.6
"""The power that makes one panel outweigh as many pixels in pieces."""
_HIDDEN: Final = 0.06
"""What a region weighs though it looks just like the place: white before a pale wall."""
_TRIM: Final = {"black": 0.7, "grey": 0.5, "silver": 0.5}
"""What tyres, glass, chrome and walls look like beside a thing of any colour counts less."""
_LIT: Final = (0.5, 0.9)
"""The part of a region, from dark to light, that shows its paint: below may lie in shade, above be a glint."""
_LEAST: Final = 0.004
"""Weight of the largest region, as a share of the photo, below which nothing stands out."""
_HIGHLIGHT: Final = 0.93
"""OKLab lightness that a photo's lightest spots have in good light."""
_DIM: Final = (0.68, 0.87)
"""The lightness of white in light that is dim, and yet good enough to tell colours."""
_HUELESS: Final = 0.035
"""OKLab chroma under which something may be white."""
_AS_LIGHT: Final = 1.06
"""How much lighter than anything else a thing may be and still be held against it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What stands out in a photo."""

    colour: str
    """Its plain name."""
    certainty: float
    """Of all that speaks for any colour, the share that speaks for this one, in (0, 1]."""


def subject_of(lab: Lab) -> Subject | None:
    """Return the subject's colour, or None where nothing stands out."""
    labels = regions(lab)
    weights = _weights(lab, labels)
    if weights.max() < _LEAST:
        return None
    paint = _paint(lab, labels)
    named = name_indices(paint.astype(np.float32))
    votes = weights**_LARGE_COUNTS
    mass = {name: float(votes[named == i].sum()) * _TRIM.get(name, 1.0) for i, name in enumerate(NAMES)}
    if mass["white"] > mass["silver"]:  # white in shade
        mass["white"] += mass.pop("silver") / _TRIM["silver"]
    best = max(mass, key=lambda name: mass[name])
    lead = int(np.argmax(np.where(named == NAMES.index(best), votes, -1)))
    colour = _in_good_light(best, paint[lead], lab[labels != lead])
    return Subject(colour, mass[best] / sum(mass.values()))


def _weights(lab: Lab, labels: Labels) -> NDArray[np.float64]:
    """Return each region's weight: its share of the photo, less for lying at the edge or looking like the place."""
    size = np.bincount(labels.ravel())
    central = per_region(labels, _central(labels.shape))
    even = np.stack([per_region(labels, lab[..., i]) / size for i in range(3)], axis=-1)[labels]
    apart = per_region(labels, standing_out(even.astype(np.float32), lab)) / size
    rim = np.zeros(labels.shape)
    rim[[0, -1], :] = rim[:, [0, -1]] = 1
    cut_off = np.exp(-2 * per_region(labels, rim) / np.sqrt(size))
    weights: NDArray[np.float64] = central * (_HIDDEN + (1 - _HIDDEN) * apart) * cut_off / labels.size
    return weights


def _central(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a weight that falls from 1 a little below the middle to near 0 at the edge."""
    down, across = np.linspace(0, 1, shape[0])[:, None], np.linspace(-1, 1, shape[1])[None, :]
    weight: NDArray[np.float64] = np.exp(-(((down - 0.58) / 0.3) ** 2)) * np.exp(-(across**2))
    return weight


def _paint(lab: Lab, labels: Labels) -> NDArray[np.float64]:
    """Return each region's paint in OKLab: the mean of its lit part."""
    flat, light = labels.ravel(), lab[..., 0].ravel()
    size = np.bincount(flat)
    order = np.lexsort((light, flat))
    rank = np.empty(flat.size)
    rank[order] = np.arange(flat.size) - np.repeat(np.cumsum(size) - size, size)
    place = (rank + 0.5) / size[flat]
    few = size[flat] < 4
    lit = ((few | (place >= _LIT[0])) & (few | (place <= _LIT[1]))).reshape(labels.shape)
    count = per_region(labels, lit)
    return np.stack([per_region(labels, lab[..., axis] * lit) / count for axis in range(3)], axis=-1)


def _in_good_light(name: str, paint: NDArray[np.float64], elsewhere: Lab) -> str:
    """Return what a grey or silver is by the light of the photo, where the photo tells it.

    White in dim light is silver to the pixel; only beside something white is it known for white.

    Args:
        name: What the paint would be in good light.
        paint: OKLab.
        elsewhere: The pixels of the rest of the photo.
    """
    hueless = elsewhere[np.hypot(elsewhere[:, 1], elsewhere[:, 2]) < _HUELESS, 0]
    if name not in {"grey", "silver"} or not hueless.size:
        return name
    highlight = float(np.sort(hueless)[-1 - min(hueless.size - 1, len(elsewhere) // 100)])
    if not _DIM[0] < highlight < _DIM[1] or paint[0] > _AS_LIGHT * highlight:
        return name
    lifted = paint * (_HIGHLIGHT / highlight, 1.0, 1.0)
    found = NAMES[int(name_indices(lifted.astype(np.float32)[None, None])[0, 0])]
    return found if found in {"white", "silver"} else name
