"""Bars 1 to 3: a warm call, a fresh one, and a guest's call to its host, beside Extism and a bare loop."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.durable.report import Figures, Report
from benchmarks.wasm.modules import ECHO_EXTISM, HOST_CALLS_EXTISM, module
from benchmarks.wasm.sides import Answer, ask, in_turn, least_of_all

OURS: Final = "ours"
EXTISM: Final = "extism"
METERED: Final = "epoch on, fuel on"
EXTISM_METERED: Final = "epoch on, fuel off"
"""As its Python package ships."""

ROWS: Final = (
    # bar, our figure, what it is, Extism's for the same
    ("1", "warm_100b", "warm call, 100 B echo, bytes to bytes", "warm_100b"),
    ("1", "bare_100b", "the same by a bare ctypes loop", None),
    ("1", "warm_1mb", "warm call, 1 MB echo, bytes to bytes", "warm_1mb"),
    ("1", "bare_1mb", "the same by a bare ctypes loop", None),
    ("1", "json_1mb", "the same, JSON checked on both ends", None),
    ("2", "fresh_100b", "fresh isolated instance and call, 100 B", "fresh_100b"),
    ("2", "armed_100b", "the same, made ahead: what the caller waits", None),
    ("3", "host_call", "guest's call to its host, 16 B, answered in place", "host_call"),
    ("3", "host_call_fibers", "the same on a fiber that is set aside", None),
)


def bars_1_to_3(
    report: Report, *, bars: Collection[str], peers: str | None, rounds: int, calls: int, folder: Path
) -> Figures:
    """Measure both sides in turn and return the figures of these bars."""
    for name, text in (("echo", ECHO_EXTISM), ("host_calls", HOST_CALLS_EXTISM)):
        (folder / f"{name}.wasm").write_bytes(module(text))
    sides = {OURS: partial(ask, "calls_side.py", calls)}
    if peers:
        sides[EXTISM] = partial(ask, "extism_side.py", folder, calls, python=peers)
    played = in_turn(sides, rounds)
    ours, theirs = least_of_all(played[OURS]), least_of_all(played[EXTISM]) if peers else {}
    version = played[EXTISM][0]["version"] if peers else ""
    report.table(
        f"calls: CPU us, least of {rounds} rounds; ours {METERED}"
        + (f"; Extism {version} {EXTISM_METERED}, wasi=False" if peers else ""),
        ("", "ours", "Extism", "ratio"),
        [_row(title, ours[key], theirs.get(peer or "")) for bar, key, title, peer in ROWS if bar in bars],
    )
    share = ours["other_threads"]
    report.say(
        f"of the process's CPU in warm calls, {share:.1%} are other threads': what moves the epoch on every 2 ms"
    )
    found = figures(ours, theirs)
    return {key: value for key, value in found.items() if key[3] in bars}


def _row(title: str, ours: float, theirs: float | None) -> tuple[str, ...]:
    if theirs is None:
        return title, f"{ours:.2f}", "", ""
    return title, f"{ours:.2f}", f"{theirs:.2f}", f"{ours / theirs:.3f}"


def figures(ours: Answer, theirs: Answer) -> Figures:
    """Return what the last line tells: our figures, and their ratios to Extism's where it took part."""
    found: Figures = {
        "bar1_warm_100b_us": ours["warm_100b"],
        "bar1_warm_100b_ratio_bare": ours["warm_100b"] / ours["bare_100b"],
        "bar1_1mb_us": ours["warm_1mb"],
        "bar1_1mb_ratio_bare": ours["warm_1mb"] / ours["bare_1mb"],
        "bar1_1mb_json_checked_us": ours["json_1mb"],
        "bar1_other_threads_share": ours["other_threads"],
        "bar2_fresh_us": ours["fresh_100b"],
        "bar2_armed_wait_us": ours["armed_100b"],
        "bar2_armed_wait_ratio_warm": ours["armed_100b"] / ours["warm_100b"],
        "bar3_host_call_us": ours["host_call"],
        "bar3_host_call_fibers_us": ours["host_call_fibers"],
    }
    if theirs:
        found |= {
            "bar1_warm_100b_ratio_extism": ours["warm_100b"] / theirs["warm_100b"],
            "bar1_1mb_ratio_extism": ours["warm_1mb"] / theirs["warm_1mb"],
            "bar2_fresh_ratio_extism": ours["fresh_100b"] / theirs["fresh_100b"],
            "bar3_host_call_ratio_extism": ours["host_call"] / theirs["host_call"],
            "bar3_host_call_fibers_ratio_extism": ours["host_call_fibers"] / theirs["host_call"],
        }
    return {key: round(value, 4) for key, value in sorted(found.items())}
