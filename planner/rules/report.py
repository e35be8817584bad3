"""The last stage: one row per listing, with what every stage found, filtered, sorted, named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from planner.rules.amounts import Limit
from planner.rules.beside import Beside
from planner.rules.conditions import (
    Condition,
    Step,
    aggregates_of,
    at_most,
    grouped,
    in_order,
    number_of,
    plain,
    within_limits,
)
from planner.rules.draft import Bind, Draft, literal
from planner.rules.request import Request, sort_column
from planner.rules.stages import window_column

UNDERPRICED_BELOW: Final = 0.8
"""Of the median price of the same model: what costs less is underpriced."""


def report(
    draft: Draft,
    request: Request,
    parts: Mapping[str, Bind],
    besides: Sequence[Beside] = (),
    *,
    columns: Mapping[str, str] | None = None,
) -> str:
    """Add the stage that puts the parts side by side.

    Args:
        draft: Where the subtask goes.
        request: What was asked.
        parts: Of lot, detail, photo, reuse, deadline, words -> where its list is; all of one length.
        besides: What other agents gave for each, part by part.
        columns: Of the report, beside those that the parts have of themselves -> where each stands.
    """
    names = list(parts)
    more = {c: p for b in besides for c, p in b.columns.items()} | dict(columns or {})
    facts = [limit for limit in request.limits if limit.fact and "detail" in parts]
    for fact in dict.fromkeys(str(limit.fact) for limit in facts):
        draft.warn(
            f"the first number of a page's fact {fact.capitalize()!r} is held against the limit, whatever its unit; "
            "rows whose page gives none are kept"
        )
    steps: list[Step] = [
        {"op": "zip", "tables": {name: name for name in names}},
        *(_typical_price() if _is_priced(request, parts) else []),
        *(within_limits(request.limits, price="/lot/price") if _is_priced(request, parts) else []),
        *_within_facts(facts),
        *(step for b in besides for step in b.derived),
        *_kept(request, parts, besides),
        *_colours(names),
        *_fair_price(names),
        {"op": "select", "columns": columns_of(request, names) | more},
        *_finished(request, parts, besides),
    ]
    bind = {**{f"tables.{name}": parts[name] for name in names}, "steps": literal(steps)}
    return draft.add("data", "Put together what was found, one row each", bind, gives="report")


def _within_facts(limits: Sequence[Limit]) -> Iterator[Step]:
    """Yield the steps that keep rows whose pages' facts are within limits, or are not given."""
    for fact in dict.fromkeys(str(limit.fact) for limit in limits):
        column = f"{fact.lower()}_read"
        yield number_of(column, f"/detail/facts/{fact.capitalize()}")
        tests: list[Condition] = [
            {"column": column, "test": limit.test, "value": plain(limit.value)}
            for limit in limits
            if limit.fact == fact
        ]
        yield {"op": "filter", "where": {"any": [{"all": tests}, {"column": column, "test": "empty"}]}}


def columns_of(request: Request, parts: list[str]) -> dict[str, str]:
    """Return report column -> where it stands beside the others."""
    found: dict[str, str] = (
        {"url": "/lot/url", "title": "/lot/title", "price": "/lot/price"}
        if "lot" in parts
        else {"url": "/detail/url", "title": "/detail/title"}
    )
    if _is_priced(request, parts):
        found["typical_price"] = "typical_price"
    if "deadline" in parts:
        found["ends_at"] = "/deadline/utc"
        if request.window is not None:
            found[window_column(request.window)] = "/deadline/ends_within"
        if request.keeps_only_window or request.window is None:
            found["ends_unsure"] = "/deadline/unsure"
    if "photo" in parts:
        found |= {
            "colour_stated": "/photo/stated_colour",
            "colour_seen": "/photo/seen_colour",
            "colour_differs": "colour_differs",
            "photo_blurred": "/photo/blurred",
        }
    if "dated" in parts:
        found["dated_at"] = "/dated/utc"
    if "prices" in parts:
        found["fair_price"] = "fair_price"
    if "reuse" in parts:
        found["photo_reused"] = "/reuse/reused"
    if "words" in parts:
        found["words"] = "/words/words"
    return found | _facts(request, parts)


def _facts(request: Request, parts: Iterable[str]) -> dict[str, str]:
    """Return the columns of facts that rows are grouped or limited by."""
    facts = [request.group_by, *(limit.fact.lower() for limit in request.limits if limit.fact)]
    return {fact: f"/detail/facts/{fact.capitalize()}" for fact in facts if fact and "detail" in parts}


def finished(request: Request, column: str, *, sorted_by: str | None, group: str | None = None) -> list[Step]:
    """Return the last steps: groups or statistics where asked for, else the order and the first N."""
    by = group if group is not None else request.group_by
    if by is not None:
        return grouped(by, request, column)
    totals = aggregates_of(request, column)
    if totals and not request.wants & {"sort", "ascending", "descending"}:
        return [{"op": "aggregate", "aggregates": totals}]
    return [*in_order(sorted_by, request), *at_most(request)]


def _finished(request: Request, parts: Mapping[str, Bind], besides: Sequence[Beside]) -> list[Step]:
    """Return the last steps; an order or a statistic of what was put beside the rows goes before one of prices."""
    column = next((b.counted for b in besides if b.counted), "price")
    order = [pair for b in besides for pair in b.order]
    if not order or (request.statistics and not request.wants & {"sort", "ascending", "descending"}):
        return finished(request, column, sorted_by=_order(request, parts))
    by = [{"column": c, "descending": True} if down else {"column": c} for c, down in order]
    top = next((b.top for b in besides if b.top), request.top)
    steps: list[Step] = [{"op": "sort", "by": [*by, {"column": "url"}]}]
    return [*steps, *([{"op": "limit", "count": top}] if top else [])]


def _is_priced(request: Request, parts: Iterable[str]) -> bool:
    return "underpriced" in request.wants and "lot" in parts


def _fair_price(parts: Iterable[str]) -> list[Step]:
    """Return the step that gives every page the one price reckoned from all."""
    spread = {
        "op": "group_stat",
        "by": ["-"],
        "column": "/prices/fair_price",
        "fn": "max",
        "into": "fair_price",
    }
    return [spread] if "prices" in parts else []


def _colours(parts: Iterable[str]) -> list[Step]:
    """Return the step that says where photo and words differ; false too where a colour is unknown, which is null."""
    differs = {"when": {"column": "/photo/colour_matches", "test": "is_false"}}
    return [{"op": "derive", "column": "colour_differs", "value": differs}] if "photo" in parts else []


def _typical_price() -> list[Step]:
    return [
        {
            "op": "group_stat",
            "by": ["/detail/facts/Model"],
            "column": "/lot/price",
            "fn": "median",
            "into": "typical_price",
        },
        {
            "op": "derive",
            "column": "underpriced_below",
            "value": {"mul": [{"literal": UNDERPRICED_BELOW}, {"column": "typical_price"}]},
        },
        {"op": "filter", "where": {"column": "/lot/price", "test": "lt", "other": "underpriced_below"}},
    ]


def _kept(request: Request, parts: Mapping[str, Bind], besides: Sequence[Beside] = ()) -> list[Step]:
    """Return the filters that the objective's words put on what the stages found."""
    tests: list[Condition] = [test for b in besides for test in b.where]
    if "deadline" in parts and request.keeps_only_window:
        tests.append({"column": "/deadline/ends_within", "test": "is_true"})
    # Of "the three longest" all three are shown, and what their photos are like beside them.
    if not (request.wants & {"underpriced", "text_check"} or any(b.top for b in besides)):
        if "reuse" in parts and "duplicates" in request.wants:
            tests.append({"column": "/reuse/reused", "test": "is_true"})
        if "photo" in parts and "blur" in request.wants:
            tests.append({"column": "/photo/blurred", "test": "is_true"})
    return [{"op": "filter", "where": tests[0] if len(tests) == 1 else {"all": tests}}] if tests else []


def _order(request: Request, parts: Mapping[str, Bind]) -> str | None:
    column = sort_column(request)
    shown = columns_of(request, list(parts))
    return column if column in shown else "price" if "price" in shown and column == "price" else None
