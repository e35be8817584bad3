"""Wait until new files are cheap: a disk that still pays for somebody's deletions measures them, not us."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

QUIET_MS: Final = 0.1
"""For one new file, where none was deleted lately."""


def settle(folder: Path) -> None:
    """Wait, at most a minute, until new files are cheap again.

    ext4 passes over inodes freed in the last half minute one by one, so whoever
    just deleted many files (a test run, a benchmark) pays for it here.
    """
    for attempt in range(12):
        began = time.perf_counter()
        for i in range(100):
            (folder / f"settle_{attempt}_{i}").write_text("x")
        if time.perf_counter() - began < 100 * QUIET_MS / 1000:
            return
        time.sleep(5)
