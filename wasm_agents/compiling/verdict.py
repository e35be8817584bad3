"""What a compiling process left behind, in the words of the error tree."""

from __future__ import annotations

import json
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from contracts.errors import InvalidInput, Unavailable
from wasm_agents.compiling import job
from wasm_agents.compiling.budget import Budget
from wasm_agents.compiling.scratch import Scratch
from wasm_agents.compiling.shape import Shape, shape_from

_ENDED_BY_LIMIT: Final = {getattr(signal, name, None) for name in ("SIGXCPU", "SIGKILL")}
"""The kernel's word for a CPU limit; or for a machine out of memory."""
_NO_MEMORY: Final = ("memory allocation of", "cannot allocate memory", "out of memory", "os error 12")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a child made, sealed, and what making it took."""

    code: Scratch
    shape: Shape
    cpu_s: float
    peak_kib: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a compiling process ended: its exit status, or minus the signal."""

    status: int
    cpu_s: float = 0.0
    peak_kib: int = 0
    is_late: bool = False
    """Killed at the wall limit."""

    def used(self) -> dict[str, Any]:
        """Return what it took, for an error's data."""
        return {"cpu_s": round(self.cpu_s, 4), "peak_kib": self.peak_kib}


def judge(ended: Ended, said: bytes, code: Scratch, budget: Budget) -> Compiled:
    """Return what a child made, if it made something.

    Raises:
        InvalidInput: `compile.budget`, `compile.failed`, `load.malformed`.
    """
    used = ended.used()
    if ended.status == job.DONE:
        with suppress(ValueError, RecursionError):
            return Compiled(code, shape_from(said), ended.cpu_s, ended.peak_kib)
        raise _failed("its report cannot be read", used)
    if ended.is_late:
        raise _over(f"{budget.wall_s:g} s", used)
    text = said.decode("utf-8", "replace")
    if ended.status in {job.MALFORMED, job.REFUSED, job.NO_ROOM}:
        with suppress(ValueError, KeyError):
            text = str(json.loads(text)["said"])
    reason = last_line(text.encode())
    if ended.status == job.MALFORMED:
        raise InvalidInput(
            "load.malformed", f"not a valid module: {reason}", hint="Build the guest again.", data=used
        )
    if ended.status == job.NO_ROOM or any(word in text.lower() for word in _NO_MEMORY):
        mebibytes = budget.memory_bytes >> 20, budget.artifact_bytes >> 20
        raise _over(f"{mebibytes[0]} MiB of memory or {mebibytes[1]} MiB of code", used)
    if -ended.status in _ENDED_BY_LIMIT:
        raise _over(f"{budget.cpu_s} s of CPU time", used)
    raise _failed(reason or f"the compiler ended with {ended.status}", used)


def _over(what: str, used: dict[str, Any]) -> InvalidInput:
    return InvalidInput(
        "compile.budget",
        f"compiling the module takes more than {what}",
        hint="Split large functions; leave unused code out.",
        data=used,
    )


def _failed(reason: str, used: dict[str, Any]) -> InvalidInput:
    return InvalidInput(
        "compile.failed",
        f"the module cannot be compiled: {reason}",
        hint="Build the guest with other settings, or report it.",
        data=used,
    )


def no_compiler(reason: str) -> Unavailable:
    """Return the error of a machine on which nothing can be compiled."""
    return Unavailable(
        "host.internal",
        f"the process that compiles modules does not run: {reason[:300]}",
        hint="Check the limits on processes, descriptors and memory.",
    )


def last_line(raw: bytes) -> str:
    """Return the line that says why: what a panic says stands under where it was."""
    lines = [line.strip() for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [lines[at + 1] for at, line in enumerate(lines[:-1]) if "panicked at" in line]
    text = (told or lines[-1:] or [""])[0]
    return "".join(char if char.isprintable() else "?" for char in text[:300])
