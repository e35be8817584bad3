from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.wasm.bare_loop import BareLoop
from benchmarks.wasm.calls import figures
from benchmarks.wasm.large import large_module
from benchmarks.wasm.modules import ECHO, module
from benchmarks.wasm.shapes import LARGE, SMALL, wrapped
from benchmarks.wasm.sides import ask, in_turn, least_of_all
from benchmarks.wasm.timing import best_each
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

ROOT: Final = Path(__file__).parents[2]
TINY: Final = ("--rounds", "1", "--calls", "8", "--guests", "40", "--fan", "10", "--runs", "1")
OURS: Final = {
    "warm_100b": 5.0, "bare_100b": 4.0, "warm_1mb": 60.0, "bare_1mb": 50.0, "json_1mb": 900.0, "fresh_100b": 30.0,
    "armed_100b": 8.0, "host_call": 3.0, "host_call_fibers": 9.0, "other_threads": 0.01,
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-P", str(ROOT / "benchmarks" / "wasm" / "bench.py"), *TINY]
    command += ["--module-bytes", "20000", "--peers", str(folder / "none"), "--components", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "said": done.stderr}


@pytest.mark.parametrize(
    "key",
    [
        *("bar1_warm_100b_us", "bar1_warm_100b_ratio_bare", "bar1_1mb_us", "bar1_1mb_json_checked_us"),
        *("bar2_fresh_us", "bar2_armed_wait_ratio_warm", "bar3_host_call_us", "bar3_host_call_fibers_us"),
        *("bar4_wall_s", "bar4_cpu_us", "bar4_rss_kb", "bar5_load_5mb_ms", "bar5_first_seen_5mb_ms"),
        *("bar10_path_us", "bar10_fresh_us", "bar10_ratio", "bar10_ratio_in_place", "bar10_noop_us"),
    ],
)
def test_the_last_line_holds_every_figure(tiny_run: dict[str, Any], key: str) -> None:
    assert tiny_run[key] >= 0


def test_a_run_without_peers_or_components_says_so(tiny_run: dict[str, Any]) -> None:
    assert "no peers" in tiny_run["said"]
    assert "no python" in tiny_run["said"]
    assert not [key for key in tiny_run if "extism" in key or "python" in key]


def test_guests_that_wait_share_one_thread(tiny_run: dict[str, Any]) -> None:
    assert (tiny_run["bar4_guests"], tiny_run["bar4_most_at_once"], tiny_run["bar4_threads"]) == (40, 40, 1)


def test_the_parts_of_the_path_make_the_whole(tiny_run: dict[str, Any]) -> None:
    parts = ("noop", "larger_trace", "fresh", "agent", "rest")
    assert sum(tiny_run[f"bar10_{part}_us"] for part in parts) == pytest.approx(
        tiny_run["bar10_path_us"], abs=0.1
    )


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_the_bare_loop_and_the_host_answer_alike(content: bytes) -> None:
    host, limits = Host(), GuestLimits()
    code = module(ECHO)
    kept = host.load(code, limits).keep()
    assert BareLoop(host, code, limits).call(content) == kept.call(content, 5.0).output == wrapped(content)
    host.close()


def test_the_large_module_is_as_large_as_asked_and_answers() -> None:
    wasm = large_module(30_000)
    host = Host()
    assert host.load(wasm, GuestLimits()).call(SMALL, 5.0).output == SMALL
    assert len(wasm) == pytest.approx(30_000, rel=0.05)
    host.close()


def test_sides_answer_in_turn_and_the_least_counts() -> None:
    order: list[str] = []
    costs = iter([3.0, 1.0, 2.0, 5.0])

    def side(name: str) -> dict[str, Any]:
        order.append(name)
        return {"us": next(costs), "version": "1"}

    played = in_turn({name: partial(side, name) for name in ("a", "b")}, 2)
    assert order == ["a", "b", "b", "a"]
    assert (least_of_all(played["a"]), least_of_all(played["b"])) == ({"us": 3.0}, {"us": 1.0})


def test_each_of_several_calls_is_timed_in_turn() -> None:
    made: list[str] = []
    found = best_each({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 2, rounds=2)
    assert "".join(made) == "ab" + "aabb" * 2
    assert all(us >= 0 for us in found.values())


def test_a_side_that_fails_ends_the_run_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match=r"waits_side.py failed:(.|\n)*ValueError"):
        ask("waits_side.py", "many", 1)


def test_ratios_are_ours_to_theirs() -> None:
    found = figures(OURS, {"warm_100b": 10.0, "warm_1mb": 600.0, "fresh_100b": 150.0, "host_call": 9.0})
    ratios = {key: value for key, value in found.items() if "ratio_extism" in key}
    assert ratios == {
        "bar1_1mb_ratio_extism": 0.1,
        "bar1_warm_100b_ratio_extism": 0.5,
        "bar2_fresh_ratio_extism": 0.2,
        "bar3_host_call_fibers_ratio_extism": 1.0,
        "bar3_host_call_ratio_extism": 0.3333,
    }
