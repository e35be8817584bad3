"""Find the page's repeated blocks: the cards, rows or list items that each stand for one thing.

Elements of one kind under one parent (or of one class under parents of one
class) are siblings in the page's design. Of all such groups the one whose
members carry links with prices or pictures, and the most words, is the list.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from agents.scrape.endings import ends_line
from agents.scrape.outline import Element, Outline, squeeze
from agents.scrape.prices import find_prices
from agents.scrape.vocabulary import HEADINGS

MAX_MEMBERS: Final = 500
MAX_TEXT: Final = 4000
"""A member longer than this is a page's section, no item of a list."""
MIN_WORDY: Final = 20
"""Characters an item without a price needs, or it is an icon in a menu."""

_KINDS: Final = frozenset({"article", "li", "tr", "div", "section", "a", "dd"})
_DIGITS: Final = re.compile(r"[\d_-]+")
_STATES: Final = frozenset({"odd", "even", "first", "last", "active", "selected", "row", "col", "clearfix"})
_DIGIT: Final = re.compile(r"[0-9]")

Signature = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """The members of the page's list, none inside another, in order."""

    signature: Signature
    members: list[Element]


def find_blocks(
    outline: Outline, *, known: frozenset[Signature] = frozenset(), home: str = ""
) -> Blocks | None:
    """Return the page's repeated blocks, None where it has no list.

    Args:
        outline: The page.
        known: Signatures of lists on earlier pages: the last page may hold one item only.
        home: Settles currencies that share a symbol.
    """
    marks = _Marks.of(outline, home)
    best: Blocks | None = None
    best_score = 0.0
    for signature, group in _groups(outline).items():
        members = _usable(group, marks, outline)
        if len(members) < 2 and not (members and signature in known):
            continue
        score = _score(members, marks) if signature in known or _is_list(members, marks) else 0
        if score > best_score:
            best, best_score = Blocks(signature, members[:MAX_MEMBERS]), score
    return best


@dataclass(frozen=True, slots=True)
class _Marks:
    """Where links, pictures and headings stand, by place among the elements; money and ends, among the runs."""

    links: list[int]
    images: list[int]
    headings: list[int]
    money: list[int]
    ends: list[int]
    lengths: list[int]
    """Characters of text before each run."""

    @classmethod
    def of(cls, outline: Outline, home: str) -> _Marks:
        money, ends = _worded_places(outline, home)
        lengths = [0]
        for run in outline.runs:
            lengths.append(lengths[-1] + len(run.strip()))
        return cls(
            links=[
                e.start for e in outline.by_tag["a"] if e.attributes.get("href", "#")[:1] not in {"#", ""}
            ],
            images=[e.start for e in outline.by_tag["img"]],
            headings=sorted(e.start for tag in HEADINGS for e in outline.by_tag[tag]),
            money=money,
            lengths=lengths,
            ends=ends,
        )

    def text_length(self, element: Element) -> int:
        return self.lengths[element.last_run] - self.lengths[element.first_run]


def _worded_places(outline: Outline, home: str) -> tuple[list[int], list[int]]:
    """Return the runs that hold a price, and those that say when something ends."""
    money: list[int] = []
    ends: list[int] = []
    first = 0
    for i, run in enumerate([*outline.runs, "\n"]):
        if run != "\n":
            continue
        line = squeeze("".join(outline.runs[first:i])) if i > first else ""
        if len(line) <= 300 and _DIGIT.search(line):
            if find_prices(line, home=home, most=1):
                money += _priced_runs(outline.runs, first, i, home)
            if ends_line([line]):
                ends.append(first)
        first = i + 1
    return money, ends


def _priced_runs(runs: list[str], first: int, last: int, home: str) -> list[int]:
    """Return the runs of a line that hold a price; the first with a digit where a price spans several."""
    digits = [i for i in range(first, last) if _DIGIT.search(runs[i])]
    whole = [i for i in digits if find_prices(runs[i], home=home, most=1)]
    return whole or digits[:1]


def _within(places: list[int], element: Element) -> int:
    """Return how many of the sorted element places lie in an element, itself included."""
    return bisect_left(places, element.end) - bisect_left(places, element.start)


def _said(places: list[int], element: Element) -> int:
    """Return how many of the sorted runs lie in an element."""
    return bisect_left(places, element.last_run) - bisect_left(places, element.first_run)


def _groups(outline: Outline) -> dict[Signature, list[Element]]:
    groups: defaultdict[Signature, list[Element]] = defaultdict(list)
    for element in outline.elements:
        if element.tag in _KINDS and element.is_seen and not element.is_around and element.parent is not None:
            groups[_signature(element, element.parent)].append(element)
    return groups


def _signature(element: Element, parent: Element) -> Signature:
    own = "" if element.tag in {"li", "tr", "article"} else _class_of(element)
    return (element.tag, own, parent.tag, _class_of(parent))


def _class_of(element: Element) -> str:
    words = (_DIGITS.sub("", word) for word in element.get("class").lower().split())
    return next((word for word in words if word and word not in _STATES), "")


def _usable(group: list[Element], marks: _Marks, outline: Outline) -> list[Element]:
    """Return the members that may be items, outermost first, none inside another."""
    found: list[Element] = []
    last_end = -1
    for element in group:
        if element.start < last_end or not _is_item(element, marks):
            continue
        if element.tag == "tr" and next(outline.inside(element, "table"), None) is not None:
            continue
        found.append(element)
        last_end = element.end
    return found


def _is_item(element: Element, marks: _Marks) -> bool:
    if not (_within(marks.links, element) or element.tag == "a") or marks.text_length(element) > MAX_TEXT:
        return False
    if _said(marks.money, element) or _said(marks.ends, element):
        return True
    wordy = marks.text_length(element) >= MIN_WORDY
    return wordy and _within(marks.images, element) > 0


def _is_list(members: list[Element], marks: _Marks) -> bool:
    """Say whether a group is a list of things and no row of teasers: a short one must name price or end throughout."""
    count = len(members)
    worded = sum(_said(marks.money, m) > 0 or _said(marks.ends, m) > 0 for m in members)
    titled = sum(_within(marks.headings, m) == 1 for m in members)
    return worded == count or (count > 3 and (worded * 2 >= count or titled * 2 >= count)) or count > 7


def _score(members: list[Element], marks: _Marks) -> float:
    """Prefer many items, with prices, one heading and one picture each, saying something."""
    count = len(members)
    priced = sum(_said(marks.money, m) > 0 for m in members) / count
    ended = sum(_said(marks.ends, m) > 0 for m in members) / count
    pictured = sum(_within(marks.images, m) > 0 for m in members) / count
    titled = sum(_within(marks.headings, m) == 1 for m in members) / count
    crowded = sum(_within(marks.headings, m) > 2 for m in members) / count
    length = sum(min(marks.text_length(m), 400) for m in members) / count
    worth = 0.2 + 2 * priced + ended + 0.5 * pictured + 0.7 * titled
    return math.pow(min(count, 60), 0.9) * worth * (20 + length) / (1 + 3 * crowded)
