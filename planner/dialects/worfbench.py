"""WorFBench: `Node:` lines with a number each, `Edge:` pairs between START, the numbers and END; or both as JSON.

It names no agents: the one agent at hand does every step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from contracts.errors import InvalidInput
from planner.dialects.drafting import MAX_STEPS, Draft, Step
from planner.reading.tokens import truncated

HEADERS: Final = re.compile(r"^[ *#]{0,8}(nodes?|edges?|graph)\b[ *]{0,4}:", re.IGNORECASE | re.MULTILINE)
_NODE: Final = re.compile(r"[ \-*]{0,8}(\d{1,6})[ *]{0,4}([:.)])(.*)")
_PAIR: Final = re.compile(
    r"\(\s{0,9}(START|END|\d{1,6})\s{0,9},\s{0,9}(START|END|\d{1,6})\s{0,9}\)", re.IGNORECASE
)
_ODD: Final = re.compile(
    r"\(\s{0,9}(?:START|END|\d{1,6})\s{0,9}[^\s\w,()]{1,3}\s{0,9}(?:START|END|\d{1,6})\s{0,9}\)",
    re.IGNORECASE,
)
"""An edge that is written in another way: `(1 -> 2)`."""
_OPEN: Final = re.compile(r"\([^()]{0,40}\Z")
MAX_EDGES: Final = 100_000


def read_worfbench_text(text: str, draft: Draft) -> None:
    """Draft what the text form says.

    Raises:
        InvalidInput: `plan.reply_truncated`, it ends before its edges do.
    """
    headers = list(HEADERS.finditer(text))
    edges_at = next((found for found in reversed(headers) if found[1].lower().startswith("edge")), None)
    if edges_at is None:
        raise truncated()
    nodes = text[: edges_at.start()]
    _read_nodes(HEADERS.sub("", nodes), draft)
    tail = text[edges_at.end() :]
    found = list(islice(_PAIR.finditer(tail), MAX_EDGES))
    odd = _ODD.search(tail, 0, found[-1].start() if found else len(tail))
    if odd is not None:
        raise InvalidInput("plan.reply_malformed", f"no edge is written {odd[0]!r}", hint="Write (1,2).")
    pairs = [(pair[1], pair[2]) for pair in found]
    names = {end.upper() for pair in pairs for end in pair}
    if _OPEN.search(tail) or not pairs or ("START" in names and "END" not in names):
        raise truncated()
    for i, (source, target) in enumerate(pairs):
        if not {source.upper(), target.upper()} & {"START", "END"}:
            draft.edge(f"s{int(source)}", f"s{int(target)}", f"/edges/{i}")


def _read_nodes(text: str, draft: Draft) -> None:
    agent = draft.only_agent()
    found: list[tuple[int, list[str]]] = []
    mark = ""
    for line in text.split("\n"):
        node = _NODE.match(line)
        # A list inside a node's text is numbered, too, in another way.
        if node is not None and mark in {"", node[2]}:
            mark = node[2]
            found.append((int(node[1]), [node[3].strip()]))
        elif found and line.strip():
            found[-1][1].append(line.strip())
    if len(found) > MAX_STEPS:
        raise InvalidInput("plan.reply_too_large", f"a plan of over {MAX_STEPS} steps")
    for i, (number, lines) in enumerate(found):
        said = " ".join(lines).strip() or f"Step {number}"
        draft.add(Step(f"s{number}", agent, said), f"/nodes/{i}")


def read_worfbench_graph(plan: Mapping[str, Any], draft: Draft) -> None:
    """Draft what the JSON form says: `nodes` with an id each, `edges` as pairs."""
    nodes, edges = plan.get("nodes"), plan.get("edges")
    if not isinstance(nodes, list) or not nodes or len(nodes) > MAX_STEPS:
        draft.wrong("plan.shape", "/nodes", f"nodes is a list of 1 to {MAX_STEPS} nodes")
        return
    agent = draft.only_agent()
    for i, node in enumerate(nodes):
        own = _id(node.get("id")) if isinstance(node, dict) else None
        if own is None:
            draft.wrong("plan.shape", f"/nodes/{i}/id", "a node has a whole number as id")
            continue
        said = node.get("objective", node.get("label", ""))
        text = said.strip() if isinstance(said, str) else ""
        draft.add(Step(own, agent, text or f"Step {own}"), f"/nodes/{i}")
    if not isinstance(edges, list) or len(edges) > MAX_EDGES:
        draft.wrong("plan.shape", "/edges", "edges is a list of pairs")
        return
    for i, edge in enumerate(edges):
        ends = [edge.get("source"), edge.get("target")] if isinstance(edge, dict) else edge
        if not isinstance(ends, list) or len(ends) != 2:
            draft.wrong("plan.shape", f"/edges/{i}", "an edge is a pair of ids")
            continue
        if {"START", "END"} & {end for end in ends if isinstance(end, str)}:
            continue
        source, target = map(_id, ends)
        if source is None or target is None:
            draft.wrong("plan.shape", f"/edges/{i}", "an edge is a pair of ids")
        else:
            draft.edge(source, target, f"/edges/{i}")


def _id(value: Any) -> str | None:
    """Return the subtask's id of a node's: 3 and "3" are s3."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return f"s{int(text)}" if text.isascii() and text.isdigit() and len(text) <= 6 else None
