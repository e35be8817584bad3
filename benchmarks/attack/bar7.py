"""Any bytes: refused at once or compiled within a budget; and failing host calls, each heard of by whoever made it."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from benchmarks.attack.batch import run_in_child
from benchmarks.attack.failing_calls import THREADS, fail_often
from benchmarks.attack.fuzz_child import REFUSED_MS
from benchmarks.chaos.figures import Figure

CHILD: Final = Path(__file__).with_name("fuzz_child.py")
BLOCK: Final = 100
PATIENCE_S: Final = 300.0
SHOWN: Final = 10


def fuzz(cases: int, seed: int) -> list[Figure]:
    """Load so many cases, in one process for each core, and return what was counted."""
    lanes = os.cpu_count() or 1
    blocks = [(first, min(BLOCK, cases - first)) for first in range(0, cases, BLOCK)]
    with ThreadPoolExecutor(lanes) as threads:
        found = [
            f for lane in threads.map(lambda n: _run(seed, blocks[n::lanes]), range(lanes)) for f in lane
        ]
    codes = sum((Counter(block.get("codes", {})) for block in found), Counter[str]())
    died = [f"{block['name']} {block['code']}" for block in found if block["code"] != "ok"]
    outside = [told for block in found for told in block.get("outside", ())]
    slow = [told for block in found for told in block.get("slow", ())]
    loaded = sum(count for code, count in codes.items() if not code.startswith(("load.", "compile.")))
    return [
        Figure("bar7_cases", codes.total(), what=_commonest(codes)),
        Figure("bar7_host_crashes", len(died), most=0, what=_few(died)),
        Figure("bar7_outside_taxonomy", len(outside), most=0, what=_few(outside)),
        Figure("bar7_refused_slowly", len(slow), most=0, what=_few(slow) or f"over {REFUSED_MS:g} ms"),
        Figure(
            "bar7_refused_ms_max",
            max((block.get("slowest_ms", 0.0) for block in found), default=0.0),
            most=REFUSED_MS,
        ),
        Figure(
            "bar7_refused_costly",
            sum(block.get("costly", 0) for block in found),
            most=0,
            what=f"over {REFUSED_MS:g} ms of CPU time, the child's included",
        ),
        Figure(
            "bar7_refused_cpu_ms_max", max((block.get("costliest_ms", 0.0) for block in found), default=0.0)
        ),
        Figure("bar7_loaded_and_run", loaded),
        Figure("bar7_compile_budget", codes["compile.budget"] + codes["compile.failed"]),
    ]


def failing_calls(times: int) -> list[Figure]:
    """Make so many failing host calls from eight threads and return what became of them."""
    found = fail_often(times)
    return [
        Figure("bar7_failing_host_calls", found.made, what=f"from {THREADS} threads, in four ways"),
        Figure("bar7_lost", found.lost, most=0),
        Figure("bar7_misdelivered", found.astray, most=0),
    ]


def _run(seed: int, blocks: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    lines = [(f"cases {first} to {first + count - 1}", f"{seed} {first} {count}") for first, count in blocks]
    return list(run_in_child([sys.executable, "-P", str(CHILD)], lines, patience_s=PATIENCE_S))


def _commonest(codes: Counter[str]) -> str:
    return ", ".join(f"{count} {code}" for code, count in codes.most_common(SHOWN))


def _few(told: Sequence[str]) -> str:
    return "; ".join(told[:SHOWN]) + (f"; {len(told) - SHOWN} more" if told[SHOWN:] else "")
