"""What loading compiled code costs, and a fresh call of Python and JavaScript, as one JSON line.

    python loads_side.py FOLDER NAME=MODULE...

FOLDER keeps compiled code. Each module is compiled into it when it is not there
yet; then it is loaded as a process loads it first, which checks its signature,
and again and again by the descriptor that is held from then on.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

from benchmarks.wasm.shapes import SMALL
from benchmarks.wasm.timing import best
from wasm_agents.binary import kind_of
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.component.code import ComponentCode
from wasm_agents.engines import engine_of
from wasm_agents.guest import Code, Guest
from wasm_agents.host import Host
from wasm_agents.limits import MIB, GuestLimits
from wasm_agents.loaded import CoreCode

LOADS = 5
CALLS = 10
PATIENCE_S = 60.0
LIMITS = GuestLimits(wall_ms=60_000, fuel=10_000_000_000, memory_bytes=128 * MIB)


def main() -> None:
    """Measure every module."""
    folder = Path(sys.argv[1])
    found = {}
    for named in sys.argv[2:]:
        name, _, path = named.partition("=")
        found[name] = measure(folder, Path(path).read_bytes())
    print(json.dumps(found))


def measure(folder: Path, wasm: bytes) -> dict[str, float]:
    """Return what loading and calling one module costs, CPU microseconds."""
    kind, digest = kind_of(wasm), hashlib.sha256(wasm).hexdigest()
    engine_of(kind)
    compiling = Compiler(folder)
    began = time.perf_counter()
    compiling.compile_module(wasm, digest=digest, profile=kind).close()
    compiled_s = time.perf_counter() - began
    compiling.close()
    compiler = Compiler(folder)
    first = spent(lambda: load(compiler, wasm, digest))
    held = best(lambda: load(compiler, wasm, digest), LOADS)
    host = Host(compiler)
    whole = spent(lambda: host.load(wasm, LIMITS))
    guest = host.load(wasm, LIMITS)
    paged_in = spent(lambda: called(guest))
    found = {
        "first_us": first, "held_us": held, "host_us": whole, "first_call_us": paged_in,
        "fresh_us": best(lambda: called(guest), CALLS), "compiled_s": compiled_s, "bytes": len(wasm),
    }  # fmt: skip
    host.close()
    compiler.close()
    return found


def load(compiler: Compiler, wasm: bytes, digest: str) -> Code:
    """Return a module's code, ready for instances."""
    kind = kind_of(wasm)
    artifact = compiler.compile_module(wasm, digest=digest, profile=kind)
    try:
        if kind == "component":
            return ComponentCode(artifact.path, engine_of(kind).handle)
        return CoreCode(artifact)
    finally:
        artifact.close()


def called(guest: Guest) -> bytes:
    """Return what a fresh instance answers."""
    return guest.call(SMALL, PATIENCE_S).output


def spent(once: object) -> float:
    """Return the CPU microseconds of one call of `once`."""
    assert callable(once)
    began = time.thread_time()
    once()
    return (time.thread_time() - began) * 1e6


if __name__ == "__main__":
    main()
