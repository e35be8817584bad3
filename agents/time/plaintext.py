"""Bring a text into the plain form that is read: bounded, no markup, no accents, one space between words."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MAX_CHARS: Final = 2_000

_TIME_TAG: Final = re.compile(r"<time\b([^<>]{0,400})>[^<>]{0,200}</time\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<(/?[A-Za-z!][^<>]{0,400})>")
_ATTRIBUTE: Final = re.compile(r"""([A-Za-z][\w:.-]{0,40})\s?=\s?["']([^"'<>]{1,80})["']""")
_STAMP: Final = re.compile(r"^\s*(?:\d{10}|\d{13}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,30})\s*$")
_ENDS: Final = re.compile(r"end|clos|expir|until|through|deadline|countdown|finish", re.IGNORECASE)
_STARTS: Final = re.compile(r"start|begin|open|posted|publish|created|updated", re.IGNORECASE)
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_FRACTIONS: Final = {"½": ".5", "¼": ".25", "¾": ".75"}
_USUAL: Final = {0xDF: "ss", 0xF8: "o", 0x142: "l", 0x2019: "'", 0x2013: "-", 0x2014: " - ", 0x2212: "-"}
"""Sharp s, slashed o and l, the curly apostrophe, two dashes, the minus sign."""
_CJK: Final = (
    (re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日"), r"\1-\2-\3 "),
    (re.compile(r"(\d{1,2})\s?[時时点]\s?(\d{1,2})\s?分"), r"\1:\2 "),
)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text as it is read."""

    text: str
    was_cut: bool


def plain(text: str) -> PlainText:
    """Return the first `MAX_CHARS` of `text` without markup, accents and typographic variety."""
    cut = html.unescape(text[:MAX_CHARS])[:MAX_CHARS]
    for sign, decimal in _FRACTIONS.items():
        cut = re.sub(rf"(\d)\s?{sign}", rf"\g<1>{decimal}", cut).replace(sign, f"0{decimal}")
    for pattern, replacement in _CJK:
        cut = pattern.sub(replacement, cut)
    cut = "".join(c for c in unicodedata.normalize("NFKD", cut) if not unicodedata.combining(c))[:MAX_CHARS]
    cut = cut.translate(_USUAL)
    cut = _HUMP.sub(" ", _without_markup(cut))
    cut = re.sub(r"\s*\n\s*\n\s*", "\x00", cut)
    return PlainText(
        re.sub(r"\s+", " ", cut).replace("\x00", "\n").strip()[:MAX_CHARS], was_cut=len(text) > MAX_CHARS
    )


def _without_markup(text: str) -> str:
    text = _TIME_TAG.sub(_time_tag, text)
    text = _TAG.sub(lambda m: f" {_stamps(m[1])} ", text)
    return _ATTRIBUTE.sub(lambda m: _stamp(m[1], m[2], m[1]) or m[0], text)


def _time_tag(tag: re.Match[str]) -> str:
    found = _stamps(tag[1])
    return f" {found} " if found else tag[0]


def _stamps(attributes: str) -> str:
    return " ".join(_stamp(a[1], a[2], attributes) for a in _ATTRIBUTE.finditer(attributes)).strip()


def _stamp(name: str, value: str, around: str) -> str:
    """Return a machine's stamp with the word that says whether it is an end, or nothing."""
    if not _STAMP.match(value):
        return ""
    is_named = bool(_ENDS.search(name) or _STARTS.search(name))
    said = name if is_named else around
    role = " ends" if _ENDS.search(said) else " starts" if _STARTS.search(said) else ""
    return f"{role} {value.strip()} "
