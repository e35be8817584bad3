"""Steps for the `data` agent, spelled from what was asked: which rows, in what order, how many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from planner.rules.amounts import Limit
from planner.rules.nouns import Sought, spellings
from planner.rules.request import Request

Step = dict[str, Any]
Condition = dict[str, Any]
AGGREGATES: Final = ("count", "sum", "mean", "median", "min", "max")


def plain(value: float) -> int | float:
    """Return a whole number as an integer."""
    return int(value) if value == int(value) else value


def of_kind(sought: Sought) -> list[Step]:
    """Return the step that keeps rows whose title or text has the words asked for, if any were."""
    if not sought.kinds:
        return []
    return [{"op": "filter", "where": _either([_says_all(words) for words in sought.kinds])}]


def with_picture(request: Request) -> list[Step]:
    """Return the step that keeps rows that have a picture, or those that have none, where one of both was asked for."""
    if request.pictured is None:
        return []
    empty: Condition = {"column": "image", "test": "empty"}
    return [{"op": "filter", "where": {"not": empty} if request.pictured else empty}]


def number_of(column: str, source: str) -> Step:
    """Return the step that reads the number out of a page's fact: 128000 of "128,000 km"."""
    return {"op": "derive", "column": column, "value": {"number": {"column": source}}}


def within_limits(limits: Iterable[Limit], *, price: str = "price") -> list[Step]:
    """Return the step that keeps rows whose price is within every limit on prices, if there are any."""
    tests: list[Condition] = [
        {"column": price, "test": limit.test, "value": plain(limit.value)}
        for limit in limits
        if limit.fact is None
    ]
    return [{"op": "filter", "where": tests[0] if len(tests) == 1 else {"all": tests}}] if tests else []


def in_order(column: str | None, request: Request, *, tie: str | None = "url") -> list[Step]:
    """Return the step that sorts by a column, ties by URL."""
    if column is None:
        return []
    down = bool(request.wants & {"descending", "dear"})
    first: Step = {"column": column, "descending": True} if down else {"column": column}
    return [{"op": "sort", "by": [first, *([{"column": tie}] if tie and tie != column else [])]}]


def at_most(request: Request) -> list[Step]:
    """Return the step that keeps the first N, if N were asked for."""
    return [{"op": "limit", "count": request.top}] if request.top else []


def aggregates_of(request: Request, column: str) -> dict[str, Step]:
    """Return name -> aggregate, for every statistic asked for."""
    found: dict[str, Step] = {
        f"{fn}_{_name(column)}": {"fn": fn, "column": column} for fn in request.statistics
    }
    if "count" in request.wants:
        found["count"] = {"fn": "count"}
    return found


def statistics_in(request: Request) -> list[str]:
    """Return the names of the statistics asked for, a count of the rows last."""
    return [*request.statistics, *(["count"] if "count" in request.wants else [])]


def by_name(statistics: Iterable[str], column: str) -> dict[str, Step]:
    """Return each statistic under its own name: of a column, a count of the rows."""
    return {fn: {"fn": fn} if fn == "count" else {"fn": fn, "column": column} for fn in statistics}


def grouped(by: str, request: Request, column: str) -> list[Step]:
    """Return the step that makes one row per value of `by`, with the statistics asked for and a count."""
    aggregates = aggregates_of(request, column) | {"count": {"fn": "count"}}
    return [{"op": "group", "by": [by], "aggregates": aggregates}]


def _says_all(words: tuple[str, ...]) -> Condition:
    every = [_says(word) for word in words]
    return every[0] if len(every) == 1 else {"all": every}


def _says(word: str) -> Condition:
    columns = ("title", "text")
    return _either(
        [{"column": c, "test": "contains", "value": s} for c in columns for s in spellings(word)],
    )


def _either(tests: list[Condition]) -> Condition:
    return tests[0] if len(tests) == 1 else {"any": tests}


def _name(column: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in column.rpartition("/")[2].lower())[:40] or "value"
