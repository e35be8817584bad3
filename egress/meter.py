"""Counts what one attempt takes from the network, and stops it at its allowance.

The meter travels with the task that makes the attempt, so nothing between the
dispatcher and the socket has to hand it on.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final

from contracts.errors import AttemptFailed

COUNTED: Final = ("requests", "bytes")
_CODES: Final = {"requests": "budget.requests", "bytes": "budget.bytes"}


class Meter:
    """What may be used, and what was.

    Args:
        allowance: `requests` and `bytes`; one that is missing is not bounded.
    """

    def __init__(self, allowance: Mapping[str, int]) -> None:
        self._allowance = {name: allowance[name] for name in COUNTED if name in allowance}
        self._used = dict.fromkeys(COUNTED, 0)
        self._lock = threading.Lock()  # guards _used

    def charge(self, name: str, amount: int) -> None:
        """Count an amount; what goes past the allowance is counted too, and refused.

        Raises:
            AttemptFailed: `budget.requests`, `budget.bytes`.
        """
        with self._lock:
            self._used[name] += amount
            used = self._used[name]
        allowed = self._allowance.get(name)
        if allowed is not None and used > allowed:
            raise AttemptFailed(
                _CODES[name],
                f"{used} {name} asked for, {allowed} are left to this attempt",
                hint=f"Raise the plan's budget of {name}.",
            )

    def used(self) -> dict[str, int]:
        """Return what was used of what is counted."""
        with self._lock:
            return {name: self._used[name] for name in self._allowance}


_CURRENT: Final[ContextVar[Meter | None]] = ContextVar("callsheet_meter", default=None)


def set_meter(meter: Meter) -> None:
    """Count what the current task takes from here on."""
    _CURRENT.set(meter)


def charge(name: str, amount: int) -> None:
    """Count an amount for whoever is metered; nothing where nobody is.

    Raises:
        AttemptFailed: `budget.requests`, `budget.bytes`.
    """
    meter = _CURRENT.get()
    if meter is not None:
        meter.charge(name, amount)
