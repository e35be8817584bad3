"""Rows that say in words when they end: read by `time`, then kept, sorted and reckoned by what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from contracts.jsonvalue import join_pointer
from planner.rules import stages
from planner.rules.conditions import Step, by_name, statistics_in, within_limits
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.lexicon import DATE, DEADLINE, STARTS, Words
from planner.rules.phrases import SAY_WHICH
from planner.rules.request import Request
from planner.rules.row_columns import amounts_column
from planner.rules.rows import NO_COLUMN, Rows, by_group
from planner.rules.spelling import fold
from planner.rules.text import Text

_LOOKED_AT: Final = 5
_NAMES: Final = Words(
    "when time times until till closing closing_time end_time ends_at due_date due_at wann zeit bis frist fristen "
    "fallig* cuando hora plazo limite fin quand heure limit delai date_limite"
)
"""Of columns, beside what the lexicon has for deadlines, dates and beginnings."""
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?\s*$")
_MONTH: Final = (
    r"(?:jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|ene|abr|ago|dic|fev|avr|juin|juil|aout|may|mayo|marz"
    r"|maerz|marzo|mars)[a-z]{0,7}"
)
_MOMENT: Final = re.compile(
    r"\d{1,2}:\d\d|\d{1,2}[./]\d{1,2}(?:[./]|\b)|\d{4}-\d\d-\d\d|\b\d{1,2}\s?(?:am|pm|uhr|h)\b"
    rf"|\b\d{{1,2}}(?:\.|st|nd|rd|th)?\s+(?:de |of )?{_MONTH}\b|\b{_MONTH}\.? \d{{1,2}}\b"
    r"|\b(?:to(?:day|morrow|night)|noon|midnight|heute|morgen|ubermorgen|mittag|hoy|manana|demain|aujourd'hui|midi|minuit)\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:mon|diens|donners|frei|sams|sonn)tag\b|\bmittwoch\b"
    r"|\b(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b"
    r"|\b(?:in|en|dans|within|next)\s+(?:\d+|an?|one|two|three|einem?r?|zwei|drei|un[ae]?|dos|tres|deux|trois)\s+"
    r"(?:min|h\b|hour|day|week|stunde|tag|woche|hora|dia|semana|heure|jour|semaine)"
)
_ASKS_WHEN: Final = re.compile(
    r"\b(?:when|how (?:long|soon|much time)|wann|wie lange|cuando|cuanto (?:tiempo|falta|queda)|quand|combien de temps"
    r"|left|remain\w*|(?:ver)?bleib\w*|quedan?|faltan?|reste\w*|restant\w*|overdue|uberfallig\w*|vencid[ao]s)\b"
)
_URGENT: Final = re.compile(
    r"\b(?:urgen\w+|dringend\w*|(?:zuerst|als erste\w*|first|primero|antes|en premier) (?:fallig|due|vence\w*|caduca\w*)"
    r"|(?:due|fallig|vencen?|caducan?|echeance) (?:zuerst|als erste\w*|first|next|primero|antes|en premier))\b"
)
"""Of what ends soonest."""
_WHICH: Final = re.compile(r"\b(?:which|what|welche[nrs]?|cual(?:es)?|quel(?:le)?s?|lesquel\w*|que)\b")
_ORDER: Final = frozenset({"sort", "soonest", "ascending", "descending", "newest", "oldest"})


@dataclass(frozen=True)
class TimedRows:
    """Rows, and the column of theirs that says when."""

    rows: list[Any]
    column: str
    source: Bind | None
    """Where they are; None: an agent gives them."""


def timed_rows(
    text: Text, request: Request, given: Mapping[str, Any], csv_rows: Sequence[Any]
) -> TimedRows | None:
    """Return the rows whose times are asked about; None where there are none or nobody asks.

    Args:
        text: The ask.
        request: What it wants.
        given: The inputs.
        csv_rows: The rows of its CSV, as far as they are known.
    """
    tables = [*((rows, literal(rows)) for rows in text.values), *((v, key(n)) for n, v in given.items())]
    for rows, source in (*tables, (csv_rows, None)):
        if not isinstance(rows, Sequence) or not rows or not isinstance(rows[0], Mapping):
            continue
        column = _moment_column(rows[:_LOOKED_AT])
        if column is not None and _is_asked(request, column, rows[:_LOOKED_AT]):
            return TimedRows([*rows], column, source)
    return None


def _moment_column(rows: Sequence[Any]) -> str | None:
    """Return the column that holds times in words: one named for it before any other."""
    said = [name for name in rows[0] if any(isinstance(r, Mapping) and _is_moment(r.get(name)) for r in rows)]
    return next((n for n in said if _is_time_name(n)), said[0] if said else None)


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and len(value) < 300 and _MOMENT.search(fold(value)) is not None


def _is_time_name(column: str) -> bool:
    words = re.split(r"[\W_]+", fold(column))
    return any(w in listed for w in words for listed in (DEADLINE, STARTS, DATE, _NAMES))


def _is_asked(request: Request, column: str, rows: Sequence[Any]) -> bool:
    """Say whether the clock is asked for: dates that are ISO already sort as they stand."""
    if request.window is not None or "zone" in request.wants or _URGENT.search(request.text.folded):
        return True
    is_iso = all(_ISO.match(str(r.get(column, ""))) for r in rows if isinstance(r, Mapping))
    folded = request.text.folded
    sorts = bool(request.wants & _ORDER)
    if sorts and not is_iso:
        return (
            "soonest" in request.wants or fold(column) == request.sort_by or _sorts_by_time(request, column)
        )
    timed = bool(request.wants & {"deadline", "moment", "starts"}) or _is_time_name(column)
    return timed and not sorts and _ASKS_WHEN.search(folded) is not None and "count" not in request.wants


def _sorts_by_time(request: Request, column: str) -> bool:
    said = request.sort_by or ""
    return said == fold(column) or any(said in listed for listed in (DEADLINE, STARTS, DATE, _NAMES))


def plan_timed_rows(draft: Draft, request: Request, timed: TimedRows, rows: Rows | None) -> None:
    """Read when each row ends, and work on the rows with that beside them.

    Args:
        draft: Where it goes.
        request: What is asked.
        timed: The rows as far as they are known, and their time's column.
        rows: Those an agent gave.
    """
    source = timed.source or (rows.source if rows is not None else None)
    if source is None:
        return
    deadlines = stages.deadlines_of(draft, source, pointer=join_pointer(timed.column), window=request.window)
    if "data" not in draft or not _works_on(request):
        return
    names = [str(n) for n in timed.rows[0]]
    column = amounts_column(request, timed.rows)
    steps: list[Step] = [{"op": "zip", "tables": {"row": "row", "deadline": "deadline"}}]
    if request.keeps_only_window:
        steps.append({"op": "filter", "where": {"column": "/deadline/ends_within", "test": "is_true"}})
    shown = {name: "/row" + join_pointer(name) for name in names} | {"ends_at": "/deadline/utc"}
    if request.window is not None and not request.keeps_only_window:
        shown[stages.window_column(request.window)] = "/deadline/ends_within"
    steps.append({"op": "select", "columns": shown})
    steps += within_limits([replace(x, fact=None) for x in request.limits], price=column)
    steps += _finished(request, timed.rows, column)
    bind = {"tables.row": source, "tables.deadline": key(deadlines, "/items")}
    draft.add("data", "Work on the rows by when they end", bind | {"steps": literal(steps)}, gives="report")


def _works_on(request: Request) -> bool:
    """Say whether more is asked than when each ends."""
    if _URGENT.search(request.text.folded):
        return True
    return request.window is not None or request.wants_reckoning or bool(request.wants & _ORDER)


def _finished(request: Request, rows: list[Any], column: str) -> list[Step]:
    """Return the last steps: groups, one row of statistics, or the rows by time with the statistics beside them."""
    if request.group_by:
        return by_group(request, rows, column)
    wanted = statistics_in(request)
    folded = request.text.folded
    is_listed = bool(request.wants & _ORDER) or SAY_WHICH.search(folded) or _WHICH.search(folded)
    if wanted and not is_listed:
        return [{"op": "aggregate", "aggregates": by_name(wanted, column)}]
    by_amount = request.wants & {"cheap", "dear"}
    by: dict[str, Any] = {"column": column if by_amount else "ends_at"}
    if request.wants & {"descending", "dear"} and not _URGENT.search(folded):  # the most urgent ends first
        by["descending"] = True
    steps: list[Step] = [{"op": "sort", "by": [by]}]
    for fn in wanted:
        of = {} if fn == "count" else {"column": column}
        steps.append({"op": "group_stat", "by": [NO_COLUMN], **of, "fn": fn, "into": f"{fn}_of_all"})
    return [*steps, *([{"op": "limit", "count": request.top}] if request.top else [])]
