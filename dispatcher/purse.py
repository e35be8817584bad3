"""What a run may still use: reserved before an attempt starts, settled when it has ended.

Money is counted in whole billionths: a sum of fractions would leave a rest
that somebody waits for in vain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from contracts.plan import Budget

Amounts = dict[str, float]
"""Of each thing, in the unit a plan names it in."""

NAMES: Final = ("fuel", "requests", "bytes", "tokens", "usd")
SHARE: Final[Mapping[str, float]] = {
    "fuel": 2_000_000_000, "requests": 50, "bytes": 10 * 1024 * 1024, "tokens": 20_000, "usd": 0.5,
}  # fmt: skip
"""What an attempt is given where its subtask names no budget of its own and the run has that much left."""

MOST: Final = 2**63 - 1
"""Of one thing, used at once."""
PARTS: Final[Mapping[str, int]] = {"usd": 1_000_000_000}
"""What is not counted in ones."""


class Purse:
    """The budgets of one run.

    Args:
        budget: The plan's; what it does not name is not bounded by it.
    """

    def __init__(self, budget: Budget | None) -> None:
        self._left = {name: _counted(name, amount) for name, amount in amounts_of(budget).items()}
        self._reserved = dict.fromkeys(self._left, 0)

    @property
    def is_bounded(self) -> bool:
        """Whether the run has any budget that is counted."""
        return bool(self._left)

    @property
    def is_held(self) -> bool:
        """Whether some attempt holds a reservation, so that more may come free."""
        return any(self._reserved.values())

    def spent(self, names: Collection[str]) -> str:
        """Return which of some things is used up; empty where none is, whatever is set aside."""
        return next((name for name in names if self._left.get(name, 1) <= 0), "")

    def spend(self, usages: Iterable[Mapping[str, JsonValue]]) -> None:
        """Take off what earlier attempts used."""
        for usage in usages:
            for name, used in used_of(usage).items():
                if name in self._left:
                    self._left[name] -= _counted(name, used)

    def reserve(self, budget: Budget | None, uses: Collection[str]) -> Amounts | None:
        """Return what an attempt may use, set aside for it; None when something is used up.

        Args:
            budget: The subtask's own.
            uses: What its agent uses at all, as its card says.
        """
        own = amounts_of(budget)
        wanted: dict[str, int] = {}
        for name in self._left.keys() & {*uses, *own}:
            free = self._left[name] - self._reserved[name]
            share = (
                _counted(name, own[name]) if name in own else min(_counted(name, SHARE[name]), max(free, 1))
            )
            if free < share:
                return None
            wanted[name] = share
        for name, share in wanted.items():
            self._reserved[name] += share
        return own | {name: _told(name, share) for name, share in wanted.items()}

    def settle(self, reserved: Mapping[str, float], usage: Mapping[str, JsonValue]) -> None:
        """Give a reservation back and take off what was used."""
        used = used_of(usage)
        for name in self._left:
            self._reserved[name] -= _counted(name, reserved.get(name, 0))
            self._left[name] -= _counted(name, used.get(name, 0))


def amounts_of(budget: Budget | None) -> Amounts:
    """Return the counted parts of a budget."""
    found = {name: getattr(budget, name) for name in NAMES} if budget else {}
    return {name: amount for name, amount in found.items() if amount is not None}


def used_of(usage: Mapping[str, JsonValue]) -> Amounts:
    """Return the counted parts of what an attempt says it used."""
    return {
        name: min(amount, MOST) if name in PARTS else int(min(amount, MOST))
        for name in NAMES
        if isinstance(amount := usage.get(name), int | float) and not isinstance(amount, bool) and amount > 0
    }


def _counted(name: str, amount: float) -> int:
    return round(amount * PARTS[name]) if name in PARTS else int(amount)


def _told(name: str, count: int) -> float:
    return count / PARTS[name] if name in PARTS else count
