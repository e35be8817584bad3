"""Bar 4: thousands of guests that wait for their host at once, on one thread."""

from __future__ import annotations

from functools import partial

from benchmarks.durable.report import Figures, Report
from benchmarks.wasm.calls import METERED
from benchmarks.wasm.collecting import AS_SERVED
from benchmarks.wasm.sides import ask, in_turn, least

WAIT_MS = 500


def bar4(report: Report, *, rounds: int, guests: int) -> Figures:
    """Suspend them and return what they cost."""
    answers = in_turn({"ours": partial(ask, "waits_side.py", guests, WAIT_MS)}, rounds)["ours"]
    threads = max(answer["threads"] for answer in answers)
    if threads != 1:
        raise SystemExit(f"{guests} guests waited on {threads} threads")
    most = max(answer["most"] for answer in answers)
    report.table(
        f"{guests} guests in a host call of {WAIT_MS} ms, one thread, {METERED}, {AS_SERVED}, least of {rounds} rounds",
        ("", "found"),
        [
            ("all done within, s", f"{least(answers, 'wall_s'):.2f}"),
            ("CPU us each, all threads", f"{least(answers, 'cpu_us'):.1f}"),
            ("   of it on the loop's thread", f"{least(answers, 'thread_us'):.1f}"),
            ("   of it what asyncio.sleep alone costs", f"{least(answers, 'asyncio_us'):.1f}"),
            ("CPU us each, the collector as Python sets it", f"{least(answers, 'default_gc_us'):.1f}"),
            ("resident KiB each, all of them suspended", f"{least(answers, 'rss_kb'):.1f}"),
            ("most in flight at once, of those that waited their own time", f"{most}"),
        ],
    )
    return {
        "bar4_guests": guests,
        "bar4_wall_s": round(least(answers, "wall_s"), 3),
        "bar4_cpu_us": round(least(answers, "cpu_us"), 2),
        "bar4_default_gc_cpu_us": round(least(answers, "default_gc_us"), 2),
        "bar4_rss_kb": round(least(answers, "rss_kb"), 2),
        "bar4_most_at_once": most,
        "bar4_threads": threads,
    }
