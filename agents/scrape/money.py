"""Which of the prices inside an element is the price."""

from __future__ import annotations

import re
from typing import Final

from agents.scrape.outline import Element, Outline
from agents.scrape.prices import Price, bare_amount, find_prices

MAX_LABEL: Final = 30
"""A longer line is no label of the price on the next."""

_MAIN: Final = re.compile(
    r"price|bid\b|bids?[-_ ]|amount|\bcost|preis|prix|precio|prezzo|pris\b|gebot|betrag|kaufen"
)
_OLD: Final = re.compile(
    r"(?:^|[\s_-])(?:old|was|striked?|through|crossed|rrp|msrp|regular|list|compare|before|original|prev|previous|uvp"
    r"|statt|save|saving|discount|shipping|delivery|installment|finance|monthly|per|unit|tax|deposit|estimate|reserve"
    r"|premium|points|coupon|voucher)(?:$|[\s_-])"
)
_ASIDE: Final = re.compile(
    r"\b(?:was|rrp|msrp|list price|uvp|statt|before|save|you save|spar|shipping|delivery|versand|livraison|envío|deposit"
    r"|anzahlung|per month|/ ?mo(?:nth)?\b|monthly|mtl|monatlich|estimated? value|estimate|schätz|market value|retail"
    r"|reserve|premium|fee|fees|increment|next bid|min(?:imum)? bid|over \$?\d|orders? (?:over|above)"
    r"|from \$?\d+ a month|tax|vat|mwst|zzgl|credit|cash ?back|gift card)\b",
    re.IGNORECASE,
)
_STATED: Final = re.compile(
    r"\b(?:current (?:bid|price|offer)|high(?:est)? bid|winning bid|now|asking(?: price)?|buy (?:it )?now|sale price"
    r"|our price|price|bid|aktuelles gebot|höchstgebot|sofortkauf|kaufpreis|preis|prix|enchère|offre|precio|puja|oferta"
    r"|prezzo|offerta|pris|bud)\b",
    re.IGNORECASE,
)
_STRUCK: Final = frozenset({"del", "s", "strike"})


def main_price(
    outline: Outline, elements: list[Element], lines: list[str], *, home: str = ""
) -> Price | None:
    """Return the price asked now, None where none is named.

    Elements named for a price come first, then lines that call it one, then
    any price that is no old price, fee or estimate.
    """
    named = _named_price(outline, elements, home)
    return named or _line_price(lines, home, struck=_struck(outline, elements, home))


def _named_price(outline: Outline, elements: list[Element], home: str) -> Price | None:
    fallback: Price | None = None
    top = elements[0] if elements else None
    for inner in elements[1:]:
        label = inner.label if inner.is_seen and not inner.is_around else ""
        if not label or not _MAIN.search(label) or _is_old(inner, top):
            continue
        text = outline.text(inner) if inner.last_run - inner.first_run <= 60 else ""
        if not text or len(text) > 120 or _ASIDE.search(text):
            continue
        if prices := _current(outline, inner, text, home):
            return prices[0]
        if fallback is None and inner.get("itemprop").lower() == "price":
            fallback = _stated_amount(inner, text)
    return fallback


def _stated_amount(element: Element, text: str) -> Price | None:
    amount = bare_amount(element.get("content") or text)
    return Price(amount, None, text[:60]) if amount is not None else None


def _current(outline: Outline, element: Element, text: str, home: str) -> list[Price]:
    """Return the prices in an element, without those it strikes out."""
    struck = [s for s in outline.inside(element) if s.tag in _STRUCK or _OLD.search(s.label)]
    if struck:
        gone = {outline.text(s) for s in struck}
        for words in gone:
            text = text.replace(words, " ", 1) if words else text
    return find_prices(_joined_cents(text), home=home)


def _joined_cents(text: str) -> str:
    """Join a price whose cents stand in their own element ("$ 12 . 99")."""
    return re.sub(r"(\d)\s+([.,])\s*(\d\d)\b", r"\1\2\3", text)


def _is_old(inner: Element, item: Element | None) -> bool:
    here: Element | None = inner
    while here is not None and here is not item:
        if here.tag in _STRUCK or (here.label and _OLD.search(here.label)):
            return True
        here = here.parent
    return False


def _struck(outline: Outline, elements: list[Element], home: str) -> set[int | float]:
    """Return the amounts that are struck out or named old."""
    small = (e for e in elements[1:] if e.is_seen and e.last_run - e.first_run <= 8)
    gone = (e for e in small if e.tag in _STRUCK or _OLD.search(e.label))
    return {p.amount for e in gone for p in find_prices(outline.text(e), home=home, most=2)}


def _line_price(lines: list[str], home: str, *, struck: set[int | float]) -> Price | None:
    plain: Price | None = None
    last: Price | None = None
    label = ""
    for line in lines:
        every = find_prices(line, home=home, most=3)
        prices = [p for p in every if p.amount not in struck]
        if prices:
            said = f"{label} {line}"
            if not _ASIDE.search(said):
                if _STATED.search(said):
                    return prices[0]
                plain = plain or prices[0]
            last = last or prices[0]
        label = line if not every and len(line) <= MAX_LABEL else ""
    return plain or last
