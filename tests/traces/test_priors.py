"""What past traces tell: the right numbers, of the newest attempts alone, quickly, whatever stands in the file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from contracts.priors import Past, Prior
from storage.database import Database
from storage.reader import Reader
from storage.rows import RunRow, TraceRow, insert_run, insert_trace
from storage.tallies import attempts_of_agent, ended_runs, versions_of_agent
from tests.storage.filled import run, trace
from traces.priors import ALL_AGENTS, OF_PLAN, PER_AGENT, RUNS, VERSIONS, past_of, quantile
from traces.store import TraceStore

ROOT = Path(__file__).parents[2]
_NUMBERS = count(10)


def attempt(run_id: str = "r1", version: str = "0.1.0", **fields: Any) -> TraceRow:
    number = next(_NUMBERS)
    body = f'{{"metadata":{{"agent_version":"{version}"}}}}'
    whole: dict[str, Any] = {"attempt": 1, "duration_ms": 100.0, "body": body, **fields}
    return replace(trace(run_id, number), **whole)


@pytest.fixture
def keep(database: Database) -> Callable[..., None]:
    def keep_all(*rows: TraceRow | RunRow) -> None:
        database.commit([insert_run(r) if isinstance(r, RunRow) else insert_trace(r) for r in rows]).result(
            30
        )

    return keep_all


@pytest.fixture
def past(database: Database) -> Iterator[Callable[..., Past]]:
    with database.reader() as reader:
        yield lambda *agents, **more: past_of(reader, agents, **more)


def test_nothing_is_known_of_an_agent_that_never_ran(past: Callable[..., Past]) -> None:
    assert past("scrape", "data") == Past()


def test_durations_are_told_of_attempts_that_gave_something(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(*(attempt(duration_ms=float(ms)) for ms in (10, 20, 30, 40, 1000)))
    keep(
        attempt(status="failure", duration_ms=9e6),
        attempt(status="timeout"),
        attempt(status="partial_success"),
    )
    found = past("scrape").agents["scrape"]
    assert (found.attempts, found.failures, found.p50_ms) == (8, 0.25, 35)
    assert found.p95_ms == quantile([10, 20, 30, 40, 100, 1000], 0.95)
    assert found.mean_ms == 200


def test_an_agent_that_only_failed_has_the_times_of_its_failures(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(attempt(status="timeout", duration_ms=60_000))
    assert past("scrape").agents["scrape"].p50_ms == 60_000
    assert past("scrape").agents["scrape"].failures == 1


@pytest.mark.parametrize(
    "fields",
    [{"attempt": 0, "status": "skipped"}, {"status": "cancelled"}, {"attempt": 0, "status": "failure"}],
)
def test_what_never_ran_to_an_end_is_not_counted(
    past: Callable[..., Past], keep: Callable[..., None], fields: dict[str, Any]
) -> None:
    keep(attempt(**fields))
    assert past("scrape").agents == {}


def test_other_agents_attempts_are_other_agents_past(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(attempt(agent_type="data"), attempt(agent_type="wasm:echo"))
    assert past("scrape", "data").agents.keys() == {"data"}


def test_versions_are_counted_among_the_newest_attempts(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(*(attempt(version="0.1.0") for _ in range(VERSIONS)), *(attempt(version="0.2.0") for _ in range(3)))
    assert past("scrape").agents["scrape"].versions == {"0.2.0": 3, "0.1.0": VERSIONS - 3}


def test_elements_are_the_mean_of_the_lists_it_ran_over(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    for run_id, elements in (("r1", 3), ("r2", 9), ("r3", 50)):
        keep(*(attempt(run_id, item_index=n) for n in range(elements)))
    keep(attempt("r4"))
    assert past("scrape").agents["scrape"].elements == 21


@pytest.mark.parametrize(
    ("usages", "tokens", "usd"),
    [
        (['{"tokens":10,"usd":0.5}', '{"tokens":30}', "{}"], 20, 0.5),
        (['{"tokens":"many"}', '{"usd":-1}', '{"tokens":null}'], None, None),
        (['{"tokens":1e999}', '"tokens"', "[]"], None, None),
        (['{"tokens":', 'not json at all "tokens"'], None, None),
    ],
)
def test_costs_are_the_mean_of_what_attempts_say_and_can_be_reckoned_with(
    past: Callable[..., Past],
    keep: Callable[..., None],
    usages: list[str],
    tokens: float | None,
    usd: float | None,
) -> None:
    keep(*(attempt(usage=usage) for usage in usages))
    found = past("scrape").agents["scrape"]
    assert (found.tokens, found.usd) == (tokens, usd)


def test_a_body_that_is_no_json_costs_only_its_version(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(attempt(body="}{"), attempt(body='{"metadata":{"agent_version":7}}'), attempt())
    found = past("scrape").agents["scrape"]
    assert (found.attempts, found.versions) == (3, {"0.1.0": 1})


def test_a_plan_that_ran_has_a_past_of_each_of_its_steps(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(run("a", plan_id="p1"), run("b", "failed", plan_id="p1"), run("c", plan_id="p2"))
    keep(run("d", "running", plan_id="p1"))
    keep(attempt("a", subtask_id="s1", duration_ms=10), attempt("b", subtask_id="s1", duration_ms=30))
    keep(attempt("a", subtask_id="s2", duration_ms=500, agent_type="data"))
    keep(attempt("c", subtask_id="s1", duration_ms=9e9), attempt("d", subtask_id="s1", duration_ms=9e9))
    found = past("scrape", "data", plan_id="p1")
    assert found.runs == 2
    assert {sid: prior.p50_ms for sid, prior in found.steps.items()} == {"s1": 20, "s2": 500}


def test_hosts_are_those_of_runs_that_succeeded(past: Callable[..., Past], keep: Callable[..., None]) -> None:
    def asked(run_id: str, state: str, policy: str) -> RunRow:
        return replace(run(run_id, state), policy=policy)

    keep(
        asked("a", "succeeded", '{"hosts":["A.test","b.test"]}'), asked("b", "failed", '{"hosts":["c.test"]}')
    )
    keep(asked("c", "succeeded", "no json"), asked("d", "succeeded", '{"hosts":[7,"b.test"]}'))
    keep(asked("e", "succeeded", '{"hosts":"text"}'))
    assert past("scrape").hosts == {"a.test", "b.test"}


def test_the_newest_attempts_count_and_no_more_than_are_asked_for(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(*(attempt(duration_ms=9e9) for _ in range(50)))
    keep(*(attempt(duration_ms=10.0) for _ in range(PER_AGENT)))
    found = past("scrape").agents["scrape"]
    assert (found.attempts, found.mean_ms) == (PER_AGENT, 10)
    many = past("scrape", *(f"wasm:a{n}" for n in range(9))).agents["scrape"]
    assert many.attempts == ALL_AGENTS // 10


def test_only_the_newest_runs_of_a_plan_are_looked_into(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    keep(*(run(f"a{n}", plan_id="p1") for n in range(OF_PLAN + 5)))
    assert past("scrape", plan_id="p1").runs == OF_PLAN
    keep(*(run(f"b{n}", plan_id="p2") for n in range(RUNS)))
    assert past("scrape", plan_id="p1").runs == 0


def test_the_store_asks_for_the_same(database: Database, keep: Callable[..., None]) -> None:
    keep(attempt())
    with database.reader() as reader:
        assert TraceStore(reader).past(["scrape"]) == past_of(reader, ["scrape"])


@pytest.mark.parametrize(
    ("numbers", "q", "value"),
    [([7], 0.95, 7), ([1, 3], 0.5, 2), ([1, 2, 3], 0.5, 2), ([0, 10], 0.95, 9.5), ([1, 2], 1, 2)],
)
def test_a_quantile_lies_between_its_neighbours(numbers: Sequence[float], q: float, value: float) -> None:
    assert quantile(numbers, q) == value


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a file of 100,000 traces of eight agents, closed."""
    path = tmp_path_factory.mktemp("full") / "sheet.db"
    Database.open(path).close()
    row = insert_trace(attempt("r", agent_type="AGENT"))
    names = ("scrape", "data", "time", "vision", "wasm:a", "wasm:b", "wasm:c", "wasm:d")
    place = row.parameters.index("AGENT")
    with sqlite3.connect(path) as connection:
        connection.executemany(
            row.sql,
            (
                (
                    f"t{n}",
                    f"r{n // 10}",
                    n,
                    *row.parameters[3:place],
                    names[n % 8],
                    *row.parameters[place + 1 :],
                )
                for n in range(100_000)
            ),
        )
    connection.close()
    return path


@pytest.mark.slow
def test_of_a_hundred_thousand_traces_only_the_newest_are_read(full: Path) -> None:
    with Reader.open(full, beside="nothing") as reader:
        found = past_of(reader, ["scrape", "data", "time", "wasm:a"], plan_id="p1")
    assert found.agents["scrape"].attempts == PER_AGENT
    asked = (
        ended_runs(limit=RUNS),
        attempts_of_agent("scrape", limit=9),
        versions_of_agent("scrape", limit=9),
    )
    with sqlite3.connect(full) as connection:
        ways = [
            row[3]
            for query in asked
            for row in connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.parameters)
        ]
    connection.close()
    assert [way for way in ways if "trace" in way and "INDEX" not in way] == []


def test_reading_the_past_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sheet.db"
    with Database.open(path) as database:
        database.commit([insert_run(run("r1")), insert_trace(attempt())]).result(10)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with Reader.open(path, beside="nothing") as reader:
        assert past_of(reader, ["scrape"]).agents["scrape"].attempts == 1
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_the_past_is_read_while_somebody_writes(
    database: Database, keep: Callable[..., None], tmp_path: Path
) -> None:
    keep(attempt())
    with Reader.open(tmp_path / "sheet.db", beside="nothing") as reader:
        assert past_of(reader, ["scrape"]).agents["scrape"].attempts == 1


def test_pydantic_is_not_needed_to_look_back() -> None:
    script = "import sys, traces.priors, storage.reader; print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == b"False"


def test_a_prior_is_plain_and_equal_to_its_like() -> None:
    assert Prior(1, 2, 3, 2) == Prior(attempts=1, p50_ms=2, p95_ms=3, mean_ms=2)


def test_amounts_that_an_agent_made_up_are_left_out_of_every_sum(
    past: Callable[..., Past], keep: Callable[..., None]
) -> None:
    made_up = '{"tokens":1e308,"usd":1e308}'
    keep(*(attempt(usage=made_up) for _ in range(4)), attempt(usage='{"tokens":30,"usd":0.5}'))
    keep(attempt(duration_ms=1e300))
    found = past("scrape").agents["scrape"]
    assert (found.tokens, found.usd, found.p95_ms) == (30, 0.5, 100)
