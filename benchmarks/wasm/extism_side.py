"""What Extism costs, in the peers' environment: CPU microseconds a call, minimum of many, as one JSON line.

    python extism_side.py FOLDER CALLS

FOLDER holds `echo.wasm` and `host_calls.wasm` by Extism's ABI. It runs as its
package ships, epoch on and fuel off, without WASI: its best case.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import extism

from benchmarks.wasm.shapes import HOST_CALLS, LARGE, SMALL, wrapped
from benchmarks.wasm.timing import best


@extism.host_fn(name="echo", namespace="extism:host/user")  # type: ignore[untyped-decorator]  # not in our environment
def echo(given: bytes) -> bytes:
    """Give back what was given."""
    return given


def main() -> None:
    """Measure every case."""
    folder, calls = Path(sys.argv[1]), int(sys.argv[2])
    code, asking = (folder / "echo.wasm").read_bytes(), (folder / "host_calls.wasm").read_bytes()
    plugin = extism.Plugin(code, wasi=False)
    assert bytes(plugin.call("execute", SMALL)) == wrapped(SMALL)
    assert bytes(plugin.call("execute", LARGE)) == wrapped(LARGE)
    compiled = extism.extism.CompiledPlugin(code, wasi=False)
    caller = extism.Plugin(asking, wasi=False, functions=[echo])
    many = b"x" * HOST_CALLS
    print(json.dumps({
        "version": extism.extism_version(),
        "warm_100b": best(lambda: plugin.call("execute", SMALL), calls),
        "warm_1mb": best(lambda: plugin.call("execute", LARGE), max(1, calls // 60)),
        "fresh_100b": best(lambda: extism.Plugin(compiled).call("execute", SMALL), max(1, calls // 8)),
        "host_call": best(lambda: caller.call("execute", many), 1) / HOST_CALLS,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
