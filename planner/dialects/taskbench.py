"""TaskBench: `task_nodes` in the order they run, `task_links` between them by tool name, `<node-N>` in arguments.

A reference is read as it is written, counted from 0 unless said otherwise: one
to the node itself or to a later one is a problem, never shifted. Links name
tools, so a tool that is used twice makes them ambiguous.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.dialects.drafting import MAX_STEPS, Draft, Step, ring_in, texts_in

REFERENCE: Final = re.compile(r"<node-(\d{1,9})>")
_PATH: Final = re.compile(r"((?:\.[A-Za-z_]\w{0,60})*)")
MAX_ARGUMENTS: Final = 500
"""Of one node."""


def read_taskbench(plan: Mapping[str, Any], draft: Draft, *, count_from: int) -> None:
    """Draft what a TaskBench plan says.

    Args:
        plan: With `task_nodes` and `task_links`.
        draft: Gets the steps and what is wrong.
        count_from: The number of the first node in references.
    """
    nodes, links = plan.get("task_nodes"), plan.get("task_links")
    if not isinstance(nodes, list) or not nodes or len(nodes) > MAX_STEPS:
        draft.wrong("plan.shape", "/task_nodes", f"task_nodes is a list of 1 to {MAX_STEPS} nodes")
        return
    tools = [node.get("task") if isinstance(node, dict) else None for node in nodes]
    said = plan.get("task_steps")
    texts = said if isinstance(said, list) and len(said) == len(nodes) else []
    for n, node in enumerate(nodes):
        step = _step(n, node, draft, texts[n] if texts else "")
        if isinstance(node, dict):
            _bind_arguments(n, node.get("arguments"), step, draft, count=len(nodes), first=count_from)
    if isinstance(links, list) and len(links) <= 10 * MAX_STEPS:
        _draw_links(links, tools, draft)
    elif links is not None or len(nodes) > 1 or "task_links" not in plan:
        draft.wrong("plan.shape", "/task_links", "task_links is a list of links between the nodes")
    _add_reference_edges(draft)


def _step(n: int, node: Any, draft: Draft, text: Any) -> Step:
    at = f"/task_nodes/{n}"
    tool = node.get("task") if isinstance(node, dict) else None
    agent = draft.agent(tool, f"{at}/task") if isinstance(tool, str) else "unknown"
    if not isinstance(tool, str):
        draft.wrong("plan.shape", f"{at}/task", f"node {n} names no task")
        tool = ""
    elif "arguments" not in node:
        draft.wrong("plan.shape", f"{at}/arguments", f"node {n} has no arguments", "Write [] for none.")
    step = Step(f"s{n + 1}", agent, text if isinstance(text, str) and text.strip() else tool or "unknown")
    draft.add(step, at)
    return step


def _bind_arguments(n: int, given: Any, step: Step, draft: Draft, *, count: int, first: int) -> None:
    if isinstance(given, list | dict) and len(given) > MAX_ARGUMENTS:
        draft.wrong(
            "plan.shape", f"/task_nodes/{n}/arguments", f"node {n} has over {MAX_ARGUMENTS} arguments"
        )
        return
    for i, (name, value) in enumerate(_named(given)):
        at = f"/task_nodes/{n}/arguments/{i}"
        numbers = [int(found) - first for text in texts_in(value) for found in REFERENCE.findall(text)]
        for number in dict.fromkeys(numbers):
            _check_reference(n, number, at, draft, count)
        earlier = [number for number in dict.fromkeys(numbers) if 0 <= number < n]
        if earlier:
            _bind_results(name, value, earlier, step, draft=draft, at=at)
        elif not numbers:
            step.bind[_free(name, step.bind)] = {"literal": value}


def _check_reference(n: int, number: int, at: str, draft: Draft, count: int) -> None:
    shift = "Were references counted from 1? Then say so." if number == n else ""
    if number < 0 or number >= count:
        draft.wrong(
            "plan.unknown_key", at, f"node {n} reads the result of a node {number}, which is not there"
        )
    elif number == n:
        draft.wrong("plan.self_dependency", at, f"node {n} reads its own result", shift)
    elif number > n:
        said = f"node {n} reads the result of node {number}, which comes after it"
        draft.wrong("plan.producer_not_ancestor", at, said, "Put it behind, or read another.")


def _bind_results(name: str, value: Any, earlier: list[int], step: Step, *, draft: Draft, at: str) -> None:
    for number in earlier:
        key = f"s{number + 1}_output"
        source: dict[str, Any] = {"key": key}
        rest = value.strip() if isinstance(value, str) else ""
        whole = REFERENCE.match(rest)
        path = _PATH.fullmatch(rest, whole.end()) if whole is not None else None
        if path is not None and path[1]:
            source["pointer"] = path[1].replace(".", "/")
        if path is None:
            # Text is never replaced in a plan: the result goes in whole, and what stood around it is told.
            draft.repairs.add("dialect.text_beside_reference", at, before=value, after=source)
        step.bind[_free(name, step.bind)] = source


def _draw_links(links: list[Any], tools: list[Any], draft: Draft) -> None:
    counts = Counter(tool for tool in tools if isinstance(tool, str))
    for tool in (tool for tool, times in counts.items() if times > 1):
        draft.wrong(
            "plan.dependency_by_name",
            "/task_links",
            f"links go by tool, and {tool[:60]!r} is used {counts[tool]} times: nobody can tell which is meant",
            "Write the plan with ids.",
        )
    ids = {tool: f"s{n + 1}" for n, tool in enumerate(tools) if isinstance(tool, str)}
    waits: dict[str, set[str]] = {}
    for i, link in enumerate(links):
        at = f"/task_links/{i}"
        ends = [link.get(end) if isinstance(link, dict) else None for end in ("source", "target")]
        source, target = ends
        if not isinstance(source, str) or not isinstance(target, str):
            draft.wrong("plan.shape", at, "a link has a source and a target, each the name of a tool")
            continue
        if source != target:
            waits.setdefault(target, set()).add(source)
            waits.setdefault(source, set())
        if source == target:
            draft.wrong("plan.self_dependency", at, f"{source[:60]!r} waits for itself")
        missing = [end for end in (source, target) if end not in ids]
        if missing:
            draft.wrong("plan.dangling_dependency", at, f"a link names {missing[0][:60]!r}, which no node is")
        elif source != target and max(counts[source], counts[target]) == 1:
            draft.edge(ids[source], ids[target], at)
    ring = ring_in(waits)
    if ring:
        draft.wrong("plan.cycle", "/task_links", "tools wait for each other: " + " -> ".join(ring[:20]))


def _add_reference_edges(draft: Draft) -> None:
    """Let each node wait for those whose results it reads, where no link says so."""
    for step in draft.steps.values():
        for source in step.bind.values():
            writer = source.get("key", "").removesuffix("_output")
            if writer and writer not in step.after:
                step.after[writer] = None
                draft.repairs.add("dialect.dependency_added", f"/subtasks/{step.id}", after=writer)


def _named(given: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each argument, in both styles; those without a name get `arg1`, `arg2`, ..."""
    pairs = list(given.items()) if isinstance(given, dict) else given if isinstance(given, list) else [given]
    for i, pair in enumerate(pairs if given is not None else ()):
        if isinstance(given, dict):
            yield pair
        elif isinstance(pair, dict) and isinstance(pair.get("name"), str) and "value" in pair:
            yield pair["name"], pair["value"]
        else:
            yield f"arg{i + 1}", pair


def _free(name: str, taken: Mapping[str, Any]) -> str:
    # A dot would make it a part of another parameter.
    plain = name.replace(".", "_")[:60] or "arg"
    return next(
        f for k in range(1, len(taken) + 2) if (f := plain if k == 1 else f"{plain}_{k}") not in taken
    )
