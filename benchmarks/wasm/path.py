"""Bar 10: the whole path of a call, dispatcher to guest and back with its trace committed, and where it goes."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.durable.report import Figures, Report
from benchmarks.wasm.calls import METERED
from benchmarks.wasm.collecting import AS_SERVED
from benchmarks.wasm.sides import ask, in_turn, least


def bar10(report: Report, *, rounds: int, fan: int, runs: int) -> Figures:
    """Run the plans and return what a call costs, whole and in parts."""
    answers = in_turn({"ours": partial(ask, "path_side.py", fan, runs)}, rounds)["ours"]
    noop, canned, path = (
        least([answer[name] for answer in answers], "cpu_us") for name in ("noop", "canned", "path")
    )
    agent, fiber, here = (least(answers, f"{name}_us") for name in ("agent", "fresh_fiber", "fresh"))
    best: dict[str, Any] = min((answer["path"] for answer in answers), key=lambda told: float(told["cpu_us"]))
    parts = [
        ("dispatcher, journal and row of an agent that does nothing", noop),
        ("what is more in a guest's trace: usage, recording", canned - noop),
        ("a fresh guest on a fiber", fiber),
        ("its agent: grants, schemas, envelope, recording", agent - fiber),
        (f"the rest: {fan} at once, caches cold", path - canned - agent),
    ]
    report.table(
        f"{fan} calls of wasm:echo in flight together: CPU us of the whole process each, {METERED}, {AS_SERVED}",
        ("", "us", "of the whole"),
        [
            *((title, f"{us:.1f}", f"{us / path:.0%}") for title, us in parts),
            ("the whole path", f"{path:.1f}", "100%"),
            ("   of it on the loop's thread", f"{best['loop_us']:.1f}", f"{best['loop_us'] / path:.0%}"),
            ("   of it on the writer's", f"{best['writer_us']:.1f}", f"{best['writer_us'] / path:.0%}"),
            ("a fresh call on a fiber, as in the path: ratio", f"{fiber:.1f}", f"{path / fiber:.2f}x"),
            ("a fresh call in place: ratio", f"{here:.1f}", f"{path / here:.2f}x"),
        ],
    )
    return {
        "bar10_path_us": round(path, 2),
        "bar10_fresh_us": round(fiber, 2),
        "bar10_ratio": round(path / fiber, 3),
        "bar10_fresh_in_place_us": round(here, 2),
        "bar10_ratio_in_place": round(path / here, 3),
        "bar10_noop_us": round(noop, 2),
        "bar10_larger_trace_us": round(canned - noop, 2),
        "bar10_agent_us": round(agent - fiber, 2),
        "bar10_rest_us": round(path - canned - agent, 2),
    }
