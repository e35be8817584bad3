"""Recipes for objectives that bring their own material: image files, a time in words, numbers, a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from planner.rules import stages
from planner.rules.conditions import Step, in_order, within_limits
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.nouns import spellings
from planner.rules.request import Request
from planner.rules.text import MARKS

if TYPE_CHECKING:
    from pydantic import JsonValue

_WHEN: Final = re.compile(
    r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:tomorrow|today|tonight|noon|midnight|next week)\b"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen|heute)\b"
)
_LEAD: Final = re.compile(
    r"^.*?\b(?:until|till|convert|bis|hasta|jusqu'a|before|umrechnen|convierte|convertis|is|between)\b\s+(?:the )?",
    re.DOTALL,
)
_TAIL: Final = re.compile(r"\s+(?:to|in|into|nach|en|a)\s+(?:utc|gmt)\b.*$", re.DOTALL)
_TABLE: Final = re.compile(
    r"\b(?:([a-z]\w+)\s+)?(?:table|rows|records|dataset|csv|spreadsheet|tabelle|tabla|tableau)\b"
)
_SUMMED: Final = re.compile(
    r"\b(?:sum|total|average|mean|median|minimum|maximum)(?:s| up)?\s+(?:of\s+)?(?:the\s+|all\s+|their\s+)?([a-z]\w+)"
)
NO_COLUMN: Final = "-"
"""No row has it, so grouping by it makes one group of all rows."""
_AGAINST: Final = re.compile(r"\b(above|over|below|under)\s+(?:the |their )?(mean|average|median)\b")


def plan_direct(draft: Draft, request: Request) -> list[str]:
    """Add what the objective asks of the material in it, and return the keys of the answers."""
    return [
        *_images(draft, request),
        *_table(draft, request),
        *_moments(draft, request),
    ]


def _images(draft: Draft, request: Request) -> Iterator[str]:
    images = list(request.text.images)
    if not images:
        return
    if "duplicates" in request.wants and len(images) > 1:
        pictures = draft.give("pictures", [[image] for image in images])
        seen = draft.add(
            "vision", "Look at each image", {"images": key(pictures)}, gives="photos", foreach=key(pictures)
        )
        yield stages.reuse_of(draft, seen)
        return
    bind: dict[str, Bind] = {"images": literal([*images])}
    if request.text.quotes:
        bind["text"] = literal(request.text.quotes[0])
    yield draft.add("vision", "Look at the images", bind, gives="photos")


def _moments(draft: Draft, request: Request) -> Iterator[str]:
    if not request.wants_clock:
        return
    for value in request.text.values:
        if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
            items = stages.deadlines_of(draft, literal(value), pointer="", window=request.window)
            yield (
                _sorted_moments(draft, items)
                if request.wants & {"soonest", "sort"} and "data" in draft
                else items
            )
            return
    text = _when(request)
    if text:
        bind = {"text": literal(text)}
        if request.window is not None:
            bind["within_hours"] = literal(stages.window_hours(request.window))
        yield draft.add("time", "Tell the time meant, in UTC", bind, gives="moment")


def _sorted_moments(draft: Draft, items: str) -> str:
    steps: list[Step] = [{"op": "from", "table": "times"}, {"op": "sort", "by": [{"column": "utc"}]}]
    bind = {"tables.times": key(items, "/items"), "steps": literal(steps)}
    return draft.add("data", "Sort by time", bind, gives="report")


def _when(request: Request) -> str:
    quoted = [q for q in request.text.quotes if _WHEN.search(q.lower())]
    if quoted:
        return quoted[0]
    folded, plain = request.text.folded, request.text.plain
    lead, tail = _LEAD.match(folded), _TAIL.search(folded)
    start = lead.end() if lead else 0
    end = tail.start() if tail and tail.start() > start else len(folded)
    text = re.sub(rf"[{MARKS}\s]+", " ", plain[start:end]).strip(" ?!.,;:")
    return text[:500] if _WHEN.search(text.lower()) else ""


def _table(draft: Draft, request: Request) -> Iterator[str]:
    if not (request.wants_reckoning or request.wants & {"ascending", "descending"}) or request.text.images:
        return
    found = _material(draft, request)
    if found is None:
        return
    name, source, rows = found
    column = _column(request, rows)
    steps = [{"op": "from", "table": name}, *_limited(request, rows, column)]
    steps += _by_group(request, rows, column) if request.group_by else _overall(request, column)
    bind = {f"tables.{name}": source, "steps": literal(steps)}
    yield draft.add("data", "Work on the rows given", bind, gives="report")


def _limited(request: Request, rows: list[JsonValue], column: str) -> list[Step]:
    """Return the filters: a limit with a unit is on the column that is called like what the unit measures."""
    names = [str(n) for n in rows[0]] if rows and isinstance(rows[0], Mapping) else []
    steps: list[Step] = []
    for limit in request.limits:
        named = next((n for n in names if limit.fact and n.lower() == limit.fact.lower()), column)
        steps += within_limits([replace(limit, fact=None)], price=named)
    return steps


def _material(draft: Draft, request: Request) -> tuple[str, Bind, list[Any]] | None:
    """Return a name, a source and the rows, as far as they are known, of the table to work on."""
    for name, given in draft.inputs.items():
        if isinstance(given, list):
            return name, key(name), given
    for value in request.text.values:
        if isinstance(value, list):
            return "values", literal(value), value
    match = _TABLE.search(request.text.folded)
    if match is None:
        return None
    word = match.group(1)
    name = word if word and word not in {"the", "this", "my", "a", "given", "following"} else "table"
    if name in draft.inputs:
        return None
    draft.warn(f"the objective speaks of a table {name!r}, which is empty: give it with --input {name}=[…]")
    return name, key(draft.give(name, [])), []


def _column(request: Request, rows: list[JsonValue]) -> str:
    """Return the column the statistics are of: one the rows have, if they are known."""
    match = _SUMMED.search(request.text.folded)
    word = match.group(1) if match else ""
    if rows and not isinstance(rows[0], Mapping):
        return "value"
    names = [str(n) for n in rows[0]] if rows and isinstance(rows[0], Mapping) else []
    said = [word, *spellings(word)] if word else []
    named = next(
        (n for n in names if n.lower() in said or n.lower() in {w.text for w in request.text.words}), None
    )
    numbers = [n for n in names if isinstance(rows[0], Mapping) and type(rows[0][n]) in {int, float}]
    exact = next((n for n in names if n.lower() in said), None)
    return exact or next(iter(numbers), None) or named or (said[-1] if said else "value")


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
