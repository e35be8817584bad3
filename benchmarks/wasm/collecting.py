"""Python's garbage collector as the service sets it, and as it comes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from service.cli_serve import GC_THRESHOLDS

AS_SERVED: Final = "the collector set as `serve` sets it"


@contextmanager
def as_served() -> Iterator[None]:
    """Let the collector look as seldom as in a service, and at nothing that was there before."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
