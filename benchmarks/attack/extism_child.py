"""Run guests under Extism, one a line of stdin, and tell how each ended on stdout.

Runs in the peers' environment: it imports nothing of this project. A line is
a JSON object: `name`, `path` of the module, `function`, `given`, `timeout_ms`,
`max_pages`.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

import extism

_SELF = Path("/proc/self")


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Return how one guest ended, and what it cost."""
    wasm = Path(asked["path"]).read_bytes()
    limits = {"memory": {"max_pages": asked["max_pages"]}, "timeout_ms": asked["timeout_ms"]}
    found: dict[str, Any] = {"code": "ok", "load_ms": 0.0, "call_ms": 0.0, "text": ""}
    gc.collect()
    (_SELF / "clear_refs").write_text("5", encoding="ascii")
    before, started, called = field("VmRSS"), time.perf_counter(), 0.0
    try:
        plugin = extism.Plugin({"wasm": [{"data": wasm}], **limits}, wasi=True)
        called = time.perf_counter()
        plugin.call(asked["function"], asked["given"].encode())
    except Exception as error:  # noqa: BLE001  # whatever it raises is what this measures
        found["code"] = type(error).__module__ + "." + type(error).__name__
        found["text"] = str(error)[:500]
    ended = time.perf_counter()
    found["load_ms"] = round(((called or ended) - started) * 1000, 2)
    found["call_ms"] = round((ended - called) * 1000, 2) if called else 0.0
    found["grown_bytes"] = max(0, field("VmHWM") - before)
    return found


def field(name: str) -> int:
    """Return one of this process's sizes, in bytes."""
    for line in (_SELF / "status").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise LookupError(name)


def main() -> None:
    """Serve until stdin ends."""
    warm = Path(sys.argv[1])
    run({"path": warm, "function": "execute_x", "given": "{}", "max_pages": 16, "timeout_ms": 1000})
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
