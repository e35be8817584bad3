"""Real plans and gold graphs of others: what is flagged there is told here by its code, the sound ones pass."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from planner.dialects.flags import FLAG_CODES
from planner.dialects.importing import import_plan
from planner.dialects.names import Names, stand_in_cards
from planner.validation import check

ROOT = Path(__file__).parents[2]
CASES = Path(os.environ.get("CALLSHEET_CASES", ROOT.parent / "shared" / "cases")) / "planning"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="no cases: set CALLSHEET_CASES to their folder")


def rows(name: str) -> list[dict[str, Any]]:
    path = CASES / name
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []


@pytest.mark.parametrize("is_text", [False, True])
def test_every_flag_of_a_real_plan_is_told_by_its_code(*, is_text: bool) -> None:
    wrong: list[Any] = []
    for row in rows("taskbench_llm_plans.jsonl"):
        plan = json.dumps(row["reply"]) if is_text else row["reply"]
        found = import_plan(plan, agents=row["agents"], objective=row["objective"])
        told = {problem.code for problem in found.problems}
        wanted = {FLAG_CODES[flag] for flag in row["flags"] if flag != "ok"}
        if not wanted <= told or (not wanted and told):
            wrong.append((row["id"], row["flags"], told))
    assert wrong == []


def test_a_sound_real_plan_passes_every_check() -> None:
    for row in rows("taskbench_llm_plans.jsonl"):
        document = import_plan(row["reply"], agents=row["agents"], objective=row["objective"]).document
        if document is not None:
            assert row["flags"] == ["ok"]
            assert check(document, stand_in_cards(Names(row["agents"]).owned())) == []


def test_every_gold_graph_is_imported_node_by_node_and_edge_by_edge() -> None:
    for row in rows("worfbench_gold.jsonl"):
        gold = row["gold"]
        for form in (row["gold_text"], gold):
            document: Any = import_plan(form, agents=["worker"], objective=row["objective"]).document
            assert document is not None, row["id"]
            edges = {(d, s["id"]) for s in document["subtasks"] for d in s["dependencies"]}
            assert edges == {(f"s{a}", f"s{b}") for a, b in gold["edges"]}
            assert [s["objective"] for s in document["subtasks"]] == [n["objective"] for n in gold["nodes"]]
