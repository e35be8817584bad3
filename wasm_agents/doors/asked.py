"""What a guest asks of one operation, read strictly: unknown fields are refused, everything is bounded."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json

if TYPE_CHECKING:
    from pydantic import JsonValue

BAD: Final = "capability.bad_input"
MAX_ASKED_BYTES: Final = 16 * 1024 * 1024
"""Of an input with a body in it."""
FEW_BYTES: Final = 64 * 1024
"""Of any other: reading JSON takes seconds where there is much of it, and nobody else has a turn meanwhile."""


class Asked:
    """The input of one operation.

    Args:
        op: Its name, for errors.
        raw: JSON, as the guest gave it; nothing at all counts as `{}`.
        known: The fields it may have.
        most: Bytes of it.

    Raises:
        InvalidInput: `capability.bad_input`.
    """

    def __init__(self, op: str, raw: bytes, *, known: Collection[str], most: int = FEW_BYTES) -> None:
        self._op = op
        try:
            found = parse_json(raw, max_bytes=most) if raw else {}
        except InvalidInput as exc:
            raise self.bad(f"the input cannot be read: {exc.message[:300]}") from exc
        if not isinstance(found, dict):
            raise self.bad("the input is no object")
        odd = sorted(found.keys() - set(known))
        if odd:
            raise self.bad(f"{odd[0][:80]!r} is none of {', '.join(sorted(known)) or 'no fields'}")
        self._fields = found

    def bad(self, why: str) -> InvalidInput:
        """Return the refusal of what was asked."""
        return InvalidInput(BAD, f"{self._op}: {why}", hint="docs/guest-calls.md")

    def has(self, name: str) -> bool:
        """Say whether a field was given; null counts as absent."""
        return self._fields.get(name) is not None

    def value(self, name: str) -> JsonValue:
        """Return a field that must be there, null included.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        if name not in self._fields:
            raise self.bad(f"{name!r} is missing")
        return self._fields[name]

    def text(self, name: str, *, most: int, default: str | None = None, least: int = 0) -> str:
        """Return a text of so many characters; the default where none is given.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        found = self._given(name, default)
        if not isinstance(found, str) or not least <= len(found) <= most:
            raise self.bad(f"{name!r} is a text of {least} to {most} characters")
        return found

    def word(self, name: str, *, of: Sequence[str], default: str) -> str:
        """Return one of the words; the default where none is given.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        found = self._given(name, default)
        if not isinstance(found, str) or found not in of:
            raise self.bad(f"{name!r} is {str(found)[:40]!r}, and none of {', '.join(of)}")
        return found

    def whole(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number; the default where none is given.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        found = self._given(name, default)
        if type(found) is not int or not least <= found <= most:
            raise self.bad(f"{name!r} is a whole number, {least} to {most}")
        return found

    def texts(self, name: str) -> dict[str, str]:
        """Return an object of texts; an empty one where none is given.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        found = self._given(name, {})
        if not isinstance(found, dict):
            raise self.bad(f"{name!r} is an object of texts")
        texts = {key: value for key, value in found.items() if isinstance(value, str)}
        if len(texts) != len(found):
            raise self.bad(f"{name!r} is an object of texts")
        return texts

    def content(self, name: str) -> bytes | None:
        """Return what stands as a text under a name, or as base64 under `NAME_base64`; None for neither.

        Raises:
            InvalidInput: `capability.bad_input`.
        """
        coded = f"{name}_base64"
        if self.has(name) and self.has(coded):
            raise self.bad(f"give {name!r} or {coded!r}, not both")
        if self.has(name):
            return self.text(name, most=MAX_ASKED_BYTES).encode()
        if not self.has(coded):
            return None
        try:
            return base64.b64decode(self.text(coded, most=MAX_ASKED_BYTES), validate=True)
        except (binascii.Error, ValueError) as exc:
            raise self.bad(f"{coded!r} is no base64") from exc

    def _given(self, name: str, default: object) -> object:
        found = self._fields.get(name)
        if found is not None:
            return found
        if default is None:
            raise self.bad(f"{name!r} is missing")
        return default
