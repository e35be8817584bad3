"""The words of a text that say something, as concepts, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from planner.catalogue_terms import COMMON
from planner.chaining.concepts import concept, foreign
from planner.chaining.outputs import PICTORIAL, TABULAR, TEXTUAL
from planner.chaining.profiles import VAGUE
from planner.rules.deed_words import DEEDS
from planner.rules.text import MARKS, Text

MATERIAL: Final = frozenset(map(concept, TEXTUAL | PICTORIAL | TABULAR | {"url", "link", "web"}))
"""Words of what agents work on; most of them do."""
_POLITE: Final = frozenset(
    [
        "help",
        "need",
        "want",
        "like",
        "hi",
        "hello",
        "ok",
        "tell",
        "show",
        "now",
        "also",
        "just",
        "kindly",
        "must",
        "able",
    ]
)
_ENGLISH: Final = re.compile(
    r"\b(?:the|of|is|are|what|which|how|this|these|to|with|and|for|from|give|please|it|its|my|does|do|by|at|into)\b"
)
_FOREIGN: Final = re.compile(
    r"\b(?:der|das|den|dem|ein|eine[nrs]?|und|ist|fur|von|wie|im|ins|aus|bitte|mir|welche[rs]?|zum|zur|nach|auf|wieviel"
    r"|el|los|las|una|del|que|y|por|esta|cual|como|para|al|es|le|les|une|des|du|et|est|quel\w*|pour|dans|sur|en|de|la)\b"
)
"""Small words of one language only."""


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a text that say something, as stems, and where they stand."""

    places: dict[str, int]
    ends: dict[str, int]
    names: set[str]
    """Those that are written like a name or a number: Berlin, AAPL, A4."""
    sought: frozenset[str]
    """Those of the rows that are sought."""
    is_of_rows: bool
    """Whether rows of pages are asked for."""
    is_given: bool
    """Whether material is spoken of that the caller gives, and no work on rows is asked for."""
    leading: frozenset[str]
    """The first of each clause."""
    bidden: frozenset[str]
    """Those of them that are deeds no recipe knows."""


def said_of(text: Text, sought: Collection[str] | None, *, is_given: bool) -> Said:
    """Return the words of a text that say something.

    Args:
        text: Which.
        sought: Words of the rows that are sought on pages; None: no rows are.
        is_given: Whether it speaks of material that the caller gives, and asks for no work on rows.
    """
    places: dict[str, int] = {}
    ends: dict[str, int] = {}
    names: set[str] = set()
    is_english = bool(_ENGLISH.search(text.folded)) and not _FOREIGN.search(text.folded)
    for word in text.words:
        if word.text in MARKS or word.text in COMMON:
            continue
        written = text.plain[word.start : word.end]
        meant = () if is_english else foreign(word.text)
        for found in (*map(concept, forms_of(word.text)), *meant):
            places.setdefault(found, word.start)
            ends[found] = word.end
            if (written[0].isupper() and word.start > 0) or any(map(str.isdigit, written)):
                names.add(found)
    leading = _leading(text)
    return Said(
        places,
        ends,
        names,
        frozenset(concept(w.replace("-", "")) for w in sought or ()),
        sought is not None,
        is_given,
        frozenset({concept(w) for w in leading} | {c for w in leading for c in foreign(w)}),
        frozenset(concept(w) for w in leading if w.replace("-", "") in DEEDS) - VAGUE - MATERIAL,
    )


def forms_of(word: str) -> set[str]:
    """Return a word, and of one with a hyphen its parts and it without: e-mail, mail, email."""
    return {word, word.replace("-", ""), *word.split("-")} if "-" in word else {word}


def _leading(text: Text) -> list[str]:
    """Return the first word of each clause that says something."""
    firsts: dict[int, str] = {}
    for word in text.words:
        if word.text not in COMMON and word.text not in MARKS and word.text not in _POLITE:
            firsts.setdefault(word.clause, word.text)
    return [*firsts.values()]
