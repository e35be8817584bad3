"""The last stage: one row per listing, with what every stage found, filtered, sorted, named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from planner.rules.conditions import (
    Condition,
    Step,
    aggregates_of,
    at_most,
    grouped,
    in_order,
    within_limits,
)
from planner.rules.draft import Bind, Draft, literal
from planner.rules.request import Request, sort_column
from planner.rules.stages import window_column

UNDERPRICED_BELOW: Final = 0.8
"""Of the median price of the same model: what costs less is underpriced."""


def report(draft: Draft, request: Request, parts: Mapping[str, Bind]) -> str:
    """Add the stage that puts the parts side by side.

    Args:
        draft: Where the subtask goes.
        request: What was asked.
        parts: Of lot, detail, photo, reuse, deadline, words -> where its list is; all of one length.
    """
    names = list(parts)
    for limit in request.limits:
        if limit.fact is not None:  # the text of a page, "1,800 h": shown, but no number to compare
            draft.warn(
                f"rows are not filtered by {limit.fact.lower()}, only shown with it: pages give it as text"
            )
    steps: list[Step] = [
        {"op": "zip", "tables": {name: name for name in names}},
        *(_typical_price() if _is_priced(request, parts) else []),
        *(within_limits(request.limits, price="/lot/price") if _is_priced(request, parts) else []),
        *_kept(request, parts),
        *_colours(names),
        *_fair_price(names),
        {"op": "select", "columns": columns_of(request, names)},
        *finished(request, "price", sorted_by=_order(request, parts)),
    ]
    bind = {**{f"tables.{name}": parts[name] for name in names}, "steps": literal(steps)}
    return draft.add("data", "Put together what was found, one row each", bind, gives="report")


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
    if "prices" in parts:
        found["fair_price"] = "fair_price"
    if "reuse" in parts:
        found["photo_reused"] = "/reuse/reused"
    if "words" in parts:
        found["words"] = "/words/words"
    facts = [request.group_by, *(limit.fact.lower() for limit in request.limits if limit.fact)]
    for fact in filter(None, facts if "detail" in parts else []):
        found[fact] = f"/detail/facts/{fact.capitalize()}"
    return found


def finished(request: Request, column: str, *, sorted_by: str | None, group: str | None = None) -> list[Step]:
    """Return the last steps: groups or statistics where asked for, else the order and the first N."""
    by = group if group is not None else request.group_by
    if by is not None:
        return grouped(by, request, column)
    totals = aggregates_of(request, column)
    if totals and not request.wants & {"sort", "ascending", "descending"}:
        return [{"op": "aggregate", "aggregates": totals}]
    return [*in_order(sorted_by, request), *at_most(request)]


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


def _kept(request: Request, parts: Mapping[str, Bind]) -> list[Step]:
    """Return the filters that the objective's words put on what the stages found."""
    tests: list[Condition] = []
    if "deadline" in parts and request.keeps_only_window:
        tests.append({"column": "/deadline/ends_within", "test": "is_true"})
    if not request.wants & {"underpriced", "text_check"}:
        if "reuse" in parts and "duplicates" in request.wants:
            tests.append({"column": "/reuse/reused", "test": "is_true"})
        if "photo" in parts and "blur" in request.wants:
            tests.append({"column": "/photo/blurred", "test": "is_true"})
    return [{"op": "filter", "where": tests[0] if len(tests) == 1 else {"all": tests}}] if tests else []


def _order(request: Request, parts: Mapping[str, Bind]) -> str | None:
    column = sort_column(request)
    shown = columns_of(request, list(parts))
    return column if column in shown else "price" if "price" in shown and column == "price" else None
