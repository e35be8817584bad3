"""Which part of a text speaks of the end, which of the start, a viewing or a payment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from agents.time.marks import ClockMark, DateMark, DayMark, InstantMark, Mark, SpanMark, WeekdayMark
from agents.time.vocabulary import MONTHS, WEEKDAYS

Role = Literal["end", "past", "start", "aside", "none"]

_END: Final = (
    r"ends?|ending|end[ _](?:date|time)|clos(?:e|es|ing)|deadline|due|expir(?:es?|y|ing|ation)|(?:final|last) call"
    r"|bids? by|offers? by|until|till|finish(?:es|ing)?|left|remain(?:s|ing)?|countdown|to go|from now|conclud(?:es|ing)"
    r"|terminates|cut[- ]?off|last chance"
    r"|enden?|endet|\w{3,12}ende|\w{0,12}schluss|schliesst|bis|noch|rest(?:lauf)?zeit|verbleib\w*|lauft|ablauf\w*|frist"
    r"|fin|finit|se termine(?:ra)?|cloture|ferme(?:ture)?|jusqu\w*|reste(?:nt)?|restant\w*|expire|echeance"
    r"|termina|finaliza|cierra|cierre|acaba|vence|vencimiento|hasta|quedan?|faltan?|restam?|faltam?|expira"
    r"|scade|scadenza|chiude|chiusura|fine|rimanent\w*|mancano|encerra(?:mento)?|fim|prazo"
    r"|eindigt|sluit|sluiting|einde|resterend\w*|nog|konczy|koniec|slutar|kvar"
)
_PAST: Final = (
    r"ended|closed|finished|expired|(?<!until )sold|beendet|abgelaufen|geschlossen|terminee|cloturee|finie"
    r"|terminado|finalizad[oa]|cerrad[oa]|conclus[oa]|scadut[oa]|encerrad[oa]|afgelopen"
)
_START: Final = (
    r"start(?:s|ed|ing)?|begin(?:s|ning)?|began|open(?:s|ed|ing)?|posted|listed|published|added|updated|created|since"
    r"|beginnt|beginn|startet|eroffnet|eingestellt|commence|debute|debut|ouvre|ouverture|publiee?"
    r"|empieza|comienza|inicia|inicio|abre|apertura|publicad[oa]|inizia|inizio|apre|comeca|begint"
)
_ASIDE: Final = (
    r"preview\w*|inspect\w*|viewings?|removal|load[- ]?out|collection|payments?|pay|paid|register|registration"
    r"|ship(?:s|ped|ping)?|deliver\w*|last bid|abholung|besichtigung|zahlung|lieferung|versand|visite|retrait|paiement"
    r"|livraison|enlevement|visita|recogida|pago|entrega|envio|ritiro|pagamento"
    rf"|pick[- ]?up(?=\s*(?::|-|\b(?:by|on|from|is|between|dates?|times?|{'|'.join([*WEEKDAYS, *MONTHS])})\b))"
)
_ROLE: Final = re.compile(
    rf"(?<![\w-])(?:(?P<aside>{_ASIDE})|(?P<past>{_PAST})|(?P<start>{_START})|(?P<end>{_END}))(?!\w)",
    re.IGNORECASE,
)
_SUFFIX: Final = re.compile(
    r"left|remain|to go|from now|kvar|restant|verbleib|rimanent|resterend", re.IGNORECASE
)
_BREAK: Final = re.compile(r"[;|\n•·]|[.!?](?=\s+[A-Z])")
_ABBREVIATED: Final = re.compile(
    r"\b(?:[a-z]{1,2}|mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)$",
    re.IGNORECASE,
)
_TELLING: Final = (InstantMark, DateMark, DayMark, WeekdayMark, ClockMark, SpanMark)


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of text with one thing to say about time."""

    start: int
    end: int
    role: Role
    word: tuple[int, int] = (0, 0)
    """Where the words stand that give it its role."""
    is_soft: bool = False
    """Something begins to close then: no single thing's end."""

    def holds(self, mark: Mark) -> bool:
        """Say whether a mark stands within."""
        return self.start <= mark.start < self.end


def clauses(text: str, marks: Sequence[Mark]) -> list[Clause]:
    """Return the clauses of a plain text, in order, covering all of it."""
    inside = {i for mark in marks for i in range(mark.start, mark.end)}
    breaks = [
        m.end() for m in _BREAK.finditer(text) if not _is_abbreviation(text, m) and m.start() not in inside
    ]
    return [c for start, end in pairwise([0, *breaks, len(text)]) for c in _within(text, start, end, marks)]


def says_time(clause: Clause, marks: Sequence[Mark]) -> bool:
    """Say whether a clause names any part of an instant."""
    return any(isinstance(m, _TELLING) and clause.holds(m) for m in marks)


def _is_abbreviation(text: str, found: re.Match[str]) -> bool:
    return (
        found[0] == "." and _ABBREVIATED.search(text[max(0, found.start() - 8) : found.start()]) is not None
    )


def _within(text: str, start: int, end: int, marks: Sequence[Mark]) -> Iterator[Clause]:
    groups = list(_groups(text, start, end, marks))
    if not groups:
        yield Clause(start, end, "none")
        return
    opening = groups[0]
    has_before = any(isinstance(m, _TELLING) and start <= m.start < opening.start for m in marks)
    limit = groups[1].start if len(groups) > 1 else end
    has_after = any(isinstance(m, _TELLING) and opening.start <= m.start < limit for m in marks)
    if has_before and has_after:
        yield Clause(start, opening.start, "none")
    else:
        groups[0] = replace(opening, start=start)
    for group, after in pairwise([*groups, Clause(end, end, "none")]):
        yield replace(group, end=after.start)


def _groups(text: str, start: int, end: int, marks: Sequence[Mark]) -> Iterator[Clause]:
    """Join role words that stand together: `Preview ends`, `starts closing`, `open until`."""
    group: list[re.Match[str]] = []
    for found in _ROLE.finditer(text, start, end):
        if group and not _meets(text, group[-1], found, marks):
            yield _group(text, group, marks)
            group = []
        group.append(found)
    if group:
        yield _group(text, group, marks)


def _meets(text: str, last: re.Match[str], found: re.Match[str], marks: Sequence[Mark]) -> bool:
    gap = text[last.end() : found.start()]
    if last["aside"] or found["aside"]:
        return bool(last["aside"]) and gap in {" ", ": ", " bidding "}
    return (
        len(gap) <= 12
        and not re.search(r"[\d;,]", gap)
        and not any(last.end() <= m.start < found.start() for m in marks)
    )


def _group(text: str, group: Sequence[re.Match[str]], marks: Sequence[Mark]) -> Clause:
    roles = [str(m.lastgroup) for m in group]
    role: Role = (
        "aside" if "aside" in roles else "past" if "past" in roles else "end" if "end" in roles else "start"
    )
    begins = (
        group[0]["start"] is not None and role == "end" and not re.match(r"open", group[0][0], re.IGNORECASE)
    )
    start = group[0].start()
    if _SUFFIX.match(group[0][0]):
        start = _start_of_number(start, marks, text)
    word = (group[0].start(), group[-1].end())
    return Clause(start, group[-1].end(), role, word, is_soft=begins)


def _start_of_number(start: int, marks: Sequence[Mark], text: str) -> int:
    for mark in reversed(marks):
        if mark.start < start and not re.search(r"\w", text[mark.end : start]):
            return mark.start
    return start
