"""Production's page sizes and memories, made small, so that few runs meet what otherwise takes thousands."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

from dispatcher import active, run_rows, watch
from simulation.faults.plant import Make, swapped
from storage import batch, blobs, fences
from traces import store

SIZES: Final[tuple[tuple[Any, str, int | tuple[int, ...]], ...]] = (
    (blobs, "BLOB_CHARS", 1_000),
    (batch, "MAX_PARAMETERS", 90),
    (batch, "_CHUNKS", (4, 2, 1)),
    (fences, "_AT_ONCE", 2),
    (active, "AT_ONCE", 1),
    (active, "GRAPHS", 1),
    (watch, "AT_ONCE", 2),
    (run_rows, "REMEMBERED", 2),
    (run_rows, "PLANS", 1),
    (store, "_LINES_AT_ONCE", 3),
    (store, "_BODIES_AT_ONCE", 2),
)
"""Where, what, and how small."""


def small(seed: int) -> AbstractContextManager[None]:
    """Make everything small for a seed; in every other one only from when on a text is long."""
    sizes = SIZES if seed % 2 else SIZES[:1]
    return swapped(*((owner, name, _instead(size)) for owner, name, size in sizes))


def _instead(size: Any) -> Make:
    return lambda _: size
