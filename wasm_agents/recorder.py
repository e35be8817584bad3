"""What one call asked its host and was answered, kept as it goes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple, Self

from pydantic import JsonValue

MAX_BYTES: Final = 1024 * 1024
"""Of what a call asked the host and was answered; beyond it the recording is incomplete."""


class HostCall(NamedTuple):
    """One call of `agent.call`."""

    op: str
    given: bytes
    gave: bytes

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as it is kept: bytes as text where they are UTF-8, else as base64."""
        return {"op": self.op, **_spelt("given", self.given), **_spelt("gave", self.gave)}

    @classmethod
    def read(cls, found: Mapping[str, str]) -> Self:
        """Return the call that is kept so.

        Raises:
            KeyError: Something of it is missing; or TypeError, ValueError, AttributeError.
        """
        return cls(found["op"], _bytes_of("given", found), _bytes_of("gave", found))

    def parts(self) -> tuple[str, str, str]:
        """Return what stands in a sum for it."""
        return self.op, sha256(self.given).hexdigest(), sha256(self.gave).hexdigest()


class Recorder:
    """Keeps what one call asked the host and was answered, up to a bound.

    Args:
        most_bytes: Of names, inputs and outputs together.
    """

    __slots__ = ("_left", "calls", "is_complete", "is_redacted")

    def __init__(self, most_bytes: int = MAX_BYTES) -> None:
        self._left = most_bytes
        self.calls: list[HostCall] = []
        self.is_complete = True
        self.is_redacted = False

    def add(self, op: str, given: bytes, gave: bytes) -> None:
        """Keep one call; the first that does not fit ends the recording."""
        self._left -= len(op) + len(given) + len(gave)
        if self._left < 0:
            self.is_complete = False
        if self.is_complete:
            self.calls.append(HostCall(op, given, gave))


def _spelt(name: str, raw: bytes) -> dict[str, JsonValue]:
    try:
        return {name: raw.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(raw).decode()}


def _bytes_of(name: str, found: Mapping[str, str]) -> bytes:
    if name in found:
        return found[name].encode()
    try:
        return base64.b64decode(found[f"{name}_base64"], validate=True)
    except binascii.Error as exc:
        raise ValueError(f"{name} is no base64") from exc
