"""Values as people read them. Everything returned is text for the template to escape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import JsonValue

MAX_JSON: Final = 20_000
"""Characters of one value on a page; the rest is at the raw link."""
MAX_ROWS: Final = 100
MAX_COLUMNS: Final = 12
MAX_CELL: Final = 160
SHORT: Final = 24
NOTHING: Final = "\N{EN DASH}"

# Characters that reorder or hide what stands around them: controls, and the bidi embeddings, overrides and isolates.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Likewise, and those that take no room: in JSON each can be spelled out. JSON text itself holds no control but line ends.
_UNSEEN_IN_JSON: Final = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_LINK: Final = re.compile(r"https?://[^\s<>\"]{1,2000}")


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that may have been cut."""

    text: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a result table."""

    text: str
    link: str = ""
    is_number: bool = False

    @property
    def is_short(self) -> bool:
        """Whether it reads best on one line."""
        return len(self.text) <= SHORT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of objects as a table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    """Rows there are; the table may show fewer."""
    left_out: tuple[str, ...] = ()
    """Columns there was no room for."""


def visible(text: object) -> str:
    """Return text in which no character can act on its surroundings unseen."""
    return _UNSEEN.sub(
        lambda found: (
            f"\N{MATHEMATICAL LEFT ANGLE BRACKET}U+{ord(found[0]):04X}\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
        ),
        str(text),
    )


def unseen_escaped(text: str) -> str:
    """Return JSON that means the same, in which no character is unseen or moves its surroundings."""
    return _UNSEEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shorten(text: object, limit: int = 120) -> str:
    """Return one line of at most `limit` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def iso(ms: int) -> str:
    """Return Unix milliseconds in ISO 8601, UTC."""
    return _moment(ms).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment(ms: int) -> str:
    """Return Unix milliseconds as people say it, UTC."""
    at = _moment(ms)
    return f"{at.day} {at:%b %Y, %H:%M:%S} UTC"


def duration(ms: float | None) -> str:
    """Return a length of time in the unit that suits it."""
    if ms is None:
        return NOTHING
    if ms < 1000:
        return f"{ms:.0f} ms" if ms >= 10 or ms == int(ms) else f"{ms:.1f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    parts = (
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{seconds} s" if seconds else "",
    )
    return " ".join([part for part in parts if part][:2])


def pretty(value: JsonValue, limit: int = MAX_JSON) -> Shown:
    """Return JSON laid out over lines, cut at `limit`."""
    parts: list[str] = []
    size = 0
    for chunk in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            return Shown(f"{visible(''.join(parts)[:limit])} …", is_cut=True)
    return Shown(visible("".join(parts)))


def as_table(value: JsonValue) -> Table | None:
    """Return a value as a table when it is rows (or an object that holds them under `rows`), else None."""
    rows = value.get("rows") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not rows:
        return None
    objects = [row for row in rows if isinstance(row, dict)]
    if len(objects) != len(rows):
        return None
    shown = objects[:MAX_ROWS]
    names = list(dict.fromkeys(name for row in shown for name in row))
    if not names:
        return None
    kept = names[:MAX_COLUMNS]
    return Table(
        columns=tuple(shorten(n, 60) for n in kept),
        rows=tuple(tuple(_cell(row.get(name)) for name in kept) for row in shown),
        total=len(objects),
        left_out=tuple(shorten(n, 60) for n in names[MAX_COLUMNS : MAX_COLUMNS + 50]),
    )


def compact(value: JsonValue, limit: int = MAX_CELL) -> str:
    """Return a value on one line."""
    return value_text(value) if isinstance(value, str) else shorten(pretty(value, limit * 4).text, limit)


def value_text(value: str, limit: int = MAX_CELL) -> str:
    """Return a string on one line."""
    return shorten(value[: limit * 4], limit)


def facts(values: Mapping[str, JsonValue], limit: int = 60) -> Sequence[tuple[str, str]]:
    """Return name and value pairs for a definition list."""
    return [(shorten(name, 60), compact(value)) for name, value in list(values.items())[:limit]]


def _cell(value: Any) -> Cell:
    match value:
        case None:
            return Cell(NOTHING)
        case bool():
            return Cell("yes" if value else "no")
        case int() | float():
            return Cell(f"{value:,}" if abs(value) < 1e15 else str(value), is_number=True)
        case str():
            return Cell(value_text(value), link=value if _LINK.fullmatch(value) else "")
        case _:
            return Cell(compact(value))


def _moment(ms: int) -> datetime:
    bounded = min(max(ms, 0), 253_402_300_799_000)  # the last second datetime can spell
    return datetime.fromtimestamp(bounded / 1000, UTC)
