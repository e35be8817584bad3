"""A page as a flat list of elements in document order, each knowing the text and the elements inside it.

The tree is walked once; whatever is asked later (an element's text, its
descendants, whether it lies inside another) is a slice of a list.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from agents.scrape.tidying import Tidied
from agents.scrape.vocabulary import AROUND, HEADINGS, INLINE, INVISIBLE

MAX_RUNS: Final = 1_000

_SPACE: Final = re.compile(r"\s+")
_UNSEEN_STYLE: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(slots=True, eq=False)
class Element:
    """One element; `start` and `end` bound its descendants, the runs bound its text."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None
    start: int
    """Its own place in document order."""
    first_run: int
    is_seen: bool
    """Whether a reader sees its text."""
    is_around: bool
    """Whether it belongs to navigation, header, footer or sidebar."""
    end: int = 0
    """One past the place of its last descendant."""
    last_run: int = 0

    def get(self, name: str) -> str:
        """Return an attribute without the spaces around it; empty when absent."""
        return self.attributes.get(name, "").strip()

    @property
    def label(self) -> str:
        """Return class, id and itemprop in lower case, for rules that look for words in them."""
        found = self.attributes
        if not found:
            return ""
        return f"{found.get('class', '')} {found.get('id', '')} {found.get('itemprop', '')}".lower()

    def ancestors(self) -> Iterator[Element]:
        """Yield the parent, its parent and so on."""
        here = self.parent
        while here is not None:
            yield here
            here = here.parent

    def holds(self, other: Element) -> bool:
        """Say whether `other` is this element or inside it."""
        return self.start <= other.start < self.end


@dataclass(slots=True)
class Outline:
    """The whole page."""

    elements: list[Element] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    by_tag: defaultdict[str, list[Element]] = field(default_factory=lambda: defaultdict(list))

    def inside(self, element: Element, *tags: str) -> Iterator[Element]:
        """Yield the element's descendants, those of the given tags if any are given, in document order."""
        for found in self.elements[element.start + 1 : element.end]:
            if not tags or found.tag in tags:
                yield found

    def children(self, element: Element) -> Iterator[Element]:
        """Yield the elements directly inside."""
        place = element.start + 1
        while place < element.end:
            yield self.elements[place]
            place = self.elements[place].end

    def next_sibling(self, element: Element) -> Element | None:
        """Return the element that follows under the same parent."""
        parent = element.parent
        return self.elements[element.end] if parent is not None and element.end < parent.end else None

    def outside(self, holes: list[Element]) -> list[Element]:
        """Return every element that is in none of the given ones (in document order, none inside another)."""
        kept, last = [], 0
        for hole in holes:
            kept += self.elements[last : hole.start]
            last = max(last, hole.end)
        return kept + self.elements[last:]

    def lines(self, element: Element) -> list[str]:
        """Return the text inside, a line for each block, spaces squeezed, empty lines left out."""
        return lines_of("".join(self.runs[element.first_run : element.last_run]))

    def text(self, element: Element) -> str:
        """Return the text inside on one line, of a very large element its beginning."""
        return squeeze(
            "".join(self.runs[element.first_run : min(element.last_run, element.first_run + MAX_RUNS)])
        )

    def lines_without(self, holes: list[Element]) -> list[str]:
        """Return the page's lines, leaving out the given elements (in document order, none inside another)."""
        kept, last = [], 0
        for hole in holes:
            kept += [*self.runs[last : hole.first_run], "\n"]
            last = max(last, hole.last_run)
        return lines_of("".join([*kept, *self.runs[last:]]))


def squeeze(text: str) -> str:
    """Return text with each stretch of white space as one space, and none around."""
    return " ".join(_CONTROL.sub("", text).split())


def lines_of(text: str) -> list[str]:
    """Return the lines that say something, squeezed."""
    return [line for line in map(squeeze, text.split("\n")) if line]


def outline_of(tidied: Tidied) -> Outline:
    """Parse a tidied page and walk it once."""
    root = LexborHTMLParser(tidied.html).root
    outline = Outline()
    if root is not None:
        _walk(root, outline)
    return outline


def _walk(root: LexborNode, outline: Outline) -> None:
    """Visit each node once, going down, then along, then up; recursion would cost the stack."""
    here: LexborNode | None = root
    open_: list[Element] = []
    while here is not None:
        below = None
        if here.is_text_node:
            _add_text(here, outline, open_)
        elif here.is_element_node:
            open_.append(_enter(here, outline, open_[-1] if open_ else None))
            below = here.first_child
            if below is None:
                _leave(open_.pop(), outline)
        if below is not None:
            here = below
            continue
        while here is not None and here.next is None:
            here = here.parent if open_ else None
            if open_:
                _leave(open_.pop(), outline)
        here = here.next if here is not None else None


def _add_text(node: LexborNode, outline: Outline, open_: list[Element]) -> None:
    if open_ and (open_[-1].is_seen or open_[-1].tag == "title"):
        parent = open_[-1]
        text = _SPACE.sub(" ", node.text_content or "") if parent.tag != "pre" else (node.text_content or "")
        if parent.tag == "title":
            parent.attributes.setdefault("text", text[:1000])
        elif text:
            outline.runs.append(text)


def _enter(node: LexborNode, outline: Outline, parent: Element | None) -> Element:
    tag = node.tag or ""
    attributes = {name: value or "" for name, value in node.attributes.items()}
    seen = (parent is None or parent.is_seen) and tag not in INVISIBLE
    if seen and attributes:
        unseen = "hidden" in attributes or _UNSEEN_STYLE.search(attributes.get("style", "")) is not None
        seen = not unseen
    around = (parent is not None and parent.is_around) or _is_around(tag, attributes, parent)
    if tag == "br" or (tag not in INLINE and tag != "img"):
        outline.runs.append("\n")
    element = Element(tag, attributes, parent, len(outline.elements), len(outline.runs), seen, around)
    outline.elements.append(element)
    outline.by_tag[tag].append(element)
    return element


def _is_around(tag: str, attributes: dict[str, str], parent: Element | None) -> bool:
    """Say whether an element holds what surrounds the page's content; an article's own header does not."""
    if attributes.get("role", "") in {"navigation", "banner", "contentinfo", "search"}:
        return True
    if tag not in AROUND:
        return False
    if tag == "nav" or parent is None:
        return True
    here: Element | None = parent
    while here is not None:
        if here.tag in {"article", "main", "li", "section"}:
            return False
        here = here.parent
    return True


def _leave(element: Element, outline: Outline) -> None:
    element.end = len(outline.elements)
    element.last_run = len(outline.runs)
    if element.tag not in INLINE and element.tag not in {"img", "br"}:
        outline.runs.append("\n")


def heading_of(outline: Outline, element: Element) -> Element | None:
    """Return the first heading with text inside, if there is one."""
    return next((h for h in outline.inside(element, *HEADINGS) if h.is_seen and outline.text(h)), None)
