"""Work on rows at hand: numbers and tables in an objective, the caller's, or what other agents gave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from planner.chaining.outputs import Output
from planner.chaining.schemas import parts_of, properties_of, types_of
from planner.rules.conditions import Step, in_order, within_limits
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.nouns import spellings
from planner.rules.request import Request
from planner.rules.text import Text

if TYPE_CHECKING:
    from pydantic import JsonValue

ROWS_NAMED: Final = re.compile(
    r"\b(?:([a-z]\w+)\s+)?(?:table|rows|lines|records|lignes|filas|zeilen|lista|liste|listado|dataset|csv|spreadsheet|tabelle|tabla|tableau)\b"
)
_SUMMED: Final = re.compile(
    r"\b(?:sum|total|average|mean|median|minimum|maximum)(?:s| up)?\s+(?:of\s+)?(?:the\s+|all\s+|their\s+)?([a-z]\w+)"
)
_HIGHEST: Final = re.compile(
    r"\b(?:highest|lowest|largest|biggest|smallest|hochste\w*|niedrigste\w*|mayor|menor|plus grand\w*|by|nach) "
    r"([a-z]\w+)"
)
_SPOKEN_NOUN: Final = re.compile(
    r"\b(?:supplied|given|provided|attached) ([a-z]\w+)|\b([a-z]\w+) (?:that |which )?(?:i |we )?(?:gave"
    r"|supplied|provided|attached|sent)"
)
_NO_NAME: Final = frozenset(
    [
        "the",
        "this",
        "my",
        "a",
        "given",
        "following",
        "supplied",
        "provided",
        "you",
        "it",
        "them",
        "these",
        "those",
        "tables",
        "of",
        "and",
        "table",
    ]
)
NO_COLUMN: Final = "-"
"""No row has it, so grouping by it makes one group of all rows."""
_AGAINST: Final = re.compile(r"\b(above|over|below|under)\s+(?:the |their )?(mean|average|median)\b")


@dataclass(frozen=True)
class Rows:
    """A table to work on."""

    name: str
    source: Bind
    sample: list[Any]
    """Its rows as far as they are known, or one row that only names the columns."""


def plan_rows(draft: Draft, text: Text, request: Request, *, rows: Rows | None, is_given: bool) -> None:
    """Work on the rows at hand: those an agent gave, those in the text, the caller's."""
    found = rows or _material(draft, text, is_given=is_given, images=bool(text.images))
    if found is None:
        return
    column = _column(request, found.sample)
    steps = [{"op": "from", "table": found.name}, *_limited(request, found.sample, column)]
    steps += _by_group(request, found.sample, column) if request.group_by else _overall(request, column)
    bind = {f"tables.{found.name}": found.source, "steps": literal(steps)}
    draft.add("data", "Work on the rows given", bind, gives="report")


def rows_of(outputs: Sequence[Output], csv: str = "") -> Rows | None:
    """Return the rows among what agents gave, the last first; an object is one row.

    Args:
        outputs: What agents gave.
        csv: What rows are read from, where the objective has it.
    """
    for output in reversed(outputs):
        if output.agent in {"vision", "time"}:
            continue
        if output.is_list:
            return Rows("rows", key(output.key), _named_columns(output.gives))
        parts = [p for p in parts_of(output.gives) if p.each is None and types_of(p.schema) == {"array"}]
        best = next(
            (p for p in parts if types_of(p.schema.get("items", {})) & {"object"}), next(iter(parts), None)
        )
        if best is not None:
            sample = _named_columns(best.schema.get("items", {})) or _first_row(csv)
            return Rows("rows", key(output.key, best.pointer), sample)
        inner = next(
            (p for p in parts_of(output.gives) if p.pointer and types_of(p.schema) == {"object"}), None
        )
        return Rows("rows", key(output.key, inner.pointer if inner else ""), [])
    return None


def _named_columns(schema: Any) -> list[Any]:
    """Return one row that has the columns a schema names, with a value of each one's type."""
    properties = properties_of(schema)
    numeric = {n: 0 if types_of(s) <= {"number", "integer"} else "" for n, s in properties.items()}
    return [numeric] if numeric else []


def _first_row(csv: str) -> list[Any]:
    """Return the first row of a CSV text, by its header; a cell that is a number is one."""
    lines = csv.strip().splitlines()
    if len(lines) < 2:
        return []
    mark = max(",;\t|", key=lines[0].count)
    cells = zip(lines[0].split(mark), lines[1].split(mark), strict=False)
    return [{n.strip(): 0 if re.fullmatch(r"-?\d+(?:\.\d+)?", v.strip()) else v for n, v in cells}]


def _limited(request: Request, rows: list[JsonValue], column: str) -> list[Step]:
    """Return the filters: a limit with a unit is on the column that is called like what the unit measures."""
    names = [str(n) for n in rows[0]] if rows and isinstance(rows[0], Mapping) else []
    steps: list[Step] = []
    for limit in request.limits:
        named = next((n for n in names if limit.fact and n.lower() == limit.fact.lower()), column)
        steps += within_limits([replace(limit, fact=None)], price=named)
    return steps


def _material(draft: Draft, text: Text, *, is_given: bool, images: bool) -> Rows | None:
    """Return the table to work on: an input, a list in the text, or one that is only spoken of."""
    for name, given in draft.inputs.items():
        if isinstance(given, list):
            return Rows(name, key(name), given)
    lists = [v for v in text.values if isinstance(v, list)]
    if lists:
        return Rows("values", literal(lists[0]), lists[0])
    if images or (text.quotes and not is_given):
        return None
    match = ROWS_NAMED.search(text.folded)
    if match is None and not is_given:
        return None
    name = _table_name(text, match)
    if name in draft.inputs:
        return None
    draft.warn(f"the objective speaks of a table {name!r}, which is empty: give it with --input {name}=[…]")
    return Rows(name, key(draft.give(name, [])), [])


def _table_name(text: Text, match: re.Match[str] | None) -> str:
    word = match.group(1) if match else None
    if word is None:
        spoken = _SPOKEN_NOUN.search(text.folded)
        word = next((g for g in spoken.groups() if g), None) if spoken else None
    return word if word and word not in _NO_NAME and re.fullmatch(r"[a-z][a-z0-9_]{0,40}", word) else "table"


def _column(request: Request, rows: list[JsonValue]) -> str:
    """Return the column the statistics are of: one the rows have, if they are known."""
    match = _SUMMED.search(request.text.folded)
    word = match.group(1) if match else ""
    if rows and not isinstance(rows[0], Mapping):
        return "value"
    said = [word, *spellings(word)] if word else []
    if not rows or not isinstance(rows[0], Mapping):
        return request.sort_by or (said[-1] if said else _superlative(request) or "value")
    first: Mapping[str, Any] = rows[0]
    words = {s for w in request.text.words for s in (w.text, *spellings(w.text))}
    numbers = [n for n in first if type(first[n]) in {int, float}]
    choices = (
        (n for n in first if n.lower() == request.sort_by),
        (n for n in first if n.lower() in said),
        (n for n in numbers if n.lower() in words),
        (n for n in numbers if n.lower() != "id"),
        (n for n in first if n.lower() in words),
    )
    return next((str(n) for choice in choices for n in choice), said[-1] if said else "value")


def _superlative(request: Request) -> str:
    """Return the noun after "the highest", which names a column."""
    match = _HIGHEST.search(request.text.folded)
    return match.group(1) if match else ""


def _overall(request: Request, column: str) -> list[Step]:
    wanted = [*request.statistics, *(["count"] if "count" in request.wants else [])]
    ordered = request.wants & {"sort", "ascending", "descending", "cheap", "dear"} or request.top
    if wanted and not ordered:
        aggregates = {fn: {"fn": fn} if fn == "count" else {"fn": fn, "column": column} for fn in wanted}
        return [{"op": "aggregate", "aggregates": aggregates}]
    steps: list[Step] = in_order(column, request, tie=None)
    if wanted:
        steps += [
            {"op": "group_stat", "by": [NO_COLUMN], "column": column, "fn": fn, "into": fn} for fn in wanted
        ]
    return [*steps, *([{"op": "limit", "count": request.top}] if request.top else [])]


def _by_group(request: Request, rows: list[JsonValue], column: str) -> list[Step]:
    group = request.group_by or ""
    names = [str(n) for n in rows[0]] if rows and isinstance(rows[0], Mapping) else []
    by = next((n for n in names if n.lower() in {group, *spellings(group)}), group)
    against = _AGAINST.search(request.text.folded)
    fence = {"mean": "mean", "average": "mean", "median": "median"}[against.group(2)] if against else None
    fns = [fn for fn in request.statistics if fn != fence] or ["sum" if fence else "count"]
    aggregates = {fn: {"fn": fn} if fn == "count" else {"fn": fn, "column": column} for fn in fns}
    steps: list[Step] = [{"op": "group", "by": [by], "aggregates": aggregates}]
    if against is None or fence is None:
        return steps
    test = "gt" if against.group(1) in {"above", "over"} else "lt"
    flag = {"when": {"column": fns[0], "test": test, "other": f"{fence}_of_all"}}
    return [
        *steps,
        {"op": "group_stat", "by": [NO_COLUMN], "column": fns[0], "fn": fence, "into": f"{fence}_of_all"},
        {"op": "derive", "column": "above" if test == "gt" else "below", "value": flag},
    ]
