"""Material written out in an objective: JSON values and CSV text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json
from planner.rules.quoting import CLOSERS, MAX_UNCLOSED, closing, quoted_rows

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_VALUES: Final = 20
MAX_FAILED: Final = 40
"""Brackets that begin no JSON."""
_BRACKET: Final = re.compile(r"[\[{]")
_DELIMITERS: Final = ",;\t|"
_DECIMAL: Final = re.compile(r"(?:^|\s)-?\d{1,9},\d\d ?[€$£]?\s*$")
"""An amount with its decimal comma, which is no row of two cells."""
Mask = Callable[["JsonValue", str], str]
"""(value, as written) -> what stands for it in the text."""


def take_json(text: str, mask: Mask) -> str:
    """Return the text with every JSON array and object masked."""
    out: list[str] = []
    here = taken = failed = 0
    while taken < MAX_VALUES and failed < MAX_FAILED and (match := _BRACKET.search(text, here)) is not None:
        end = _closing(text, match.start())
        written = text[match.start() : end]
        value = _parsed(written) if end else None
        stop = end if value is not None else match.end()
        out.append(text[here : match.start()])
        out.append(mask(value, written) if value is not None else text[match.start() : stop])
        taken += value is not None
        failed += value is None
        here = stop
    return "".join(out) + text[here:]


def take_csv(text: str, mask: Mask) -> str:
    """Return the text with CSV masked: lines in a row that have equally many cells, two lines at least."""
    if "\n" not in text:
        return text
    out: list[str] = []
    lines = text.split("\n")
    here = unclosed = 0
    while here < len(lines):
        lead, first, opener = _lead(lines[here])
        rows, rest = (
            quoted_rows(lines, here, opener, first) if opener and unclosed < MAX_UNCLOSED else ([], "")
        )
        if len(rows) < 2 or _run(rows, 0, rows[0]) < len(rows):
            unclosed += bool(opener)
            rows, rest = [first, *lines[here + 1 : _run(lines, here, first)]], ""
        if len(rows) < 2:
            out.append(lines[here])
            here += 1
            continue
        out.append(lead + mask("\n".join(_bare(r) for r in rows) + "\n", "\n".join(rows)) + rest)
        here += len(rows)
    return "\n".join(out)


def is_csv(text: str) -> bool:
    """Say whether a text is lines of equally many cells."""
    lines = text.strip("\n").split("\n")
    return len(lines) > 1 and _run(lines, 0, lines[0]) == len(lines)


def _lead(line: str) -> tuple[str, str, str]:
    """Return what a line says before its first cell, the rest, and the quote that opens between the two, if one does."""
    at = max(line.rfind(mark) for mark in CLOSERS)
    if at >= 0 and line[:at][-1:] in {"", " ", ":", "("} and closing(line, at + 1, line[at]) < 0:
        return line[:at], line[at + 1 :].lstrip(" "), line[at]
    before, cut, after = line.partition(next((d for d in _DELIMITERS if d in line), "\0"))
    if cut and before.count(" ") > 2 and not before.rstrip().endswith((":", "?")) and ": " not in line:
        at = before.rfind(" ")
        return before[: at + 1], before[at + 1 :] + cut + after, ""
    at = max(line.rfind(stop) for stop in (": ", ":\t", "? ", ". "))
    return (line[: at + 2], line[at + 2 :], "") if at >= 0 else ("", line, "")


def _run(lines: list[str], start: int, first: str) -> int:
    """Return where the lines end that have as many cells as the first."""
    best = start
    for delimiter in _DELIMITERS:
        cells = first.count(delimiter)
        if not cells or not _is_row(first, delimiter):
            continue
        stop = start + 1
        while stop < len(lines) and lines[stop].count(delimiter) == cells and _is_row(lines[stop], delimiter):
            stop += 1
        if not all(_DECIMAL.search(line) for line in (first, *lines[start + 1 : stop])):
            best = max(best, stop)
    return best


def _is_row(line: str, delimiter: str) -> bool:
    """Say whether a line is cells rather than prose, which has a space after its commas."""
    return (
        not any(mark in line for mark in ("://", "{{", '{"'))
        and len(line) < 500
        and f"{delimiter} " not in line.strip()
    )


def _bare(line: str) -> str:
    return line.strip().strip("'`").removesuffix("\r")


def _closing(text: str, start: int) -> int:
    """Return the place after the bracket that closes the one at `start`; 0 when none does."""
    depth, quoted, skip = 0, False, False
    for i in range(start, len(text)):
        char = text[i]
        if skip:
            skip = False
        elif quoted:
            skip, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
            if depth == 0:
                return i + 1
    return 0


def _parsed(text: str) -> JsonValue:
    try:
        return parse_json(text, max_depth=16)
    except InvalidInput:
        return None
