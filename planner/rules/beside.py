"""What agents called for give for each row of a listing, put beside the rows and reckoned with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from planner.chaining.call import Call
from planner.rules.conditions import Condition, Step, number_of
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.request import Request


@dataclass(frozen=True)
class Beside:
    """A call that runs once for each row, and what the report does with what it gives."""

    call: Call
    part: str
    """The report's name for the list it gives."""
    bind: Mapping[str, Bind]
    """What it is given, but for what comes from the row."""
    takes: Mapping[str, str]
    """Parameter -> pointer into the row, or into the row's page."""
    columns: Mapping[str, str]
    """Report column -> pointer into the row of the report."""
    derived: tuple[Step, ...] = ()
    where: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    """Report column, whether it descends."""
    top: int | None = None
    counted: str = ""
    """Report column that statistics are of; empty: not of what it gives."""
    of_details: bool = False
    """Whether it needs each row's own page."""
    fact: str = ""
    """Of that page, or of the row itself, where it takes one."""
    bounds: tuple[float, ...] = ()
    """Bounds that are on what it gives, not on prices."""
    warnings: tuple[str, ...] = ()

    def chooses(self, request: Request) -> bool:
        """Say whether the rows must all be there still: chosen by what it gives, or carrying a fact."""
        is_own = bool(self.fact) and not self.of_details
        return bool(is_own or self.where or self.order or (self.counted and request.statistics))


def add_beside(draft: Draft, beside: Beside, lots: str, details: str) -> Bind:
    """Add a call that runs once for each row, and return where its list is.

    Args:
        draft: Where it goes.
        beside: The call.
        lots: Key of the rows.
        details: Key of their pages; empty where none were read.
    """
    for text in beside.warnings:
        draft.warn(text)
    rows, at = (key(details), details) if beside.of_details else (key(lots, "/rows"), lots)
    if beside.fact:
        # A page's facts are texts by its card, so a number cannot be bound to one: the rows carry it.
        at = _facts_taken(draft, beside.fact, lots, details if beside.of_details else "")
        rows = key(at, "/rows")
    bind = {**beside.bind, **{name: key(at, pointer) for name, pointer in beside.takes.items()}}
    said = beside.call.card.description.strip().partition("\n")[0]
    gives = beside.call.card.name.removeprefix("wasm:")[:50]
    return key(draft.add(beside.call.card.name, said, bind, gives=gives, foreach=rows))


def _facts_taken(draft: Draft, fact: str, lots: str, details: str) -> str:
    """Add the step that takes a fact of each row, from its own page where that was read."""
    tables = {"lot": key(lots, "/rows")} | ({"detail": key(details)} if details else {})
    where = "detail" if details else "lot"
    steps: list[Step] = [
        {"op": "zip", "tables": {name: name for name in tables}},
        {"op": "select", "columns": {"url": "/lot/url", "said": f"/{where}/facts/{fact}"}},
        number_of("value", "said"),
    ]
    bind = {**{f"tables.{name}": source for name, source in tables.items()}, "steps": literal(steps)}
    return draft.add("data", f"Take the {fact.lower()} of each", bind, gives="amounts")


def without_bounds(request: Request, besides: Sequence[Beside]) -> Request:
    """Return a request whose limits are on prices and facts alone, not on what is put beside the rows."""
    spent = [value for beside in besides for value in beside.bounds]
    return replace(request, limits=tuple(x for x in request.limits if x.fact or x.value not in spent))
