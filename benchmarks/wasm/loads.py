"""Bar 5: loading what was compiled before, and a fresh call of a Python and of a JavaScript agent."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.durable.report import Figures, Report
from benchmarks.wasm.calls import METERED
from benchmarks.wasm.components import components
from benchmarks.wasm.large import large_module
from benchmarks.wasm.sides import ask, in_turn, least

CORE = "5mb"


def bar5(report: Report, *, rounds: int, size: int, built: Path | None, folder: Path) -> Figures:
    """Build the modules, load and call them, and return the figures."""
    core = folder / "large.wasm"
    core.write_bytes(large_module(size))
    modules: dict[str, Path] = {CORE: core}
    modules.update(components(report, folder, built=built))
    named = [f"{name}={path}" for name, path in modules.items()]
    answers = in_turn({"ours": partial(ask, "loads_side.py", folder / "aot", *named)}, rounds)["ours"]
    found: Figures = {}
    rows = []
    for name in modules:
        told = [answer[name] for answer in answers]
        us = {key: least(told, key) for key in told[0]}
        rows.append((
            name, f"{us['bytes'] / 1e6:.1f}", f"{us['held_us'] / 1000:.3f}", f"{us['host_us'] / 1000:.2f}",
            f"{us['first_us'] / 1000:.2f}", f"{max(each['compiled_s'] for each in told):.1f}",
            f"{us['first_call_us'] / 1000:.3f}", f"{us['fresh_us'] / 1000:.3f}",
        ))  # fmt: skip
        found[f"bar5_load_{name}_ms"] = round(us["held_us"] / 1000, 4)
        found[f"bar5_load_{name}_hashed_ms"] = round(us["host_us"] / 1000, 3)
        found[f"bar5_first_seen_{name}_ms"] = round(us["first_us"] / 1000, 3)
        found[f"bar5_{name}_fresh_ms"] = round(us["fresh_us"] / 1000, 4)
    report.table(
        f"compiled code: CPU ms, {METERED}, least of {rounds} rounds",
        ("", "MB", "load", "with its hash", "first seen", "compiled, s", "first call", "fresh call"),
        rows,
    )
    report.say(
        "load: from the descriptor that holds what was verified, to code ready for instances. With its hash:\n"
        "Host.load, which also hashes the module. First seen: by a process that has read none of it, and checks\n"
        "its signature. First call: the first in a process. Compiled: wall time, apart, under its budget."
    )
    return found
