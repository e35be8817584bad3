from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from benchmarks.durable.bar1 import DBOS, FILES, FLOOR, INDEXED, LANGGRAPH, OURS, figures
from benchmarks.durable.floor_side import bare, rows_of, write
from benchmarks.durable.load import Load, quantile
from benchmarks.durable.resident import cpu_s, resident_mb
from benchmarks.durable.rounds import Contender, middle, turned
from benchmarks.durable.shapes import chain_plan, fan_plan, objective_body
from benchmarks.durable.slow_disk import build_shim, slow_disk
from contracts.plan import load_plan

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


class Served(asyncio.Protocol):
    """A connection as the server sees it, until it is closed."""

    def __init__(self, heads: list[bytes]) -> None:
        self.heads = heads
        self.closed = asyncio.Event()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


class Answering(Served):
    """Answers every request in two pieces."""

    @override
    def data_received(self, data: bytes) -> None:
        self.heads.append(data.partition(b"\r\n\r\n")[0])
        self.transport.write(ANSWER[:30])
        asyncio.get_running_loop().call_soon(self.transport.write, ANSWER[30:])


class HangingUp(Served):
    @override
    def data_received(self, data: bytes) -> None:
        self.transport.abort()


@asynccontextmanager
async def listening(make: type[Served]) -> AsyncIterator[tuple[int, list[bytes]]]:
    heads: list[bytes] = []
    made: list[Served] = []

    def serve() -> Served:
        made.append(make(heads))
        return made[-1]

    async with await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heads
        for served in made:
            await served.closed.wait()


async def test_every_request_of_a_load_is_answered_and_timed() -> None:
    async with listening(Answering) as (port, _):
        load = Load("127.0.0.1", port, rate=1000, count=40)
        await load.run(2)
    assert load.statuses == {202: 40}
    assert load.last_answer > load.began
    assert len(load.latencies) == 40
    assert all(latency > 0 for latency in load.latencies)


async def test_every_request_of_a_load_has_a_key_of_its_own() -> None:
    async with listening(Answering) as (port, heads):
        await Load("127.0.0.1", port, rate=1000, count=20).run(1)
    keys = {line for head in heads for line in head.split(b"\r\n") if line.startswith(b"Idempotency-Key")}
    assert len(keys) == 20


async def test_a_request_whose_connection_breaks_counts_as_unanswered() -> None:
    async with listening(HangingUp) as (port, _):
        load = Load("127.0.0.1", port, rate=1000, count=3)
        await load.run(3)
    assert load.statuses == {0: 3}


def test_a_quantile_is_one_of_the_samples() -> None:
    samples = [float(n) for n in range(1, 101)]
    assert [quantile(samples, q) for q in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]


def test_every_plan_of_the_bench_passes_the_checks() -> None:
    plans = [load_plan(fan_plan(3)), load_plan(chain_plan(3, "row"))]
    plans += [load_plan(json.loads(objective_body(n))["plan"]) for n in range(2)]
    assert [len(plan.subtasks) for plan in plans] == [3, 3, 5, 5]
    assert len({plan.plan_id for plan in plans}) == 4


def test_a_chain_waits_for_the_step_before() -> None:
    plan = load_plan(chain_plan(3, "row"))
    assert [subtask.dependencies for subtask in plan.subtasks] == [(), ("s0",), ("s1",)]


@pytest.mark.parametrize("keys", ["with", "without"])
def test_the_floor_writes_the_very_rows_it_was_given(tmp_path: Path, keys: str) -> None:
    theirs = sqlite3.connect(tmp_path / "theirs.db", isolation_level=None)
    theirs.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, body TEXT UNIQUE)")
    theirs.execute("CREATE TABLE empty (id INTEGER)")
    theirs.execute("CREATE INDEX a_by_body ON a (body)")
    theirs.executemany("INSERT INTO a VALUES (?, ?)", [(i, f"row {i}") for i in range(10)])
    theirs.close()
    made, rows = rows_of(tmp_path / "theirs.db")
    floor = sqlite3.connect(":memory:", isolation_level=None)
    for sql in made if keys == "with" else bare(rows):
        floor.execute(sql)
    write(floor, rows, 3)
    found = floor.execute("SELECT * FROM a").fetchall()
    floor.close()
    assert found == [(i, f"row {i}") for i in range(10)]


def test_whoever_copies_rows_comes_after_their_owner_in_every_round() -> None:
    ours, copies, peer = Contender("ours", ""), Contender("floor", "", like="ours"), Contender("peer", "")
    orders = [[c.name for c in turned([ours, copies, peer], by)] for by in range(3)]
    assert orders == [["ours", "peer", "floor"], ["peer", "ours", "floor"], ["ours", "peer", "floor"]]


def test_figures_are_medians_and_ratios_of_them() -> None:
    seconds = {
        OURS: [0.1, 0.2, 9.0],
        FILES: [0.4],
        FLOOR: [0.05],
        INDEXED: [0.1],
        LANGGRAPH: [1.0],
        DBOS: [6.0],
    }
    played = {name: [{"seconds": s} for s in times] for name, times in seconds.items()}
    found = figures("fan", played, 1000)
    assert (found["bar1_fan_ms_per_subtask"], found["bar1_with_files_fan_ms_per_subtask"]) == (0.2, 0.4)
    assert (found["bar1_fan_ratio_langgraph"], found["bar1_fan_ratio_dbos_steps"]) == (5.0, 30.0)
    assert (found["bar1_floor_ratio_fan"], found["bar1_floor_ratio_indexed_fan"]) == (4.0, 2.0)


def test_a_figure_nobody_gave_counts_as_nothing() -> None:
    assert middle([{"seconds": 1.0}, {"seconds": 3.0}], "fsyncs") == 0


def test_what_a_process_holds_and_used_is_known() -> None:
    assert 1 < resident_mb(os.getpid()) <= resident_mb(os.getpid(), "VmHWM")
    assert cpu_s(os.getpid()) > 0


def test_a_slow_disk_delays_and_counts_every_sync(tmp_path: Path) -> None:
    shim = build_shim(tmp_path)
    if shim is None:
        pytest.skip("no C compiler for the shim")
    script = (
        "import os, sys\n"
        "from benchmarks.durable.contender import syncs\n"
        "file = open(sys.argv[1], 'w')\n"
        "os.fsync(file.fileno()); os.fdatasync(file.fileno())\n"
        "print(syncs().count, syncs().seconds >= 0.02)\n"
    )
    environment = os.environ | slow_disk(shim, sync_ms=10) | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", script, str(tmp_path / "file")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert done.stdout == "2 True\n"
