"""A plan document as JSON, as a table, as a Mermaid drawing; plain text, nothing heavy imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.console import printable
from service.terminal import terminal_json

MAX_WHAT = 60


def as_json(plan: Mapping[str, Any]) -> str:
    """Return the plan, indented."""
    return terminal_json(plan)


def as_table(plan: Mapping[str, Any]) -> str:
    """Return one line for each subtask: who, after whom, for each of what, what for, writing what."""
    head = ("ID", "AGENT", "AFTER", "FOR EACH", "OBJECTIVE", "GIVES")
    rows = [head, *(_row(subtask) for subtask in plan["subtasks"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    result = [f"result: {plan['result_key']}"] if plan.get("result_key") else []
    return "\n".join([*lines, *result])


def as_mermaid(plan: Mapping[str, Any]) -> str:
    """Return a Mermaid flowchart of the subtasks and the keys that flow between them."""
    return "\n".join(["flowchart TD", *_nodes(plan), *_edges(plan)])


def _row(subtask: Mapping[str, Any]) -> tuple[str, ...]:
    what = printable(subtask["objective"])
    source = subtask.get("foreach")
    return (
        subtask["id"],
        subtask["required_agent"],
        " ".join(subtask["dependencies"]) or "-",
        source["key"] + source.get("pointer", "") if source else "-",
        what if len(what) <= MAX_WHAT else what[: MAX_WHAT - 1] + "…",
        subtask["output_key"],
    )


def _nodes(plan: Mapping[str, Any]) -> Iterator[str]:
    for subtask in plan["subtasks"]:
        label = _label(f"{subtask['id']} {subtask['required_agent']}: {subtask['objective']}")
        left, right = ('[["', '"]]') if "foreach" in subtask else ('["', '"]')
        yield f"    {subtask['id']}{left}{label}{right}"


def _edges(plan: Mapping[str, Any]) -> Iterator[str]:
    writes = {subtask["id"]: subtask["output_key"] for subtask in plan["subtasks"]}
    for subtask in plan["subtasks"]:
        for before in subtask["dependencies"]:
            read = writes[before] in subtask["input_keys"]
            yield (
                f"    {before} -->|{writes[before]}| {subtask['id']}"
                if read
                else f"    {before} --> {subtask['id']}"
            )


def _label(text: str) -> str:
    """Return the text as Mermaid shows it: whatever could end a label is an entity."""
    return "".join(c if c.isalnum() or c in " .,:_-/" else f"#{ord(c)};" for c in text[:120])
