"""Bars 2 and 3: plans of real models and gold graphs of others, through the importers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.planner.figures import Figures, say
from benchmarks.planner.oracle import flaws_of
from benchmarks.planner.schedules import AGENT, runs_in_order
from planner.dialects.drafting import Imported
from planner.dialects.flags import FLAG_CODES
from planner.dialects.importing import import_plan

SOUND: Final = "ok"
_TOLD: Final = (
    "plans", "flags", "flags_missed", "codes_beyond_flags", "flagged", "flagged_accepted", "sound", "sound_refused",
    "oracle_disagrees",
)  # fmt: skip


def measure_taskbench(path: Path) -> Figures:
    """Return how many flags of real plans are told by their code, and how the sound ones fare."""
    counts: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for row in _rows(path):
        imported = import_plan(row["reply"], "taskbench", agents=row["agents"], objective=row["objective"])
        codes = {problem.code for problem in imported.problems}
        flags = set(row["flags"]) - {SOUND}
        absent = {flag for flag in flags if FLAG_CODES.get(flag) not in codes}
        missed.update(absent)
        counts["plans"] += 1
        counts["flags"] += len(flags)
        counts["flags_missed"] += len(absent)
        counts["sound" if not flags else "flagged"] += 1
        counts["sound_refused"] += not flags and imported.document is None
        counts["flagged_accepted"] += bool(flags) and imported.document is not None
        counts["codes_beyond_flags"] += len(codes - {FLAG_CODES.get(flag) for flag in flags})
        counts["oracle_disagrees"] += _is_flawed(imported)
    for flag, count in missed.most_common():
        say(f"{count} times no {FLAG_CODES.get(flag, 'code')} for {flag}")
    return {f"bar2_{name}": counts[name] for name in _TOLD}


def measure_worfbench(path: Path) -> Figures:
    """Return how many gold graphs are imported as they are, from text and from JSON, and run to their end."""
    counts: Counter[str] = Counter()
    for row in _rows(path):
        gold = row["gold"]
        forms = [
            import_plan(form, "worfbench", agents=[AGENT], objective=row["objective"])
            for form in (row["gold_text"], gold)
        ]
        is_same = all(_is_graph(imported, gold) for imported in forms)
        counts["graphs"] += 1
        counts["not_imported"] += not is_same
        counts["oracle_disagrees"] += any(map(_is_flawed, forms))
        document = forms[0].document
        counts["not_run"] += document is None or not runs_in_order(document)
        if not is_same:
            say(f"{row['id']}: {[p.as_json() for imported in forms for p in imported.problems][:3]}")
    return {
        f"bar3_worfbench_{name}": counts[name]
        for name in ("graphs", "not_imported", "not_run", "oracle_disagrees")
    }


def _is_graph(imported: Imported, gold: Mapping[str, Any]) -> bool:
    """Say whether what was imported has the nodes and edges of the gold graph, no more and no less."""
    if imported.document is None:
        return False
    subtasks: Any = imported.document["subtasks"]
    edges = {(d, s["id"]) for s in subtasks for d in s["dependencies"]}
    return [s["id"] for s in subtasks] == [f"s{node['id']}" for node in gold["nodes"]] and edges == {
        (f"s{a}", f"s{b}") for a, b in gold["edges"]
    }


def _is_flawed(imported: Imported) -> bool:
    return imported.document is not None and bool(flaws_of(imported.document))


def _rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
