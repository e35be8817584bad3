"""What a process holds and has used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def resident_mb(pid: int, which: Literal["VmRSS", "VmHWM"] = "VmRSS") -> float:
    """Return MiB of resident memory: now, or (`VmHWM`) the most there ever was."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{which}:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise LookupError(f"process {pid} says no {which}")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of all its threads, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
