"""Bar 9: what the library costs to start, and a service under a steady load of ready plans."""

from __future__ import annotations

import json
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.durable.contender import CHAIN
from benchmarks.durable.load import Plans
from benchmarks.durable.report import Figures, Report
from benchmarks.durable.resident import cpu_s, resident_mb
from benchmarks.durable.rounds import HERE, clean_environment

PATIENCE_S: Final = 60.0
"""For everything that was taken in to end."""
POLL_S: Final = 0.02
FINAL: Final = "('succeeded', 'failed', 'cancelled', 'rejected')"


def bar9(report: Report, *, rounds: int, rate: float, seconds: float, folder: Path) -> Figures:
    """Start the library some times, then load a service twice: with a plan a request, and with one for all."""
    found = embedded(report, rounds=rounds, folder=folder)
    found |= loaded(report, "own", rate=rate, seconds=seconds, folder=folder / "own")
    same = loaded(report, "same", rate=rate, seconds=seconds, folder=folder / "same")
    found |= {f"bar9_same_plan_{key.removeprefix('bar9_')}": value for key, value in same.items()}
    report.table("bar 9", ("", "found"), list(found.items()))
    return found


def embedded(report: Report, *, rounds: int, folder: Path) -> Figures:
    """Return what a fresh process with the library needs until it takes runs in."""
    ready: list[float] = []
    sizes: list[dict[str, float]] = []
    for number in range(rounds + 1):
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, str(HERE / "embedded_side.py"), str(folder / f"embedded{number}.db")],
            stdout=subprocess.PIPE, text=True, env=clean_environment(), cwd=folder,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            line = child.stdout.readline()
            ready.append((time.perf_counter() - began) * 1000)
            try:
                rest, _ = child.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired as exc:
                child.kill()
                raise SystemExit(
                    f"the embedded library did not run its plan within {PATIENCE_S:g} s"
                ) from exc
        if line != "ready\n" or child.returncode != 0:
            raise SystemExit(f"the embedded library answered {line!r} and ended with {child.returncode}")
        sizes.append(json.loads(rest))
    ready, sizes = ready[1:], sizes[1:]  # the first read modules from a cold disk
    report.say(f"embedded: ready after {', '.join(f'{ms:.0f}' for ms in ready)} ms")
    return {
        "bar9_embedded_ready_ms": round(statistics.median(ready), 1),
        "bar9_embedded_rss_mb": statistics.median(size["mb"] for size in sizes),
        "bar9_embedded_ready_rss_mb": statistics.median(size["ready_mb"] for size in sizes),
    }


def loaded(report: Report, plans: Plans, *, rate: float, seconds: float, folder: Path) -> Figures:
    """Return what one service answered to a steady load, and how long it worked on after it."""
    folder.mkdir()
    wanted, warm = round(rate * seconds), round(min(rate, 100))
    path = folder / "service.db"
    with service(folder) as (child, address):
        idle_mb = resident_mb(child.pid)
        offer(address, plans, rate=warm, seconds=1)  # first calls load code
        cpu = cpu_s(child.pid)
        load = offer(address, plans, rate=rate, seconds=seconds)
        left = await_all(path, int(load["statuses"].get("202", 0)) + warm)
        ended, used = time.monotonic(), cpu_s(child.pid) - cpu
        peak_mb = resident_mb(child.pid, "VmHWM")
        child.send_signal(signal.SIGTERM)
        child.wait(30)
    runs, traces = (count - before for count, before in zip(kept(path), (warm, warm * CHAIN), strict=True))
    if (runs, traces) != (wanted, wanted * CHAIN):
        report.say(f"NOT ALL DONE: {wanted} were offered, {runs} succeeded, {traces} traces are kept")
        report.say(f"answers: {load['statuses']}; 0 stands for none")
    return {
        "bar9_service_rss_mb": idle_mb,
        "bar9_service_rss_loaded_mb": peak_mb,
        "bar9_post_per_s": load.pop("answered_per_s"),
        "bar9_all_finished_s": round(max(ended - load.pop("last_answer"), 0), 2),
        "bar9_unfinished": left,
        "bar9_runs_succeeded": runs,
        "bar9_traces": traces,
        "bar9_service_cpu_ms_per_post": round(used * 1000 / wanted, 3),
        **{f"bar9_{name}": value for name, value in load.items()},
    }


@contextmanager
def service(folder: Path, *, files: str = "off") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a service; yield it and its address."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "service_side.py"), str(folder), files],
        stdout=subprocess.PIPE, text=True, env=clean_environment(), cwd=folder,
    ) as child:  # fmt: skip
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            if not line:
                raise SystemExit("the service did not start")
            yield child, json.loads(line)["url"].removeprefix("http://")
        finally:
            if child.poll() is None:
                child.kill()


def offer(address: str, plans: Plans, *, rate: float, seconds: float) -> dict[str, Any]:
    """Return what the load generator, a process of its own, says of a load."""
    done = subprocess.run(
        [sys.executable, str(HERE / "load.py"), address, "--plans", plans,
         "--rate", str(rate), "--seconds", str(seconds)],
        check=True, stdout=subprocess.PIPE, text=True, env=clean_environment(),
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def await_all(path: Path, runs: int) -> int:
    """Wait until as many runs have ended; return how many have not when patience is over."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        limit = time.perf_counter() + PATIENCE_S
        while True:
            (ended,) = connection.execute(f"SELECT count(*) FROM run WHERE state IN {FINAL}").fetchone()
            if ended >= runs or time.perf_counter() > limit:
                return runs - int(ended)
            time.sleep(POLL_S)


def kept(path: Path) -> tuple[int, int]:
    """Return how many runs succeeded and how many traces were kept."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (runs,) = connection.execute("SELECT count(*) FROM run WHERE state = 'succeeded'").fetchone()
        (traces,) = connection.execute("SELECT count(*) FROM trace WHERE status = 'success'").fetchone()
    return int(runs), int(traces)
