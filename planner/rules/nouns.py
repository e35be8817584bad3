"""What an objective is after: "underpriced trucks" asks for rows whose words say truck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.rules.lexicon import (
    ADJECTIVES,
    COLUMNS,
    GENERIC,
    NOUN_FILLERS,
    NOUN_TRIGGERS,
    NUMBERS,
    PAGE_PARTS,
    PRONOUNS,
    RECKON,
    STATISTICS,
    STOPS,
    SUPERLATIVES,
    UNITS_TIME,
    Words,
)
from planner.rules.text import MARKS, Text, Word

MAX_WORDS: Final = 3
_PAGES: Final = frozenset(["page", "site", "website", "webpage", "seite", "webseite", "pagina", "sitio"])
_TAKES: Final = Words(
    "take pick fetch grab read open put set nimm hol hole lies stell setz toma coge saca lee pon prends prenez lis "
    "mets mettez among turn make ordena ordene sortiere"
).exact
"""What an objective may begin with before the noun; no noun of a row."""
_WISHES: Final = frozenset(
    ["i", "we", "need", "want", "ich", "brauche", "necesito", "quiero", "je", "veux", "voudrais"]
)
_EVERY: Final = frozenset(
    ["all", "every", "each", "alle", "jede", "todos", "todas", "cada", "tous", "toutes", "chaque"]
)


@dataclass(frozen=True, slots=True)
class Sought:
    """What rows are asked for, and what of each."""

    kinds: tuple[tuple[str, ...], ...] = ()
    """Alternatives; each is words that a row must have, all of them. Empty: rows of any kind."""
    rows: bool = False
    """Whether rows are asked for at all."""
    columns: tuple[str, ...] = ()
    """Row columns asked for by name."""
    is_one: bool = False
    """Whether one row is asked for: "the cheapest truck"."""


def sought_in(text: Text) -> Sought:
    """Return what the objective is after."""
    rows = False
    columns: list[str] = []
    for place in _beginnings(text):
        phrase, end = _phrase(text.words, place)
        if not phrase:
            continue
        column, before = column_of(phrase[-1]), text.before(place)
        if end < len(text.words) and text.words[end].text in _PAGES and phrase[-1] not in GENERIC:
            continue  # "the Echo Lake page" is the page itself
        is_one = before in SUPERLATIVES and not _is_plural(phrase[-1])
        if before not in NOUN_TRIGGERS and (column is not None or not (is_one or _is_plural(phrase[-1]))):
            continue
        if column is not None:
            columns.append(column)
            rows |= before in _EVERY and column in {"title", "price", "url"}
        elif phrase[-1] in GENERIC:
            rows = True
        elif phrase[-1] in PAGE_PARTS:
            continue
        elif phrase[-1] not in PRONOUNS and phrase[-1] not in UNITS_TIME:
            kinds = (tuple(phrase[-MAX_WORDS:]), *_alternatives(text.words, end))
            return Sought(kinds, rows=True, columns=tuple(dict.fromkeys(columns)), is_one=_is_one(text, end))
    return Sought((), rows=rows or _speaks_of_rows(text), columns=tuple(dict.fromkeys(columns)))


def _beginnings(text: Text) -> Iterator[int]:
    """Yield where a noun phrase may begin: after a verb of finding, then at the start or after an adjective."""
    yield from (place + 1 for place, _ in text.having(NOUN_TRIGGERS))
    yield int(bool(text.words) and text.words[0].text in _TAKES)
    yield from (place + 1 for place, _ in text.having(ADJECTIVES))
    yield from (place + 1 for place, _ in text.having({"of", "for", "von", "de", "des", "among"}))


def _is_one(text: Text, end: int) -> bool:
    """Say whether the noun before `end` is a singular that a superlative stands before."""
    place = next((i for i in range(end - 1, -1, -1) if text.words[i].text in SUPERLATIVES), None)
    return place is not None and end - place <= MAX_WORDS + 1 and not _is_plural(text.before(end))


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


def column_of(word: str) -> str | None:
    """Return the row column a word names."""
    return next((c for c, words in COLUMNS.items() if word in words), None)


def spellings(word: str) -> tuple[str, ...]:
    """Return what a text that speaks of `word` may contain: the shortest stem of its singular and plural."""
    if len(word) > 4 and word.endswith("ies"):
        return (word[:-3] + "y", word)
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return (word[:-2],)
    if len(word) > 6 and word.endswith(("iones", "oren")):
        return (word[:-2], word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return (word[:-1],)
    return (word,)


def _phrase(words: tuple[Word, ...], start: int) -> tuple[list[str], int]:
    """Return the noun phrase that begins at `start`, without fillers and adjectives, and where it ends."""
    found: list[str] = []
    here = start
    while here < len(words):
        word = words[here]
        if word.text in MARKS or word.clause != words[start].clause:
            break
        if (word.text in NOUN_FILLERS or word.text in _WISHES) and not found:
            here += 1
            continue
        if word.text == "des" and len(found) == 1 and column_of(found[0]) is not None:
            break  # "prix des guitares"
        if word.text in STOPS or word.text in NOUN_TRIGGERS or word.text in RECKON:
            break
        if word.text in PRONOUNS and found:
            break
        is_number = word.text.isdigit() or (word.text in NUMBERS and not found)
        is_small = word.text in ADJECTIVES or word.text in NOUN_FILLERS or is_number
        if not is_small and not _is_statistic(word.text):
            found.append(word.text)
        here += 1
    return found, here


def _alternatives(words: tuple[Word, ...], end: int) -> tuple[tuple[str, ...], ...]:
    """Return the noun of "trucks and TRACTORS on …", when the sentence goes on as if it were one."""
    if end + 1 >= len(words) or words[end].text not in {"and", "or", "und", "oder", "et", "ou", "y", "o"}:
        return ()
    word = words[end + 1].text
    after = words[end + 2].text if end + 2 < len(words) else "\ue000"
    is_noun = (
        word.endswith("s") and word not in STOPS and column_of(word) is None and word not in NOUN_TRIGGERS
    )
    return ((word,),) if is_noun and (after in MARKS or after in STOPS) else ()


def _is_statistic(word: str) -> bool:
    return any(word in words for words in STATISTICS.values())


def _speaks_of_rows(text: Text) -> bool:
    plural = (
        w
        for _, w in text.having(GENERIC)
        if w.text.endswith("s") and w.text not in {"los", "sales", "events"}
    )
    return next(plural, None) is not None
