"""The form of a value that a parameter's description speaks of: "17 characters", "10 or 13 digits", "host name"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.rules.lexicon import Words

_TOKEN: Final = re.compile(r"#?[A-Za-z0-9][\w.+@:/-]*")
_SIZED: Final = re.compile(
    r"\b(\d{1,3})(?:\s*(?:-|to|or)\s*(\d{1,3}))?[ -](characters?|digits?|letters?|chars|hex)\b", re.IGNORECASE
)
_DOMAIN: Final = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,20}", re.IGNORECASE)
_CODED: Final = Words(
    "code id number no nr vin isbn issn iban bic ean upc gtin imei serial plate tracking sku barcode reference "
    "ref ticket "
).exact
"""Words of parameters whose values are made of digits, or of digits and letters."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
_IP: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
SURE: Final = 2.2
LIKELY: Final = 1.8


def formed_tokens(name: str, schema: Mapping[str, Any], plain: str) -> Iterator[tuple[str, float]]:
    """Yield the tokens of a text that have the form a parameter's name or description speaks of, and how surely.

    Args:
        name: The parameter's.
        schema: The parameter's.
        plain: The text, as written.
    """
    described = str(schema.get("description", ""))[:300]
    words = {*re.findall(r"[a-z]+", name.lower()), *re.findall(r"[a-z]+", described.lower())}
    sizes = [(int(a), int(b or a), kind.lower()) for a, b, kind in _SIZED.findall(described)]
    own = set(re.split(r"[_\W]+", name.lower()))
    for match in _TOKEN.finditer(plain):
        token = match.group().rstrip(".,:;/-")
        bare = token.replace("-", "").replace(".", "")
        if (
            any(_is_sized(bare, size) for size in sizes)
            or (words & {"domain", "hostname", "host"} and _DOMAIN.fullmatch(token))
            or (words & {"email", "mail"} and _EMAIL.fullmatch(token))
            or ("ip" in own and _IP.fullmatch(token))
        ):
            yield token, SURE
        elif own & _CODED and not sizes and _is_code(bare):
            yield token, LIKELY


def is_sized(schema: Any) -> bool:
    """Say whether a parameter's description tells how many characters its values have."""
    return isinstance(schema, Mapping) and _SIZED.search(str(schema.get("description", ""))[:300]) is not None


def _is_sized(token: str, size: tuple[int, int, str]) -> bool:
    low, high, kind = size
    if len(token) not in ({low, high} if kind[0] == "d" else range(low, high + 1)) or not token.isascii():
        return False
    if kind[0] == "d":
        return token[:-1].isdigit() and (token[-1].isdigit() or token[-1] in "xX")
    if kind[0] == "l":
        return token.isupper() and token.isalpha()
    return token.isalnum() and (any(map(str.isdigit, token)) or token.isupper())


def _is_code(token: str) -> bool:
    digits = sum(map(str.isdigit, token))
    return (
        token.isascii() and token.isalnum() and len(token) >= 5 and (digits >= 7 or 2 <= digits < len(token))
    )
