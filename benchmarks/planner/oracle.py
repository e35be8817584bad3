"""A second opinion on plans, sharing no code with the check: jsonschema for the shape, networkx for the graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import networkx as nx

ROOT: Final = Path(__file__).parents[2]


def flaws_of(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a plan document, in words; an empty list when it is sound."""
    found = [f"shape: {error.message[:200]}" for error in _validator().iter_errors(document)]
    return found or list(_graph_flaws(document))


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "contracts" / "plan.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _graph_flaws(document: Mapping[str, Any]) -> Iterator[str]:
    subtasks: list[dict[str, Any]] = document["subtasks"]
    ids = [s["id"] for s in subtasks]
    if len(set(ids)) < len(ids):
        yield "graph: two subtasks have one id"
        return
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(ids)
    graph.add_edges_from((d, s["id"]) for s in subtasks for d in s["dependencies"])
    if len(graph) > len(ids):
        yield "graph: a dependency is no subtask"
        return
    if not nx.is_directed_acyclic_graph(graph):
        yield "graph: a cycle"
        return
    writers = {s["output_key"]: s["id"] for s in subtasks}
    inputs = set(document.get("inputs", {}))
    if len(writers) < len(subtasks) or inputs & writers.keys():
        yield "keys: two writers of one"
    for s in subtasks:
        before = nx.ancestors(graph, s["id"])
        yield from (
            f"keys: {s['id']} reads {key!r} before it is there"
            for key in s["input_keys"]
            if key not in inputs and writers.get(key) not in before
        )
        read = [*s.get("bind", {}).values(), *(s[name] for name in ("foreach", "when") if name in s)]
        if any("key" in source and source["key"] not in s["input_keys"] for source in read):
            yield f"keys: {s['id']} reads what its input_keys do not list"
    result = document.get("result_key")
    if result is not None and result not in writers and result not in inputs:
        yield "keys: nothing writes the result"
