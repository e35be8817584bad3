"""Load the cases named on stdin, run what loads, and tell on stdout what was not as it should be.

A line is `seed first count`; each block is answered with one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any, Final

from benchmarks.attack.mutations import case, kind_of
from contracts.errors import CallsheetError
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

REFUSED_MS: Final = 10.0
TRIES: Final = 5
LIMITS: Final = GuestLimits(wall_ms=200, fuel=200_000, memory_bytes=2**20, table_elements=1_000)
COMPILED: Final = frozenset({"compile.budget", "compile.failed"})
"""Refused by the compiler: its own budget holds it, not ten milliseconds."""


class Block:
    """What a run of cases came to."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.outside: list[str] = []
        self.slow: list[str] = []
        self.slowest_ms = 0.0
        self.costly = 0
        self.costliest_ms = 0.0

    def take(self, host: Host, seed: int, number: int) -> None:
        """Load one case, and run it if it loads."""
        wasm = case(seed, number)
        try:
            code, guest, ms, cpu_ms = _load(host, wasm)
            if guest is None and code not in COMPILED:
                for _ in range(TRIES - 1):
                    if ms <= REFUSED_MS and cpu_ms <= REFUSED_MS:
                        break
                    _, _, again_ms, again_cpu_ms = _load(host, wasm)
                    ms, cpu_ms = min(ms, again_ms), min(cpu_ms, again_cpu_ms)
                self.costly += cpu_ms > REFUSED_MS
                self.costliest_ms = max(self.costliest_ms, round(cpu_ms, 2))
                self._refused(ms, f"{seed}/{number} ({kind_of(number)}): {code} after {ms:.1f} ms")
            elif guest is not None:
                code = _run(guest)
        except Exception as error:  # noqa: BLE001  # the border: what is outside the taxonomy is what this counts
            code = "outside"
            self.outside.append(
                f"{seed}/{number} ({kind_of(number)}): {type(error).__name__}: {str(error)[:200]}"
            )
        if code == "host.internal":
            self.outside.append(f"{seed}/{number} ({kind_of(number)}): host.internal")
        self.codes[code] += 1

    def as_json(self) -> dict[str, Any]:
        """Return what was counted."""
        return {"code": "ok", "codes": self.codes, "outside": self.outside, "slow": self.slow,
                "slowest_ms": self.slowest_ms, "costly": self.costly, "costliest_ms": self.costliest_ms}  # fmt: skip

    def _refused(self, ms: float, told: str) -> None:
        self.slowest_ms = max(self.slowest_ms, round(ms, 2))
        if ms > REFUSED_MS:
            self.slow.append(told)


def _load(host: Host, wasm: bytes) -> tuple[str, Guest | None, float, float]:
    """Return how it ends, and what a refusal took: by the clock, and of CPU time here and in the compiler's child."""
    started, cpu = time.perf_counter(), time.process_time()
    try:
        guest = host.load(wasm, LIMITS)
    except CallsheetError as error:
        here_s, there_s = time.process_time() - cpu, float(error.data.get("cpu_s", 0.0))
        return error.code, None, (time.perf_counter() - started) * 1000, (here_s + there_s) * 1000
    return "loaded", guest, 0.0, 0.0


def _run(guest: Guest) -> str:
    try:
        guest.call(b'{"text":"a b. c"}', 0.2)
    except CallsheetError as error:
        return error.code
    return "ran"


def main() -> None:
    """Serve until stdin ends."""
    host = Host(Compiler(None))
    _load(host, case(0, 3))
    for line in sys.stdin:
        seed, first, count = (int(word) for word in line.split())
        block = Block()
        for number in range(first, first + count):
            block.take(host, seed, number)
        print(json.dumps(block.as_json()), flush=True)
    host.close()


if __name__ == "__main__":
    main()
