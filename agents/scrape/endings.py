"""Which words on a page say when something ends.

Only the words are found here; what instant they mean is for the agent `time`.
A time that is nobody's end (published, listed, opens) is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from agents.scrape.dates import MONTH
from agents.scrape.outline import Element, Outline

MAX_PHRASE: Final = 200
MAX_LINE: Final = 4_000
"""Characters of one line that are read."""

_END_WORDS: Final = (
    r"(?:\bends?\b|\bending\b|\bended\b|\bend (?:date|time)|\bcloses?\b|\bclosing\b"
    r"|\b(?:auction|bidding|sale|lot) (?:is )?(?:closed|ended)\b|\bexpires?\b|\bexpiry\b|\bdeadline|\bfinal call"
    r"|\btime (?:left|remaining)|\bbid(?:s|ding)? (?:until|by|before)|\blast bids?\b|\bends?time|\bavailable until"
    r"|\bvalid (?:until|through)|\bhammer (?:falls|time)"
    r"|\bendet|\bendend|\bende\b|\bauktionsende|\bangebotsende|\bgebotsende|\bgebotsschluss|\brestzeit|\blaufzeit"
    r"|\bläuft (?:bis|ab|noch)|\bschließt|\bschluss\b|\bzuschlag"
    r"|\bse termine|\btermine\b|\bfin\b|\bclôture|\bcloture|\btemps restant|\bfinit\b|\bexpire"
    r"|\bfinaliza|\btermina|\bcierra|\bcierre|\bvence|\btiempo restante|\bacaba\b|\bhasta el\b"
    r"|\bscade|\bscadenza|\bchiude|\bchiusura|\btempo rimanente|\bencerra|\btempo restante"
    r"|\beindigt|\bsluit|\bsluiting|\bresterende tijd|\bslutar|\bavslutas|\bslutter|\bavsluttes|\bkoniec|\bkończy)"
)
_ENDS: Final = re.compile(_END_WORDS, re.IGNORECASE)
_LEFT: Final = re.compile(
    r"\b(?:\d+\s*(?:d|h|m|s|days?|hours?|hrs?|minutes?|mins?|weeks?|tage?n?|stunden?|std|minuten|jours?|heures?|días?"
    r"|horas?)\b[\s,:]*){1,6}.{0,12}\b(?:left|remaining|to go|übrig|verbleibend|restantes?|restants?)\b"
    r"|\b(?:noch|quedan|reste|il reste|nog)\s+\d",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(
    r"(?<![\d.,])\d+\s*(?:d|h|m|s|w|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|weeks?|months?|tage?n?|stunden?|std|wochen?"
    r"|minuten|jours?|heures?|semaines?|días?|dias?|horas?|minutos?|semanas?|giorn[oi]|or[ae]|dagar|dagen|uur|uhr)\b"
    r"|\b\d{1,2}[:h.]\d\d\b(?!%)|\b\d{1,2}\s?[ap]\.?m\b|\b\d{4}-\d\d-\d\d|\b\d{1,2}[./]\d{1,2}(?:[./]|\b)"
    r"|\b1[6-9]\d{8}(?:\d{3})?\b"
    r"|\b\d{1,2}\s?h\b|\b\d{1,2}(?:st|nd|rd|th)\b"
    rf"|\b{MONTH}\b\.?,?\s*\d|\d(?:st|nd|rd|th|\.)?,?\s*(?:de |of )?{MONTH}\b"
    r"|\b(?:(?:a|an|one|two|three|four|five|six|half an) (?:day|hour|minute|week)s?|today|tonight|tomorrow|midnight|noon"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|heute|morgen|mitternacht|mittag"
    r"|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|demain|aujourd|minuit|midi|lundi|mardi|mercredi|jeudi|vendredi"
    r"|samedi|dimanche|mañana|hoy|medianoche|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b",
    re.IGNORECASE,
)
WITHIN: Final = 140
"""Characters after the word within which the time must stand."""
_NOT_END: Final = re.compile(
    r"\b(?:closed (?:on )?(?:sun|mon|sat|weekend|holid)|front end|rear end|high[- ]end|low[- ]end|back[- ]end|weekend"
    r"|end user|close[- ]up|closed loop|opening hours|open(?:ing)?\s*:|öffnungszeiten|close to\b|enclosed|"
    r"expires? headers?|card expir)",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"(?:^|[\s_-])(?:end|ends|ending|close|closes|closing|deadline|expires?|expiry|countdown)(?:$|[\s_-])"
    r"|(?:^|[\s_-])ends?[-_]?(?:time|date|at)|countdown|timeleft|time-left"
)
_END_ATTRIBUTE: Final = re.compile(
    r"^data-(?:[a-z-]*-)?(?:ends?|end-?(?:time|date|s?-?at|utc|iso|epoch|ts|timestamp)|ends-?(?:at|on|time)"
    r"|clos(?:e|es|ing)(?:-?(?:time|date|at|on))?|deadline|expir(?:e|es|y|ation)(?:-?(?:time|date|at|on))?"
    r"|countdown(?:-?(?:to|end|date))?|final-?date|until)$"
)
_INSTANT: Final = re.compile(
    r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)$|^\d{10}$|^\d{13}$",
    re.IGNORECASE,
)


def says_end(label: str) -> bool:
    """Say whether a label announces an end ("Closing", "Restzeit", "Time left")."""
    return len(label) <= 60 and _ENDS.search(label) is not None and _NOT_END.search(label) is None


def ends_text_of(
    outline: Outline, elements: list[Element], lines: list[str], facts: Mapping[str, str]
) -> str | None:
    """Return the phrase that says when something ends, None where nothing does.

    An exact instant (an attribute, a `<time>` with its offset) is preferred
    to words, since words may leave out zone or year.

    Args:
        outline: The page.
        elements: Where to look: an item with what is inside it, or the page's own elements.
        lines: The lines of the same part.
        facts: Labels and values found in it.
    """
    exact, worded = None, None
    for inner in elements:
        if inner.is_around:
            continue
        exact = exact or _exact(outline, inner)
        worded = worded or _worded_time(outline, inner)
    fact = next((f"{k}: {v}" for k, v in facts.items() if says_end(k) and _WHEN.search(v)), None)
    found = exact or fact or ends_line(lines) or worded
    return found[:MAX_PHRASE] if found else None


def ends_line(lines: Iterable[str]) -> str | None:
    """Return the first line that says when something ends, with the line after it where that holds the time."""
    pending = None
    for whole in lines:
        line = whole[:MAX_LINE]
        if pending is not None and _WHEN.search(line) and len(line) <= 120:
            return f"{pending.rstrip(':')}: {line}"
        pending = None
        if _NOT_END.search(line):
            continue
        if _LEFT.search(line):
            return _clip(line, _LEFT)
        match = _ENDS.search(line)
        if match is None:
            continue
        if _WHEN.search(line, match.start(), match.start() + WITHIN):
            return _clip(line, _ENDS)
        pending = line if len(line) <= 40 else None
    return None


def _clip(line: str, pattern: re.Pattern[str]) -> str | None:
    """Return a long line's sentence that matches."""
    if len(line) <= MAX_PHRASE:
        return line
    match = pattern.search(line)
    if match is None:
        return None
    start = max(line.rfind(". ", 0, match.start()) + 1, match.start() - 80)
    return line[start : start + MAX_PHRASE].strip()


def _exact(outline: Outline, element: Element) -> str | None:
    for name, value in element.attributes.items():
        if name.startswith("data-") and _END_ATTRIBUTE.match(name) and _INSTANT.match(value.strip()):
            return f"Ends: {value.strip()}"
    if (
        element.tag in {"time", "meta"}
        and _INSTANT.match(stamp := _stamp(element))
        and _is_end(outline, element)
    ):
        return f"Ends: {stamp}"
    return None


def _stamp(element: Element) -> str:
    return element.get("datetime") if element.tag == "time" else element.get("content")


def _worded_time(outline: Outline, element: Element) -> str | None:
    """Return the words of an element whose name says it holds an end."""
    if (
        element.tag in {"time", "span", "div", "p", "b", "strong", "td", "em", "li", "dd", "small"}
        and element.is_seen
    ):
        if element.tag != "time" and not _NAMED.search(element.label):
            return None
        text = outline.text(element)
        if (
            3 <= len(text) <= 120
            and _WHEN.search(text)
            and (element.tag != "time" or _is_end(outline, element))
        ):
            return text if _ENDS.search(text) or _LEFT.search(text) else f"Ends: {text}"
    return None


def _is_end(outline: Outline, element: Element) -> bool:
    """Say whether a `<time>` is called an end by its own name, its parent's, or the words around it."""
    if _NAMED.search(element.label) or _is_named_end(element):
        return True
    parent = element.parent
    if parent is None or element.tag == "meta":
        return False
    if _NAMED.search(parent.label):
        return True
    text = outline.text(parent)
    return len(text) <= 160 and _ENDS.search(text) is not None and _NOT_END.search(text) is None


def _is_named_end(element: Element) -> bool:
    return element.get("itemprop").lower() in {"enddate", "availabilityends", "validthrough", "expires"}
