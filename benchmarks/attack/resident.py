"""How much memory this process took at the worst moment of something, as Linux counts it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SELF: Final = Path("/proc/self")


def resident_bytes() -> int:
    """Return what is in memory now."""
    return _field("VmRSS")


def forget_peak() -> None:
    """Let the peak begin at what is in memory now."""
    (_SELF / "clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """Return the most that was in memory since the peak was forgotten."""
    return _field("VmHWM")


def _field(name: str) -> int:
    for line in (_SELF / "status").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise LookupError(name)
