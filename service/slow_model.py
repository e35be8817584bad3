"""Say to who waits at a terminal that a model is being asked, once that takes long."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from service.settings import Settings

AFTER_S: Final = 3.0


@contextmanager
def told_if_slow(
    settings: Settings, say: Callable[[str], None], *, after_s: float = AFTER_S, watched: bool | None = None
) -> Iterator[None]:
    """Say what is waited for when the body takes longer than that.

    Args:
        settings: Whose default model is asked.
        say: Shows one line.
        after_s: In seconds.
        watched: Whether anybody reads along; None: when stderr is a terminal.
    """
    if not settings.model.is_set or not (sys.stderr.isatty() if watched is None else watched):
        yield
        return
    text = f"the model is asked ({settings.model.timeout_s:g} s at most); plans by rules need none"
    telling = asyncio.get_running_loop().call_later(after_s, say, text)
    try:
        yield
    finally:
        telling.cancel()
