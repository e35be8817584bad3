"""Rewrite hostile or careless HTML so that parsing it costs time linear in its length.

A parser's work grows with the square of nesting depth, of unclosed formatting
and of attributes on one tag. What comes out of here is balanced, at most
`MAX_DEPTH` deep and free of scripts, so no page, however it was crafted, takes
more than its share. Real pages come through with the tree a browser would
make of them, misnested inline tags aside.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from agents.scrape.vocabulary import (
    CELL_WALLS,
    INLINE,
    LIST_WALLS,
    P_KEEPERS,
    SKIPPED,
    TABLE_PARTS,
    UNWRAPPED,
    VOID,
)

MAX_DEPTH: Final = 120
MAX_TAGS: Final = 100_000
MAX_ATTRIBUTES: Final = 120
MAX_SCRIPTS_KEPT: Final = 50
MAX_SCRIPT_CHARS: Final = 512 * 1024

_ATTRIBUTE: Final = (
    r"[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+"
    r"(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:\"[^\"]*+\"|'[^']*+'|[^ \t\n\f\r>\"'][^ \t\n\f\r>]*+|(?=>)))?+"
)
_TOKEN: Final = re.compile(
    rf"<(?:(/?)([a-zA-Z][^ \t\n\f\r/>]*+)((?:[ \t\n\f\r/]++|{_ATTRIBUTE})*+)>"
    r"|!--(?:-?>|(?:[^-]++|-(?!-!?>))*+(?:--!?>)?)"
    r"|[!?/][^a-zA-Z>]?[^>]*+>?)"
)
_ONE_ATTRIBUTE: Final = re.compile(_ATTRIBUTE)
_DATA_SCRIPT: Final = re.compile(r"type\s*=\s*[\"']?\s*application/ld\+json", re.IGNORECASE)
_CLOSES: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "li": (frozenset({"li"}), LIST_WALLS),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"}) | LIST_WALLS),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"}) | LIST_WALLS),
    "option": (frozenset({"option"}), frozenset({"select", "datalist", "optgroup"}) | CELL_WALLS),
    "optgroup": (frozenset({"option", "optgroup"}), frozenset({"select"}) | CELL_WALLS),
    "a": (frozenset({"a"}), CELL_WALLS),
    "nobr": (frozenset({"nobr"}), CELL_WALLS),
    "button": (frozenset({"button"}), CELL_WALLS),
    "select": (frozenset({"select"}), CELL_WALLS),
}
"""Start tag -> (open elements it ends, what it does not look beyond)."""
_ROW_WALLS: Final = {
    "td": frozenset({"tr", "tbody", "thead", "tfoot", "table", "template"}),
    "tr": frozenset({"tbody", "thead", "tfoot", "table", "template"}),
}
_SECTION_WALL: Final = frozenset({"table", "template"})


@dataclass(slots=True)
class Tidied:
    """What is left of a page's source."""

    html: str
    data_scripts: list[str] = field(default_factory=list)
    """Bodies of `application/ld+json` scripts, in order."""
    scripts: int = 0
    """Scripts met."""
    is_cut: bool = False
    """Whether something was left out for being too deep or too much."""


def tidy(source: str) -> Tidied:
    """Return the page's source in balanced, bounded form."""
    return _Tidying(source).run()


@dataclass(slots=True)
class _Tidying:
    source: str
    out: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    overflow: Counter[str] = field(default_factory=Counter)
    kept: int = 0  # the source up to here is written
    result: Tidied = field(default_factory=lambda: Tidied(""))

    def run(self) -> Tidied:
        source, position, tags = self.source, 0, 0
        while (at := source.find("<", position)) >= 0:
            match = _TOKEN.match(source, at)
            if match is None:
                if source[at + 1 : at + 2].isalpha() or source[at + 1 : at + 2] == "/":
                    source = source[:at]  # a tag the page ends inside of: parsers drop it too
                    break
                position = at + 1
                continue
            position, tags = match.end(), tags + 1
            if tags > MAX_TAGS:
                self.result.is_cut = True
                source = source[:at]
                break
            position = self._token(match)
        self.out += [source[self.kept :], *(f"</{name}>" for name in reversed(self.open))]
        self.result.html = "".join(self.out)
        return self.result

    def _token(self, match: re.Match[str]) -> int:
        name = match[2]
        if name is None:
            return self._drop(match)
        name = name.lower()
        if match[1]:
            return self._end(match, name)
        if name in SKIPPED:
            return self._skip(match, name)
        if name in {"html", "body"} and not self.counts[name]:
            self.counts[name] = 1  # a second one would only add attributes to the first
            return self._bounded(match, name)
        if name in UNWRAPPED or not _is_plain(name):
            return self._drop(match)
        return self._start(match, name)

    def _drop(self, match: re.Match[str]) -> int:
        return self._replace(match.start(), match.end(), "")

    def _replace(self, start: int, end: int, text: str) -> int:
        self.out.append(self.source[self.kept : start])
        if text:
            self.out.append(text)
        self.kept = end
        return end

    def _skip(self, match: re.Match[str], name: str) -> int:
        ending = re.compile(rf"</{name}(?=[\s/>])[^>]*+>?", re.IGNORECASE).search(self.source, match.end())
        body_end, end = (ending.start(), ending.end()) if ending else (len(self.source), len(self.source))
        if name == "script":
            self.result.scripts += 1
            wanted = len(self.result.data_scripts) < MAX_SCRIPTS_KEPT
            if wanted and _DATA_SCRIPT.search(match[3][:2000]) and body_end - match.end() <= MAX_SCRIPT_CHARS:
                self.result.data_scripts.append(self.source[match.end() : body_end])
        return self._replace(match.start(), end, "")

    def _start(self, match: re.Match[str], name: str) -> int:
        start, end = match.span()
        if name in VOID:
            return self._bounded(match, name)
        self._make_room(name, start)
        if len(self.open) >= MAX_DEPTH:
            self.overflow[name] += 1
            self.result.is_cut = True
            return self._replace(start, end, "")
        self.open.append(name)
        self.counts[name] += 1
        return self._bounded(match, name)

    def _bounded(self, match: re.Match[str], name: str) -> int:
        many = len(match[3]) > 4 * MAX_ATTRIBUTES
        if many and sum(1 for _ in _ONE_ATTRIBUTE.finditer(match[3])) > MAX_ATTRIBUTES:
            self.result.is_cut = True
            return self._replace(match.start(), match.end(), f"<{name}>")
        return match.end()

    def _make_room(self, name: str, at: int) -> None:
        if name in TABLE_PARTS:
            self._pop_above(_ROW_WALLS.get("td" if name == "th" else name, _SECTION_WALL), at)
            return
        if self.counts["p"] and name not in P_KEEPERS:
            self._close(frozenset({"p"}), LIST_WALLS | {"button"}, at)
        if name in _CLOSES:
            self._close(*_CLOSES[name], at)

    def _pop_above(self, walls: frozenset[str], at: int) -> None:
        keep = next((i for i in range(len(self.open), 0, -1) if self.open[i - 1] in walls), None)
        if keep is not None:
            self._pop_to(keep, at)

    def _close(self, names: frozenset[str], walls: frozenset[str], at: int) -> None:
        for i in range(len(self.open) - 1, -1, -1):
            if self.open[i] in names:
                self._pop_to(i, at)
                return
            if self.open[i] in walls:
                return

    def _pop_to(self, length: int, at: int) -> None:
        if len(self.open) == length:
            return
        gone = self.open[length:]
        del self.open[length:]
        self.counts.subtract(gone)
        self._replace(at, at, "".join(f"</{name}>" for name in reversed(gone)))

    def _end(self, match: re.Match[str], name: str) -> int:
        if self.overflow[name] > 0:
            self.overflow[name] -= 1
            return self._drop(match)
        depth = self._reach(name) if self.counts[name] > 0 else None
        if depth is None:
            return self._drop(match)
        self._pop_to(depth + 1, match.start())
        self.open.pop()
        self.counts[name] -= 1
        return self._replace(match.start(), match.end(), f"</{name}>")

    def _reach(self, name: str) -> int | None:
        """Return the place of the open element an end tag means, None where it means none."""
        inline = name in INLINE
        walls = _SECTION_WALL if name in TABLE_PARTS or name == "table" else CELL_WALLS
        for i in range(len(self.open) - 1, -1, -1):
            here = self.open[i]
            if here == name:
                return i
            if here in walls or (inline and here not in INLINE):
                return None
        return None


def _is_plain(name: str) -> bool:
    return name.isascii() and len(name) <= 60 and name.replace("-", "").replace(":", "").isalnum()
