"""Doing something once after everybody of a batch was told, instead of once for each.

Waking an event loop lets go of the interpreter's lock: done in the midst of a
batch it costs a change of threads for every unit of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LOG: Final = logging.getLogger(__name__)


class _Waiting(threading.local):
    steps: list[Callable[[], None]] | None = None


_waiting = _Waiting()


@contextmanager
def telling() -> Iterator[None]:
    """Hold back, in this thread, what `after_telling` is given until everybody was told."""
    steps = _waiting.steps = []
    try:
        yield
    finally:
        _waiting.steps = None
        for step in steps:
            _do(step)


def after_telling(step: Callable[[], None]) -> None:
    """Do something once this thread has told everybody; at once where it is telling nobody."""
    if _waiting.steps is None:
        step()
    else:
        _waiting.steps.append(step)


def _do(step: Callable[[], None]) -> None:
    try:
        step()
    except Exception:  # noqa: BLE001  # the storage writer's border: its thread must live on
        _LOG.exception("what follows a write raised")
