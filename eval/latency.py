"""Latencies as quantiles: what most saw, and what the unlucky saw."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(samples: Sequence[float], q: float) -> float:
    """Return the `q` quantile of `samples`, by linear interpolation.

    Args:
        samples: Latencies in milliseconds, in any order; at least one.
        q: In [0, 1].

    Raises:
        ValueError: `samples` is empty or `q` is out of range.

    Source: Hyndman and Fan 1996, type 7 (numpy's default).
    """
    if not samples:
        raise ValueError("no samples, no quantile")
    if not 0 <= q <= 1:
        raise ValueError(f"q is {q!r}; it lies in [0, 1]")
    ordered = sorted(samples)
    place = (len(ordered) - 1) * q
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    low, high = ordered[below], ordered[above]
    # Not low + (high - low) * share: between equal samples that may leave them by a rounding.
    return low if low == high else low * (1 - (place - below)) + high * (place - below)
