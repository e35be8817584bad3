"""The conversion of a fact of each row, put beside the rows: a listing's mileage, its lengths, its prices."""

from __future__ import annotations

from collections.abc import Iterator

from planner.chaining.call import Call
from planner.rules.beside import Beside
from planner.rules.conditions import Step, plain
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.hearing import Heard
from planner.rules.request import Request
from planner.rules.row_facts import FactUse, fact_use
from planner.rules.units import Conversion, conversion_in


def converted_beside(draft: Draft, heard: Heard, call: Call) -> Beside | None:
    """Return the conversion of a fact of each row, where the text asks for rows of a page; None otherwise."""
    conversion = conversion_in(heard.text)
    if conversion is None or call.presets.keys() & {"value", "values"}:
        return None
    rates = _rates(draft, call, conversion)
    use = fact_use(heard.text, conversion)
    if rates is None or not _is_of_rows(heard.request, use):
        return None
    derived: tuple[Step, ...] = ()
    columns = {use.column: "/converted/value"}
    if use.ratio:
        sides = [{"column": "/lot/price"}, {"column": "/converted/value"}]
        derived = ({"op": "derive", "column": use.ratio, "value": {"div": sides}},)
        columns[use.ratio] = use.ratio
    by = {"": "", "value": use.column, "ratio": use.ratio}[use.ranks]
    return Beside(
        call,
        "converted",
        {name: literal(value) for name, value in call.presets.items()} | rates,
        {"value": "/value" if use.fact else "/price"},
        columns,
        derived=derived,
        where=tuple(
            {"column": "/converted/value", "test": b.test, "value": plain(b.value)} for b in use.bounds
        ),
        order=((by, use.is_descending),) if by else (),
        top=use.top,
        counted=use.column if use.is_summed else "",
        of_details=bool(use.fact) and not use.is_part,
        fact=use.fact,
        warnings=tuple(_warnings(use, conversion, str(call.presets["from"]))),
    )


def _warnings(use: FactUse, conversion: Conversion, source: str) -> Iterator[str]:
    if use.fact:
        yield (
            f"the first number of a page's fact {use.fact!r} is taken for what is converted; rows without one "
            "stay without a value"
        )
    if conversion.source is None:
        yield f"the objective does not say what is converted: {source} is assumed"


def _rates(draft: Draft, call: Call, conversion: Conversion) -> dict[str, Bind] | None:
    """Return the rates that the text does not give but the caller does; None where another agent must fetch them."""
    if conversion.kind != "currency" or "rates" in call.presets:
        return {}
    names: tuple[str, ...] = ("rates", "base")
    given = {name: key(name) for name in names if name in draft.inputs}
    return given if "rates" in given else None


def _is_of_rows(request: Request, use: FactUse) -> bool:
    """Say whether a listing's rows are meant rather than the one thing that a page is about."""
    asked = use.bounds or use.ranks or use.ratio or use.is_each
    return bool(request.wants_rows or request.wants_reckoning or asked)
