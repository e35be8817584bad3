"""Notice what a reading leaves unexplained: a number or a word beside the time that may change it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agents.time.clauses import Clause
from agents.time.moments import Moment
from agents.time.vocabulary import FILLERS, word_set

_WORD: Final = re.compile(r"[^\W\d_]+")
_NUMBER: Final = re.compile(
    r"(?<![\w$#€£.,-])(\d{1,2}(?:[.-]\d{1,2})?)(?:st|nd|rd|th)?(?![\w%]|[.,]\d)\.?(\s[a-z]+)?", re.IGNORECASE
)
_COUNTED: Final = re.compile(
    r"\b(?:lot|lots|item|no|nr|number|row|unit|stock|bid|los|artikel)\.?\s?:?\s?$", re.IGNORECASE
)
_COUNTING: Final = word_set("bids bid watchers lots items photos views row ton miles gebote encheres pujas")
_VAGUE: Final = re.compile(
    r"\b(?:around|about|roughly|circa|ca|etwa|gegen|ungefahr|environ|vers|hacia|sobre las|after|nach|apres|despues)\b"
    r"(?=[\s.:]*(?:the |le |el |dem |den |las )?\|)"
    r"|\b(?:approx\w*|estimated|expected|tentative\w*|probably|likely|or later|or earlier|earliest|not before"
    r"|every|each|weekly|daily|monthly|jede[nrs]?|taglich|wochentlich|chaque|cada|ogni)\b|~",
    re.IGNORECASE,
)
_NOUNS: Final = word_set(
    "auction auctions lot lots item items sale bidding bids bid listing offer online timed all auktion auktionen"
    " gebote enchere encheres vente subasta puja pujas asta leilao veiling lote"
)


def unexplained(text: str, clause: Clause, found: Sequence[Moment]) -> tuple[str, ...]:
    """Return what in a clause the moments read from it do not account for."""
    read = [m for m in found if m.instant is None]
    if not read:
        return ()
    rest = _rest(text, clause, found)
    vague = _VAGUE.search(rest)
    doubts: tuple[str, ...] = (f"the word {vague[0]!r} leaves the time open",) if vague else ()
    if any(m.date is None and m.day is None for m in read) and _has_number(rest):
        doubts += ("a number beside the time was not understood",)
    elif not any(m.has_day for m in found) and not any(m.span for m in found) and _has_word(rest):
        doubts += ("a time of day without a day, among words not understood",)
    return doubts


def _rest(text: str, clause: Clause, found: Sequence[Moment]) -> str:
    """Return the clause without what was read: its role's words and the marks, a bar in the place of each."""
    marks = [m for moment in found for m in moment.marks()]
    after_word = all(m.start >= clause.word[0] for m in marks)
    start = clause.word[0] if clause.role != "none" and after_word else clause.start
    kept = list(text[start : clause.end])
    for begin, end in [clause.word, *((m.start, m.end) for m in marks)]:
        for i in range(max(begin, start), min(end, clause.end)):
            kept[i - start] = "|"
    return "".join(kept)


def _has_number(rest: str) -> bool:
    return any(
        not _COUNTED.search(rest[: n.start()]) and (n[2] or "").strip().lower() not in _COUNTING
        for n in _NUMBER.finditer(rest)
    )


def _has_word(rest: str) -> bool:
    words = {w.lower() for w in _WORD.findall(rest)}
    return bool(words - FILLERS - _NOUNS)
