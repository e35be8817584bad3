"""The shapes one secret takes on its way through URLs, JSON and headers, and how each is found.

Each character may stand as itself, percent-encoded (also twice), JSON-escaped
(also inside a string that was escaped before) or as a JSON pointer spells it,
and any mix of these matches.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_SHORT_ESCAPES: Final = {
    '"': '"',
    "\\": "\\\\",
    "/": "/",
    "\b": "b",
    "\f": "f",
    "\n": "n",
    "\r": "r",
    "\t": "t",
}
_TO_URL_SAFE: Final = str.maketrans("+/", "-_")
_IN_POINTERS: Final = {"/": "~1", "~": "~0"}
_SIGNS: Final = ("%", "\\", "+", "~")


class SecretForms:
    """Finds every form of some secrets.

    Args:
        secrets: None empty; the longer first.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._literals = tuple(form for secret in secrets for form in _literals(secret))
        patterns = (form for secret in secrets for form in _patterns(secret))
        self._pattern = re.compile("|".join(patterns)) if secrets else None

    def may_stand_in(self, texts: Iterable[str]) -> bool:
        """Say whether a secret may stand in one of the texts, in whatever form."""
        if self._pattern is None:
            return False
        return any(
            any(sign in text for sign in _SIGNS) or any(form in text for form in self._literals)
            for text in texts
        )

    def replace(self, text: str, mark: str) -> str:
        """Return the text with `mark` in place of each."""
        # The pattern is slow and most text holds none: a form that is no literal has one of these.
        if self._pattern is None:
            return text
        if not any(sign in text for sign in _SIGNS) and not any(form in text for form in self._literals):
            return text
        return self._pattern.sub(mark, text)


def _literals(secret: str) -> Iterator[str]:
    yield secret
    for shift in range(3):
        core = base64_core(secret.encode("utf-8", "surrogatepass"), shift)
        yield core
        yield core.translate(_TO_URL_SAFE)


def _patterns(secret: str) -> Iterator[str]:
    yield "".join(_any_form(char) for char in secret)
    raw = secret.encode("utf-8", "surrogatepass")
    for shift in range(3):
        yield "".join(_any_base64(char) for char in base64_core(raw, shift))


def base64_core(raw: bytes, shift: int) -> str:
    """Return the base64 letters that depend on `raw` alone when it starts `shift` bytes into a group of three."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode("ascii")
    return encoded[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]


def _any_base64(char: str) -> str:
    if char.isalnum():
        return char
    return f"(?:{_any_form(char)}|{_any_form(char.translate(_TO_URL_SAFE))})"


def _any_form(char: str) -> str:
    percent = "".join(f"%(?:25)*{_hex(byte)}" for byte in char.encode("utf-8", "surrogatepass"))
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\+u{_hex(units[i])}{_hex(units[i + 1])}" for i in range(0, len(units), 2))
    forms = [re.escape(char), percent, escaped]
    if char == " ":
        forms.append(r"\+")
    if char in _SHORT_ESCAPES:
        forms.append(rf"\\+{_SHORT_ESCAPES[char]}")
    if char in _IN_POINTERS:
        forms.append(_IN_POINTERS[char])
    return f"(?:{'|'.join(forms)})"


def _hex(byte: int) -> str:
    return "".join(d if d.isdigit() else f"[{d}{d.upper()}]" for d in f"{byte:02x}")
