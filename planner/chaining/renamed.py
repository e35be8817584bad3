"""Columns named as a template names them: its {{ average }} is what rows call mean_price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from planner.chaining.outputs import columns_of
from planner.chaining.template_places import Places
from planner.rules.draft import Bind, Draft, literal
from planner.rules.lexicon import DATE, DEADLINE, STATISTICS, Words
from planner.rules.nouns import column_of
from planner.rules.spelling import fold

_LISTED: Final = ("url", "title", "price", "currency", "text", "image", "ends_text")
"""Columns of rows that are a page's listings as they stand."""
_COUNTS: Final = Words("count counts number amount anzahl numero cantidad nombre total")


def name_as_wanted(draft: Draft, places: Places, taken: Sequence[Bind]) -> None:
    """Let the rows that fill a template have the columns it names, where they have them by other names.

    Args:
        draft: Where the stage is that gives the rows.
        places: What the template names.
        taken: What its values are taken from.
    """
    keys = {bind.get("key") for bind in taken}
    wanted = list(dict.fromkeys([*places.names, *(n for inner in places.lists.values() for n in inner)]))
    for stage in draft.subtasks:
        if stage["required_agent"] == "data" and stage["output_key"] in keys:
            steps = stage["bind"]["steps"]["literal"]
            more = [*steps, *_derived(wanted, steps)]
            stage["bind"] = {**stage["bind"], "steps": literal(_with_facts(wanted, more))}


def _derived(wanted: Sequence[str], steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    is_listed = any(step.get("column") == "listings" for step in steps)
    columns = columns_of(steps) or (_LISTED if is_listed else ())
    found = {n: other for n in wanted if n not in columns and (other := _other_name(n, columns)) is not None}
    unnamed = [n for n in wanted if n not in columns and n not in found]
    reckoned = [n for step in steps for n, how in step.get("aggregates", {}).items() if how["fn"] != "count"]
    open_ones = [n for n in reckoned if n not in wanted and n not in found.values()]
    if len(unnamed) == len(open_ones) == 1:
        found[unnamed[0]] = open_ones[0]
    return [{"op": "derive", "column": n, "value": {"column": other}} for n, other in found.items()]


def _with_facts(wanted: Sequence[str], steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the steps, with what else is wanted of listings taken from their facts: {{ school }} from School."""
    tables = next((s["tables"] for s in steps if s.get("op") == "zip"), ())
    is_listed = "lot" in tables or any(s.get("column") == "listings" for s in steps)
    if not is_listed or any(s.get("op") in {"aggregate", "group"} for s in steps):
        return [*steps]
    columns = columns_of(steps) or _LISTED
    at = "/lot" if "lot" in tables else ""
    sources = {
        n: f"{at}/{n}" if n in _LISTED else f"{at}/facts/{_label(n)}" for n in wanted if n not in columns
    }
    place = next((i for i, s in enumerate(steps) if s.get("op") == "select"), None)
    if place is None:
        return [*steps, *({"op": "derive", "column": n, "value": {"column": s}} for n, s in sources.items())]
    chosen = {**steps[place], "columns": {**steps[place]["columns"], **sources}}
    return [*steps[:place], chosen, *steps[place + 1 :]]


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _other_name(name: str, columns: Sequence[str]) -> str | None:
    """Return the column that a name means: by the statistic it names, by the column of listings it names."""
    word = fold(name)
    fns = [fn for fn, words in STATISTICS.items() if word in words]
    called = [c for c in columns if c in fns or c.partition("_")[0] in fns]
    if called:
        return called[0]
    if word in _COUNTS and "count" in columns:
        return "count"
    if word in DEADLINE or word in DATE:
        return next((c for c in ("ends_at", "ends_text") if c in columns), None)
    column = column_of(word)
    return column if column in columns else None
