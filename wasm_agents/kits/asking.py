"""Ask a guest one thing and say what came of it: a value, or a code; never an exception."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import JsonValue

from contracts.errors import AttemptFailed, CallsheetError
from wasm_agents.envelope import open_envelope
from wasm_agents.limits import GuestLimits
from wasm_agents.result import GuestResult


class Guest(Protocol):
    """A loaded module of either kind."""

    @property
    def limits(self) -> GuestLimits:
        """Return what one call may use."""
        ...

    def call(self, content: bytes, deadline_s: float, /) -> GuestResult:
        """Return what the guest answers, as an envelope."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call gave and used."""

    output: bytes = b""
    """The answer as it came, when one came."""
    value: JsonValue = None
    code: str = ""
    """Empty when there is a value."""
    message: str = ""
    guest_code: str = ""
    """The guest's own word, when it refused."""
    retryable: bool = False
    fuel: int = 0
    peak_memory_bytes: int = 0
    wall_ms: float = 0.0

    @property
    def brief(self) -> str:
        """What it was, in one line."""
        if not self.code:
            return f"{self.output[:120]!r}"
        return f"{self.code} {self.guest_code}: {self.message}"[:240]


def ask(guest: Guest, given: bytes, *, deadline_s: float) -> Outcome:
    """Call a guest once."""
    try:
        result = guest.call(given, deadline_s)
    except CallsheetError as exc:
        return Outcome(code=exc.code, message=exc.message, **_used(exc.data))
    used: dict[str, Any] = {
        "fuel": result.fuel,
        "peak_memory_bytes": result.peak_memory_bytes,
        "wall_ms": result.wall_ms,
        "output": result.output,
    }
    try:
        return Outcome(value=open_envelope(result.output), **used)
    except AttemptFailed as exc:
        return Outcome(
            code=exc.code,
            message=exc.message,
            guest_code=str(exc.data.get("guest_code", "")),
            retryable=exc.retryable,
            **used,
        )


def same_json(found: JsonValue, wanted: JsonValue) -> bool:
    """Say whether two JSON values are one: members in the same order, numbers as doubles hold them.

    A language may have no other number than the double, so 1 and 1.0 are one number, and so are 0 and -0.
    """
    pending: list[tuple[JsonValue, JsonValue]] = [(found, wanted)]
    while pending:
        a, b = pending.pop()
        x, y = _number(a), _number(b)
        if x is not None and y is not None:
            if x != y:
                return False
        elif type(a) is not type(b):
            return False
        elif isinstance(a, dict) and isinstance(b, dict):
            if list(a) != list(b):
                return False
            pending.extend(zip(a.values(), b.values(), strict=True))
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif a != b:
            return False
    return True


def difference(first: Outcome, again: Outcome) -> str:
    """Return how two calls with one input differ; empty when they gave the same for the same."""
    if (first.output, first.code) != (again.output, again.code):
        return f"the second call gave {again.brief}, the first {first.brief}"
    if first.fuel != again.fuel:
        return f"the second call used {again.fuel:,} fuel, the first {first.fuel:,}"
    return ""


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer larger than any double
        return math.inf if value > 0 else -math.inf


def _used(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts[name] for name in ("fuel", "peak_memory_bytes", "wall_ms") if name in facts}
