"""Work on rows at hand: numbers and tables in an objective, the caller's, or what other agents gave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from planner.chaining.outputs import Output
from planner.chaining.schemas import parts_of, properties_of, types_of
from planner.rules.conditions import Step, by_name, in_order, statistics_in, within_limits
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.request import Request
from planner.rules.row_columns import (
    AMOUNT,
    amounts_column,
    is_named,
    named_group,
    product_of,
    with_most,
    without_repeats,
)
from planner.rules.spelling import fold
from planner.rules.text import Text

if TYPE_CHECKING:
    from pydantic import JsonValue

ROWS_NAMED: Final = re.compile(
    r"\b(?:([a-z]\w+)\s+)?(?:table|rows|lines|records|lignes|filas|zeilen|lista|liste|listado|dataset|csv|spreadsheet|tabelle|tabla|tableau)\b"
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
    names = [str(n) for n in found.sample[0]] if found.sample and isinstance(found.sample[0], Mapping) else []
    request = replace(request, group_by=request.group_by or named_group(request, names))
    product = product_of(request, names)
    column = AMOUNT if product else amounts_column(request, found.sample)
    once = without_repeats(request.text.folded, names)
    kept = [*once, *_limited(request, found.sample, column)]
    steps = [{"op": "from", "table": found.name}, *product, *kept]
    request = with_most(request)
    if once and fold(str((once[0].get("by") or [""])[0])) == request.group_by:
        request = replace(request, group_by=None)  # "one row by city" makes no groups
    asked = _of_numbers(request) if _is_plain(found.sample) else request
    steps += (
        by_group(request, found.sample, column)
        if request.group_by
        else _overall(asked, column, is_kept=bool(kept))
    )
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
            items = best.schema.get("items", {})
            plain = [0] if types_of(items) <= {"number", "integer", "null"} else []
            sample = _named_columns(items) or plain or first_row(csv)
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


def first_row(csv: str) -> list[Any]:
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


def _is_plain(rows: list[Any]) -> bool:
    """Say whether the rows are plain values."""
    return bool(rows) and not isinstance(rows[0], Mapping)


def _of_numbers(request: Request) -> Request:
    """Return what is asked of plain numbers: the dearest is no row there, only the greatest; N greatest are an order."""
    if request.top:
        ends = [fn for fn in request.statistics if fn not in {"min", "max"}]
        down = {"descending"} if "max" in request.statistics else set()
        return replace(request, statistics=tuple(ends), wants=request.wants | down)
    if request.wants & {"sort", "ascending", "descending"}:
        return request
    named = [fn for want, fn in (("cheap", "min"), ("dear", "max")) if want in request.wants]
    stated = dict.fromkeys([*request.statistics, *named])
    return replace(request, statistics=tuple(stated), wants=request.wants - {"cheap", "dear"})


def _overall(request: Request, column: str, *, is_kept: bool) -> list[Step]:
    """Return one row of statistics, or the rows in order; rows that were only chosen keep theirs."""
    wanted = statistics_in(request)
    ordered = request.wants & {"sort", "ascending", "descending", "cheap", "dear"} or request.top
    if column == AMOUNT and not (wanted or ordered or request.sort_by):
        return []
    if wanted and not ordered:
        return [{"op": "aggregate", "aggregates": by_name(wanted, column)}]
    stays = is_kept and not (
        ordered or request.sort_by or request.wants & {"alphabetical", "newest", "oldest"}
    )
    steps: list[Step] = [] if stays else in_order(column, request, tie=None)
    if wanted:
        steps += [
            {"op": "group_stat", "by": [NO_COLUMN], "column": column, "fn": fn, "into": fn} for fn in wanted
        ]
    return [*steps, *([{"op": "limit", "count": request.top}] if request.top else [])]


def by_group(request: Request, rows: list[JsonValue], column: str) -> list[Step]:
    """Return the steps that make one row of each group, told apart by a mean where one is held against."""
    group = request.group_by or ""
    names = [str(n) for n in rows[0]] if rows and isinstance(rows[0], Mapping) else []
    by = next((n for n in names if is_named(n, group)), group)
    against = _AGAINST.search(request.text.folded)
    fence = {"mean": "mean", "average": "mean", "median": "median"}[against.group(2)] if against else None
    fns = [fn for fn in request.statistics if fn != fence] or [
        "sum" if fence or column == AMOUNT else "count"
    ]
    steps: list[Step] = [{"op": "group", "by": [by], "aggregates": by_name(fns, column)}]
    if against is None or fence is None:
        return steps
    test = "gt" if against.group(1) in {"above", "over"} else "lt"
    flag = {"when": {"column": fns[0], "test": test, "other": f"{fence}_of_all"}}
    return [
        *steps,
        {"op": "group_stat", "by": [NO_COLUMN], "column": fns[0], "fn": fence, "into": f"{fence}_of_all"},
        {"op": "derive", "column": "above" if test == "gt" else "below", "value": flag},
    ]
