"""Have modules compiled in processes apart, each under its budget."""

from __future__ import annotations

import json
import os
import threading
from typing import Final

from wasm_agents.binary import Facts
from wasm_agents.capi.config import Profile
from wasm_agents.compiling import job
from wasm_agents.compiling.budget import Budget
from wasm_agents.compiling.early import Seen
from wasm_agents.compiling.forking import Lost, Zygote, run_once
from wasm_agents.compiling.scratch import Scratch, new_scratch
from wasm_agents.compiling.verdict import Compiled, Ended, judge, no_compiler
from wasm_agents.component.outer import around
from wasm_agents.limits import MAX_SHAPE

MAX_REPORT: Final = 4 * 1024 * 1024
ATTEMPTS: Final = 3
"""How often a job begins when the process that forks goes under it."""


class Apart:
    """Compiles in children; as many at once as there are cores."""

    def __init__(self, *, at_once: int | None = None) -> None:
        self._room = threading.BoundedSemaphore(at_once or os.cpu_count() or 1)
        self._lock = threading.Lock()  # guards _zygote
        self._zygote: Zygote | None = None

    def compile(self, wasm: bytes, profile: Profile, facts: Facts, seen: Seen, *, budget: Budget) -> Compiled:
        """Return the module's code.

        Raises:
            CallsheetError: `seen.refusal`, if it is valid.
            InvalidInput: `compile.budget`, `compile.failed`, `load.malformed`.
            Unavailable: `host.internal`, no process can be started.
        """
        order = _order(wasm, profile, facts, seen, budget=budget)
        try:
            with self._room:
                for _ in range(ATTEMPTS):
                    code, report = new_scratch("callsheet-code"), new_scratch("callsheet-report")
                    try:
                        ended = self._run(order, code, report, budget.wall_s)
                    except Lost:
                        continue
                    if seen.refusal is not None and ended.status == job.VALID:
                        seen.refusal.data |= ended.used()
                        raise seen.refusal
                    code.seal()
                    return judge(ended, report.read(most=MAX_REPORT), code, budget)
        finally:
            order.close()
        raise no_compiler("it ended again and again")

    def _run(self, order: Scratch, code: Scratch, report: Scratch, wall_s: float) -> Ended:
        if not hasattr(os, "fork"):
            return run_once(order, code, report, wall_s=wall_s)
        zygote = self._running()
        try:
            return zygote.run(order, code, report, wall_s=wall_s)
        except Lost:
            with self._lock:
                if self._zygote is zygote:
                    self._zygote = None
            zygote.close()
            raise

    def _running(self) -> Zygote:
        with self._lock:
            # A fork of this process must not share its sockets: two would read one stream.
            if self._zygote is None or self._zygote.owner != os.getpid():
                self._zygote = Zygote()
            return self._zygote

    @property
    def pid(self) -> int:
        """The process that forks; 0 before the first job."""
        with self._lock:
            return self._zygote.pid if self._zygote else 0

    def close(self) -> None:
        """End the process that forks, and every child with it."""
        with self._lock:
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()


def _order(wasm: bytes, profile: Profile, facts: Facts, seen: Seen, *, budget: Budget) -> Scratch:
    order = new_scratch("callsheet-order")
    head, tail = around(len(wasm)) if profile == "component" else (b"", b"")
    words = json.dumps(
        {
            "profile": profile,
            "guest": [len(head), len(head) + len(wasm)],
            "modules": [(start + len(head), end + len(head)) for start, end in facts.modules],
            "most": MAX_SHAPE,
            "only_validate": seen.refusal is not None,
            "unspelled": seen.vectors or {"imports": [], "exports": []},
            "cpu_s": budget.cpu_s,
            "memory_bytes": budget.memory_bytes,
            "artifact_bytes": budget.artifact_bytes,
        }
    ).encode()
    for part in (head, wasm, tail, words, len(words).to_bytes(job.TRAILER, "little")):
        order.write(part)
    return order
