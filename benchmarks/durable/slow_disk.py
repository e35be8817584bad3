"""Put time under every fsync of a process: a small shim in C, built when it is needed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_suffix(".c")


def build_shim(folder: Path) -> Path | None:
    """Return the shim built into `folder`, or None, with the reason on stderr, where that cannot be done."""
    if not sys.platform.startswith("linux"):
        print("bench-durable: LD_PRELOAD needs Linux; what needs a slow disk is left out", file=sys.stderr)
        return None
    target = folder / "slow_disk.so"
    said = ""
    for compiler in _compilers():
        command = [*compiler, "-O2", "-shared", "-fPIC", "-o", str(target), str(SOURCE), "-ldl"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return target
        said = done.stderr
    print(
        f"bench-durable: no C compiler could build {SOURCE.name}; what needs it is left out", file=sys.stderr
    )
    print(said[:1000], file=sys.stderr)
    return None


def slow_disk(shim: Path, *, sync_ms: float) -> dict[str, str]:
    """Return the environment variables that put `sync_ms` under every fsync; with 0 they are only counted."""
    return {"LD_PRELOAD": str(shim), "SLOW_DISK_US": str(round(sync_ms * 1000))}


def _compilers() -> Iterator[list[str]]:
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            yield [found]
    if importlib.util.find_spec("ziglang") is not None:
        yield [sys.executable, "-m", "ziglang", "cc"]
