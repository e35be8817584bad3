"""A plan document as JSON, as a table, as a Mermaid drawing; plain text, nothing heavy imported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from service.console import printable
from service.terminal import terminal_json

MAX_WHAT: Final = 60
MAX_LABEL: Final = 120
KEYWORDS: Final = frozenset(
    {"call", "class", "classdef", "click", "default", "direction", "end", "flowchart", "graph", "href"}
    | {"interpolate", "linkstyle", "style", "subgraph"}
)
"""Names that Mermaid would not take for a node."""


def as_json(plan: Mapping[str, Any]) -> str:
    """Return the plan, indented."""
    return terminal_json(plan)


def as_table(plan: Mapping[str, Any]) -> str:
    """Return one line for each subtask: who, after whom, for each of what, what for, writing what."""
    head = ("ID", "AGENT", "AFTER", "FOR EACH", "OBJECTIVE", "GIVES")
    lines = aligned([head, *(_row(subtask) for subtask in plan["subtasks"])])
    result = [f"result: {plan['result_key']}"] if plan.get("result_key") else []
    return "\n".join([*lines, *result])


def as_mermaid(plan: Mapping[str, Any]) -> str:
    """Return a Mermaid flowchart of the subtasks and the keys that flow between them."""
    return "\n".join(["flowchart TD", *nodes(plan), *edges(plan)])


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines whose columns stand under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def shortened(text: str) -> str:
    """Return a text as it may stand in a table: printable, and not long."""
    what = printable(text)
    return what if len(what) <= MAX_WHAT else what[: MAX_WHAT - 1] + "…"


def nodes(plan: Mapping[str, Any], *, extra: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a Mermaid line for each subtask; `extra` is told of it on a line of its own."""
    for subtask in plan["subtasks"]:
        label = _label(f"{subtask['id']} {subtask['required_agent']}: {subtask['objective']}")
        more = f"<br/>{_label(extra[subtask['id']])}" if extra else ""
        left, right = ('[["', '"]]') if "foreach" in subtask else ('["', '"]')
        yield f"    {node_name(subtask['id'])}{left}{label}{more}{right}"


def edges(plan: Mapping[str, Any], *, thick: Collection[tuple[str, str]] = ()) -> Iterator[str]:
    """Yield a Mermaid line for each dependency, with the key that flows; those of `thick` stand out."""
    writes = {subtask["id"]: subtask["output_key"] for subtask in plan["subtasks"]}
    for subtask in plan["subtasks"]:
        for before in subtask["dependencies"]:
            arrow = "==>" if (before, subtask["id"]) in thick else "-->"
            key = f"|{writes[before]}|" if writes[before] in subtask["input_keys"] else ""
            yield f"    {node_name(before)} {arrow}{key} {node_name(subtask['id'])}"


def node_name(subtask_id: str) -> str:
    """Return what a subtask's node is called; no id has a capital letter, so no two share a name."""
    return f"{subtask_id}_N" if subtask_id in KEYWORDS else subtask_id


def _row(subtask: Mapping[str, Any]) -> tuple[str, ...]:
    source = subtask.get("foreach")
    return (
        subtask["id"],
        shortened(subtask["required_agent"]),
        " ".join(subtask["dependencies"]) or "-",
        source["key"] + printable(source.get("pointer", "")) if source else "-",
        shortened(subtask["objective"]),
        subtask["output_key"],
    )


def _label(text: str) -> str:
    """Return the text as Mermaid shows it: whatever could end a label is an entity."""
    return "".join(c if c.isalnum() or c in " .,:_-/" else f"#{ord(c)};" for c in text[:MAX_LABEL])
