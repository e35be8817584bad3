"""A guest's secrets: put into requests by egress, and taken out of whatever comes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from traces.cleaning import MARK, Cleaner

MIN_CHARS: Final = 8
"""A shorter word is no secret, and hunting it would mangle ordinary text."""


class Secrets:
    """Finds the values of some secrets, in any of the forms they take in texts.

    Args:
        values: Whole header values; of `Bearer abc` the `abc` is looked for by itself too.
    """

    __slots__ = ("_cleaner", "_raw")

    def __init__(self, values: Iterable[str]) -> None:
        forms = {
            form for value in values for form in (value, value.rpartition(" ")[2]) if len(form) >= MIN_CHARS
        }
        self._raw = sorted((form.encode() for form in forms), key=len, reverse=True)
        self._cleaner = Cleaner(forms, finds="told") if forms else None

    def out_of(self, text: str) -> str:
        """Return the text without them."""
        return text if self._cleaner is None else self._cleaner.text(text)

    def out_of_bytes(self, raw: bytes) -> bytes:
        """Return bytes without them: in any form where they are text, else as they stand."""
        if self._cleaner is None:
            return raw
        try:
            return self._cleaner.text(raw.decode()).encode()
        except UnicodeDecodeError:
            for secret in self._raw:
                raw = raw.replace(secret, MARK.encode())
            return raw
