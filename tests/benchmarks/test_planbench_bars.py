"""The planner's bars in small: schedules in virtual time, large plans, foreign plans, the second opinion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.planner.bench import Wish, bar2, bar3, main
from benchmarks.planner.figures import LEAST, MOST, show, verdict_of
from benchmarks.planner.imports import measure_taskbench, measure_worfbench
from benchmarks.planner.large import SHAPES, cards, measure_large
from benchmarks.planner.objectives import measure_objectives
from benchmarks.planner.oracle import flaws_of
from benchmarks.planner.schedules import AGENT, Dag, measure_asynchow, read_asynchow
from benchmarks.planner.virtual import run_virtually, taker_card
from contracts.clock import SystemClock
from contracts.plan import Plan
from contracts.structure import seal
from planner.checked import load_checked
from planner.validation import check

DIAMOND = Dag({"1": 10.0, "2": 60.0, "3": 5.0, "4": 90.0}, [("1", "2"), ("1", "3"), ("3", "4")])


def diamond_plan() -> Plan:
    return load_checked(DIAMOND.document("a diamond"), [taker_card(AGENT)])


def test_the_optimum_is_the_longest_chain_and_a_barrier_is_slower() -> None:
    assert (DIAMOND.optimum_s, DIAMOND.barrier_s) == (105.0, 160.0)
    assert DIAMOND.order == ["1", "2", "3", "4"]


def test_the_real_engine_schedules_as_soon_as_the_optimum_in_virtual_time() -> None:
    plan = diamond_plan()
    seconds = {f"s{step}": s for step, s in DIAMOND.seconds.items()}
    ran = run_virtually(plan, seconds, agents=[AGENT], slots=4)
    assert ran.has_succeeded
    assert ran.keeps_order(plan)
    assert DIAMOND.optimum_s <= ran.makespan_s <= 1.02 * DIAMOND.optimum_s


def test_one_place_makes_the_engine_take_the_steps_in_turn() -> None:
    seconds = {f"s{step}": s for step, s in DIAMOND.seconds.items()}
    ran = run_virtually(diamond_plan(), seconds, agents=[AGENT], slots=1)
    assert ran.makespan_s >= sum(DIAMOND.seconds.values())


def test_a_run_whose_agent_is_absent_does_not_succeed() -> None:
    ran = run_virtually(diamond_plan(), {}, agents=[], slots=4)
    assert not ran.has_succeeded
    assert not ran.keeps_order(diamond_plan())


def test_durations_that_are_ranges_are_two_cases(tmp_path: Path) -> None:
    steps = [{"id": "1", "seconds": [1, 2]}, {"id": "2", "seconds": [3, 3]}]
    row = {"objective": "x", "steps": steps, "dependencies": [["1", "2"]], "gold_optimal_seconds": [4, 5]}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert [(dag.optimum_s, gold) for _, dag, gold in read_asynchow(path)] == [(4.0, 4.0), (5.0, 5.0)]
    found = measure_asynchow(path)
    assert (found["bar3_asynchow_cases"], found["bar3_asynchow_over"]) == (2, 0)
    assert found["bar3_barrier_slower_cases"] == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_a_large_plan_of_every_shape_is_sound(shape: str) -> None:
    assert check(seal(SHAPES[shape](300)), cards()) == []


def test_large_plans_are_timed_in_every_shape() -> None:
    found = measure_large(SystemClock(), count=50, rounds=1)
    assert found["bar5_subtasks"] == 50
    assert found["bar5_worst_ms_median"] == max(found[f"bar5_{name}_ms_median"] for name in SHAPES)


def taskbench_row(flags: list[str], *arguments: str) -> str:
    nodes = [{"task": "Search", "arguments": []}, {"task": "Translate", "arguments": list(arguments)}]
    reply = {"task_nodes": nodes, "task_links": [{"source": "Search", "target": "Translate"}]}
    agents = ["Search", "Translate"]
    return json.dumps({"reply": reply, "agents": agents, "objective": "x", "flags": flags}) + "\n"


def test_a_flag_that_no_code_tells_and_a_plan_that_is_wrongly_refused_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    sound, broken = ("<node-0>", "en"), ("<node-1>", "en")
    rows = [(["ok"], sound), (["self_reference"], broken), (["cycle"], sound), (["ok"], broken)]
    path.write_text("".join(taskbench_row(flags, *texts) for flags, texts in rows), encoding="utf-8")
    found = measure_taskbench(path)
    assert (found["bar2_plans"], found["bar2_flags"], found["bar2_flags_missed"]) == (4, 2, 1)
    assert (found["bar2_flagged_accepted"], found["bar2_sound_refused"]) == (1, 1)
    assert (found["bar2_codes_beyond_flags"], found["bar2_oracle_disagrees"]) == (1, 0)


def worfbench_row(edges: list[list[int]]) -> str:
    text = "Node:\n1: a\n2: b\n3: c\nEdge: (START,1) (1,2) (1,3) (2,END) (3,END)"
    nodes = [{"id": n, "objective": "x"} for n in (1, 2, 3)]
    gold = {"nodes": nodes, "edges": edges}
    return json.dumps({"id": "w", "objective": "x", "gold_text": text, "gold": gold}) + "\n"


def test_a_gold_graph_is_imported_whole_and_run_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl"
    path.write_text(worfbench_row([[1, 2], [1, 3]]) + worfbench_row([[1, 2], [2, 3]]), encoding="utf-8")
    assert measure_worfbench(path) == {
        "bar3_worfbench_graphs": 2,
        "bar3_worfbench_not_imported": 1,
        "bar3_worfbench_not_run": 0,
        "bar3_worfbench_oracle_disagrees": 0,
    }


def spoilt(**fields: Any) -> dict[str, Any]:
    """Return a diamond's plan with fields of its last step replaced."""
    document: dict[str, Any] = seal(DIAMOND.document("a diamond"))
    *others, last = document["subtasks"]
    return document | {"subtasks": [*others, last | fields]}


@pytest.mark.parametrize(
    ("fields", "flaw"),
    [
        ({}, None),
        ({"required_agent": 3}, "shape"),
        ({"id": "s1"}, "graph: two subtasks have one id"),
        ({"dependencies": ["gone"]}, "graph: a dependency is no subtask"),
        ({"dependencies": ["s4"]}, "graph: a cycle"),
        ({"output_key": "k1"}, "keys: two writers of one"),
        ({"input_keys": ["k2"]}, "keys: s4 reads 'k2' before it is there"),
        ({"input_keys": ["gone"]}, "keys: s4 reads 'gone' before it is there"),
        ({"bind": {"a": {"key": "k3"}}}, "keys: s4 reads what its input_keys do not list"),
    ],
)
def test_the_second_opinion_finds_every_flaw_the_check_finds(
    fields: dict[str, Any], flaw: str | None
) -> None:
    document = spoilt(**fields)
    found = flaws_of(document)
    assert bool(check(document, [taker_card(AGENT)], is_ours=True)) == bool(found) == bool(flaw)
    assert all(each.startswith(flaw or "") for each in found)


def test_a_figure_is_held_against_what_it_may_be() -> None:
    assert verdict_of("bar4_agent_set_exact", 0.8) == "holds"
    assert verdict_of("bar4_agent_set_exact", 0.79) == "FAILS"
    assert verdict_of("bar5_worst_ms_median", 251.0) == "FAILS"
    assert verdict_of("bar4_order_kept", None) == "absent"
    assert verdict_of("bar4_objectives", 3) == ""


def test_one_figure_that_fails_fails_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert show({"bar4_valid": 1.0, "bar4_objectives": 2})
    assert not show({"bar4_valid": 0.99})
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"bar4_valid": 0.99}


def test_bars_whose_cases_are_absent_are_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wish = Wish(tmp_path, 0, SystemClock())
    assert bar2(wish) | bar3(wish) == {}
    assert capsys.readouterr().err.count("set CALLSHEET_CASES") == 3


def test_a_bar_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--bars", "2,9"])
    assert raised.value.code == 2
    assert "no bar is called 9; there are 1, 2, 3, 4, 5, 6" in capsys.readouterr().err


def test_the_objectives_are_scored_by_half_and_beside_novel_agents() -> None:
    found = measure_objectives(SystemClock())
    assert all(key.startswith("bar4_") for key in found)
    assert {key for key in [*LEAST, *MOST] if key.startswith("bar4_")} <= found.keys()
    assert found["bar4_crashed"] == 0
