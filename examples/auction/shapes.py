"""What each kind of vehicle looks like from its side, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """A vehicle in a unit box: x from the rear to the front, y from the ground up."""

    body: tuple[tuple[tuple[float, float], ...], ...]
    """Painted polygons."""
    dark: tuple[tuple[tuple[float, float], ...], ...]
    """Frame, tracks, shadows under the body."""
    glass: tuple[tuple[tuple[float, float], ...], ...]
    wheels: tuple[tuple[float, float], ...]
    """Centre x and radius, both as a share of the length."""
    height: float
    """As a share of the length."""
    seams: tuple[tuple[float, float, float, float], ...] = ()
    """Lines between panels."""


def _box(left: float, low: float, right: float, high: float) -> tuple[tuple[float, float], ...]:
    return ((left, low), (right, low), (right, high), (left, high))


SHAPES: Final = {
    "pickup truck": Shape(
        body=(
            (
                (0.02, 0.26),
                (0.02, 0.58),
                (0.42, 0.58),
                (0.47, 0.95),
                (0.66, 0.95),
                (0.74, 0.62),
                (0.96, 0.56),
                (0.99, 0.26),
            ),
        ),
        dark=(_box(0.02, 0.2, 0.98, 0.28),),
        glass=(
            ((0.475, 0.62), (0.505, 0.89), (0.575, 0.89), (0.575, 0.62)),
            ((0.59, 0.62), (0.59, 0.89), (0.645, 0.89), (0.705, 0.62)),
        ),
        wheels=((0.2, 0.078), (0.8, 0.078)),
        height=0.37,
        seams=(
            (0.43, 0.28, 0.43, 0.58),
            (0.583, 0.28, 0.583, 0.6),
            (0.72, 0.3, 0.73, 0.6),
            (0.02, 0.52, 0.42, 0.52),
        ),
    ),
    "box truck": Shape(
        body=(
            _box(0.01, 0.24, 0.68, 0.99),
            ((0.7, 0.18), (0.7, 0.74), (0.86, 0.74), (0.93, 0.46), (0.99, 0.42), (0.99, 0.18)),
        ),
        dark=(_box(0.02, 0.15, 0.97, 0.23),),
        glass=(((0.75, 0.47), (0.75, 0.69), (0.845, 0.69), (0.9, 0.47)),),
        wheels=((0.17, 0.066), (0.32, 0.066), (0.85, 0.066)),
        height=0.5,
        seams=tuple((x, 0.26, x, 0.97) for x in (0.12, 0.23, 0.34, 0.45, 0.56)),
    ),
    "dump truck": Shape(
        body=(
            ((0.01, 0.36), (0.05, 0.86), (0.62, 0.86), (0.7, 0.98), (0.72, 0.98), (0.6, 0.36)),
            ((0.66, 0.2), (0.66, 0.8), (0.82, 0.8), (0.87, 0.5), (0.99, 0.47), (0.99, 0.2)),
        ),
        dark=(_box(0.06, 0.22, 0.97, 0.34),),
        glass=(((0.7, 0.52), (0.7, 0.74), (0.8, 0.74), (0.845, 0.52)),),
        wheels=((0.16, 0.075), (0.33, 0.075), (0.87, 0.075)),
        height=0.43,
        seams=(
            (0.15, 0.38, 0.18, 0.84),
            (0.28, 0.38, 0.3, 0.84),
            (0.41, 0.38, 0.43, 0.84),
            (0.53, 0.38, 0.55, 0.84),
        ),
    ),
    "farm tractor": Shape(
        body=(((0.38, 0.4), (0.38, 0.66), (0.95, 0.6), (0.97, 0.3)), _box(0.14, 0.9, 0.46, 0.96)),
        dark=(_box(0.3, 0.26, 0.92, 0.4), _box(0.16, 0.5, 0.19, 0.92), _box(0.42, 0.5, 0.45, 0.92)),
        glass=(_box(0.2, 0.58, 0.41, 0.88),),
        wheels=((0.24, 0.19), (0.83, 0.11)),
        height=0.72,
        seams=((0.6, 0.42, 0.6, 0.62), (0.78, 0.42, 0.78, 0.6)),
    ),
    "trailer": Shape(
        body=(_box(0.02, 0.4, 0.84, 0.6),),
        dark=(((0.84, 0.42), (0.84, 0.54), (0.99, 0.46), (0.99, 0.42)), _box(0.04, 0.34, 0.82, 0.4)),
        glass=(),
        wheels=((0.36, 0.062), (0.5, 0.062)),
        height=0.26,
        seams=tuple((x, 0.42, x, 0.58) for x in (0.2, 0.38, 0.56, 0.72)),
    ),
    "generator": Shape(
        body=(_box(0.1, 0.16, 0.9, 0.9),),
        dark=(_box(0.06, 0.02, 0.94, 0.14), _box(0.66, 0.4, 0.84, 0.76)),
        glass=(_box(0.16, 0.6, 0.32, 0.78),),
        wheels=(),
        height=0.62,
        seams=tuple((0.38, y, 0.6, y) for y in (0.4, 0.46, 0.52, 0.58, 0.64, 0.7, 0.76)),
    ),
}
