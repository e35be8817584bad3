"""Bytes to text: by byte order mark, then the header's charset, then the page's own claim, then UTF-8."""

from __future__ import annotations

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CLAIM: Final = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,400}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE
)
_CLAIM_WITHIN: Final = 4096
# The WHATWG standard reads these labels as the wider Windows code page.
_WIDER: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
}
_TEXT_CODECS: Final = re.compile(
    r"^(utf|cp\d|iso8859|latin|koi8|gb|big5|euc|shift|iso2022_jp|mac|tis|hz|johab|ascii|ptcp|windows)"
)


def decode_page(body: bytes, *, charset: str | None) -> str:
    """Return the page's text; bytes that fit no character become U+FFFD.

    Args:
        body: At most as long as the policy lets a page be.
        charset: What the Content-Type header says, if anything.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _decode(body[len(mark) :], name)
    claim = _CLAIM.search(body[:_CLAIM_WITHIN])
    claimed = claim[1].decode("ascii", "ignore") if claim else ""
    for label in (charset or "", claimed):
        known = _codec(label)
        if known and not (label is claimed and known.startswith("utf-16")):
            return _decode(body, known)
    try:
        return _decode(body, "utf-8", errors="strict")
    except UnicodeDecodeError:
        return _decode(body, "cp1252")


def without_surrogates(text: str) -> str:
    """Return text that UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _codec(label: str) -> str | None:
    """Return Python's name for a text encoding, None for an unknown one or a codec that is no text encoding."""
    try:
        name = codecs.lookup(label.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    wider = _WIDER.get(name, name)
    return wider if _TEXT_CODECS.match(wider) and wider != "utf-7" else None


def _decode(body: bytes, name: str, *, errors: str = "replace") -> str:
    return without_surrogates(body.decode(name, errors).replace("\0", ""))
