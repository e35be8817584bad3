"""Prices in words: which number, which currency, under both conventions for thousands and decimals.

A number is a price only beside a currency, so years, telephone numbers and
mileages are none. A symbol several countries share is read as its most
common currency unless the caller says whose page it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_DIGITS: Final = 13
MAX_TEXT: Final = 20_000

SYMBOLS: Final = {
    "US$": "USD", "C$": "CAD", "CA$": "CAD", "CDN$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD",
    "R$": "BRL", "HK$": "HKD", "S$": "SGD", "MX$": "MXN", "$": "USD", "£": "GBP", "€": "EUR", "¥": "JPY",
    "￥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND",
    "฿": "THB", "₱": "PHP", "₦": "NGN", "₸": "KZT", "zł": "PLN", "zl": "PLN", "kr.": "SEK", "kr": "SEK",
    "Kč": "CZK", "Fr.": "CHF", "лв": "BGN", "\u0440\u0443\u0431.": "RUB", "\u0440\u0443\u0431": "RUB",
    "lei": "RON", "Rs.": "INR", "Rs": "INR", "元": "CNY", "円": "JPY", "Euro": "EUR", "euros": "EUR",
    "dollars": "USD",
}  # fmt: skip
CODES: Final = frozenset({
    "USD", "EUR", "GBP", "CAD", "AUD", "NZD", "JPY", "CNY", "INR", "RUB", "KRW", "TRY", "UAH",
    "ILS", "VND", "THB", "PHP", "NGN", "KZT", "PLN", "SEK", "NOK", "DKK", "ISK", "CZK", "HUF",
    "CHF", "BGN", "RON", "BRL", "MXN", "ARS", "CLP", "COP", "PEN", "ZAR", "HKD", "SGD", "TWD",
    "MYR", "IDR", "AED", "SAR", "QAR", "KWD", "EGP", "MAD", "HRK", "RSD",
})  # fmt: skip
_SHARED: Final = {"$": "dollar", "kr": "krone", "kr.": "krone"}
_HOMES: Final = {
    "dollar": {
        "ca": "CAD",
        "au": "AUD",
        "nz": "NZD",
        "sg": "SGD",
        "hk": "HKD",
        "mx": "MXN",
        "cl": "CLP",
        "ar": "ARS",
    },
    "krone": {"no": "NOK", "nb": "NOK", "nn": "NOK", "dk": "DKK", "da": "DKK", "is": "ISK"},
}
HOMES: Final = frozenset(home for homes in _HOMES.values() for home in homes)
"""Country and language codes that settle what a shared symbol means."""
_POINT_IS_DECIMAL: Final = frozenset({"USD", "GBP", "CAD", "AUD", "NZD", "HKD", "SGD", "INR"})

NUMBER: Final = (
    r"(?:[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f\u2009][0-9]{3}){1,5}(?:[.,][0-9]{1,2})?(?![0-9])"
    r"|[0-9]{1,3}(?:,[0-9]{2}){1,5},[0-9]{3}(?:\.[0-9]{1,2})?(?![0-9])"
    r"|[0-9]{1,13}(?:[.,][0-9]{1,4})?(?![0-9]))"
)
_WORDS: Final = "|".join(re.escape(s) for s in sorted(SYMBOLS, key=len, reverse=True))
_CURRENCY: Final = rf"(?:{_WORDS}|(?:{'|'.join(sorted(CODES))})(?![A-Za-z]))"
_PRICE: Final = re.compile(
    rf"(?<![A-Za-z$€£])(?P<before>{_CURRENCY})[ \u00a0\u202f]?(?P<after_number>{NUMBER})"
    r"(?P<thousand>[kK](?![A-Za-z]))?(?:,-|,\u2013|\.-)?"
    rf"|(?<![0-9A-Za-z.,:/-])(?P<number>{NUMBER})(?:,-|,\u2013|\.-)?"
    rf"[ \u00a0\u202f]?(?P<after>{_CURRENCY})(?![A-Za-z0-9])"
)
_BARE: Final = re.compile(rf"(?<![0-9A-Za-z.,])(?P<number>{NUMBER})(?![0-9A-Za-z%])")
_YEAR: Final = re.compile(r"^(?:19|20)[0-9]{2}$")


@dataclass(frozen=True, slots=True)
class Price:
    """One amount of money as a page says it."""

    amount: int | float
    currency: str | None
    """ISO 4217; None where nothing says."""
    text: str
    """As it stands on the page."""


def find_prices(text: str, *, home: str = "", most: int = 50) -> list[Price]:
    """Return the prices in one line of text, in order.

    Args:
        text: A line; no more than `MAX_TEXT` characters of it are read.
        home: A country or language code that settles `$` and `kr`.
        most: How many to return at most.
    """
    found: list[Price] = []
    position, text = 0, text[:MAX_TEXT]
    while len(found) < most and (match := _PRICE.search(text, position)) is not None:
        if match["number"] and _year_before_price(match, text):
            position = match.end("number")
            continue
        position = match.end()
        symbol = match["before"] or match["after"]
        currency = currency_of(symbol, home=home)
        amount = amount_of(match["after_number"] or match["number"], currency=currency)
        if amount is not None:
            whole = _plain(amount * 1000) if match["thousand"] else amount
            found.append(Price(whole, currency, match[0].strip()))
    return found


def bare_amount(text: str, *, currency: str | None = None) -> int | float | None:
    """Return the first number of a text that is known to be a price."""
    match = _BARE.search(text[:500])
    return amount_of(match["number"], currency=currency) if match else None


def currency_of(symbol: str, *, home: str = "") -> str | None:
    """Return the ISO code of a symbol, word or code; None for an unknown one."""
    symbol = symbol.strip()
    if symbol.upper() in CODES:
        return symbol.upper()
    kind = _SHARED.get(symbol)
    if kind is not None and (local := _HOMES[kind].get(home.lower())):
        return local
    return SYMBOLS.get(symbol)


def amount_of(digits: str, *, currency: str | None = None) -> int | float | None:
    """Return the number that digits with thousands and decimal marks spell; None beyond `MAX_DIGITS`.

    One mark before exactly three digits is read as thousands, save for a
    point where the currency's countries write points for decimals.
    """
    text = re.sub(r"['\u2019\s]", "", digits)
    points, commas = text.count("."), text.count(",")
    if sum(c.isdigit() for c in text) > MAX_DIGITS or not text:
        return None
    if points and commas:
        mark = "." if text.rfind(".") > text.rfind(",") else ","
    elif points + commas == 1:
        mark = _single_mark(text, "." if points else ",", currency)
    else:
        mark = ""
    whole, _, part = text.rpartition(mark) if mark else (text, "", "")
    try:
        return _plain(float(f"{re.sub('[.,]', '', whole)}.{part or 0}"))
    except ValueError:
        return None


def machine_amount(value: object) -> int | float | None:
    """Return the number in a value written for machines, where a point is the decimal mark."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _plain(float(value)) if abs(value) < 10**MAX_DIGITS else None
    text = str(value).strip()[:60]
    if re.fullmatch(r"[0-9]{1,13}(?:\.[0-9]{1,9})?", text):
        return _plain(float(text))
    prices = find_prices(text)
    return prices[0].amount if prices else bare_amount(text)


def _single_mark(text: str, mark: str, currency: str | None) -> str:
    """Return the mark if it is the decimal one, an empty string if it parts thousands."""
    whole, _, part = text.partition(mark)
    if len(part) != 3 or len(whole) > 3 or whole.lstrip("0") == "":
        return mark
    return mark if mark == "." and currency in _POINT_IS_DECIMAL else ""


def _year_before_price(match: re.Match[str], text: str) -> bool:
    """Say whether a number before a symbol is a year and the symbol belongs to the number after it."""
    after = text[match.end() : match.end() + 2].strip(" \u00a0")[:1]
    if not after.isdigit():
        return False
    return match["after"] in {"$", "£", "₹", "¥"} or _YEAR.match(match["number"]) is not None


def _plain(number: float) -> int | float:
    rounded = round(number, 4)
    return int(rounded) if rounded == int(rounded) else rounded
