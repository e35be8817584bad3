"""Counts what one attempt takes from the network and from models, and stops it at its allowance.

The meter travels with the task that makes the attempt, so nothing between the
dispatcher and the socket has to hand it on.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final

from contracts.errors import AttemptFailed

COUNTED: Final = ("requests", "bytes", "tokens", "usd")
TOLD: Final = frozenset({"tokens", "usd"})
"""What an agent with a model of its own counts itself: the larger of its word and the meter's is what it used."""
_CODES: Final = {
    "requests": "budget.requests", "bytes": "budget.bytes", "tokens": "budget.tokens", "usd": "budget.usd",
}  # fmt: skip


class Meter:
    """What may be used, and what was.

    Args:
        allowance: Of what is counted; what is missing is not bounded.
    """

    def __init__(self, allowance: Mapping[str, float]) -> None:
        self._allowance = {name: allowance[name] for name in COUNTED if name in allowance}
        self._used: dict[str, float] = dict.fromkeys(COUNTED, 0)
        self._lock = threading.Lock()  # guards _used

    def charge(self, name: str, amount: float) -> None:
        """Count an amount; what goes past the allowance is counted too, and refused.

        Raises:
            AttemptFailed: `budget.requests`, `budget.bytes`, `budget.tokens`, `budget.usd`.
        """
        used = self.count(name, amount)
        allowed = self._allowance.get(name)
        if allowed is not None and used > allowed:
            raise AttemptFailed(
                _CODES[name],
                f"{used} {name} asked for, {allowed} are left to this attempt",
                hint=f"Raise the plan's budget of {name}.",
            )

    def count(self, name: str, amount: float) -> float:
        """Count what was used already, and return what that comes to together."""
        with self._lock:
            self._used[name] += amount
            return self._used[name]

    def left(self, name: str) -> float | None:
        """Return how much may still be used; None where that is not bounded."""
        with self._lock:
            return self._allowance[name] - self._used[name] if name in self._allowance else None

    def used(self) -> dict[str, float]:
        """Return what was used of what is bounded."""
        with self._lock:
            return {name: self._used[name] for name in self._allowance}


_CURRENT: Final[ContextVar[Meter | None]] = ContextVar("callsheet_meter", default=None)


def set_meter(meter: Meter) -> None:
    """Count what the current task takes from here on."""
    _CURRENT.set(meter)


def charge(name: str, amount: float) -> None:
    """Count an amount for whoever is metered; nothing where nobody is.

    Raises:
        AttemptFailed: As `Meter.charge`.
    """
    meter = _CURRENT.get()
    if meter is not None:
        meter.charge(name, amount)


def count(name: str, amount: float) -> None:
    """Count what was used already, for whoever is metered."""
    meter = _CURRENT.get()
    if meter is not None:
        meter.count(name, amount)


def check_left(name: str) -> float | None:
    """Return how much may still be used; None where that is not bounded.

    Raises:
        AttemptFailed: `budget.tokens` and the like: nothing is left.
    """
    meter = _CURRENT.get()
    left = meter.left(name) if meter is not None else None
    if left is not None and left <= 0:
        raise AttemptFailed(
            _CODES[name],
            f"no {name} are left to this attempt",
            hint=f"Raise the plan's budget of {name}.",
        )
    return left
