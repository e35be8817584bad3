"""What a run may still use: reserved before an attempt starts, settled when it has ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from contracts.plan import Budget

NAMES: Final = ("fuel", "requests", "bytes")
SHARE: Final[Mapping[str, int]] = {"fuel": 2_000_000_000, "requests": 50, "bytes": 10 * 1024 * 1024}
"""What an attempt is given where its subtask names no budget of its own and the run has that much left."""

MOST: Final = 2**63 - 1
"""Of one thing, used at once."""

Amounts = dict[str, int]


class Purse:
    """The budgets of one run.

    Args:
        budget: The plan's; what it does not name is not bounded by it.
    """

    def __init__(self, budget: Budget | None) -> None:
        self._left = amounts_of(budget)
        self._reserved = dict.fromkeys(self._left, 0)

    @property
    def is_bounded(self) -> bool:
        """Whether the run has any budget that is counted."""
        return bool(self._left)

    @property
    def is_held(self) -> bool:
        """Whether some attempt holds a reservation, so that more may come free."""
        return any(self._reserved.values())

    def spend(self, usages: Iterable[Mapping[str, JsonValue]]) -> None:
        """Take off what earlier attempts used."""
        for usage in usages:
            for name, used in used_of(usage).items():
                if name in self._left:
                    self._left[name] -= used

    def reserve(self, budget: Budget | None, uses: Collection[str]) -> Amounts | None:
        """Return what an attempt may use, set aside for it; None when something is used up.

        Args:
            budget: The subtask's own.
            uses: What its agent uses at all, as its card says.
        """
        own = amounts_of(budget)
        allowed = dict(own)
        for name in self._left.keys() & {*uses, *own}:
            free = self._left[name] - self._reserved[name]
            wanted = own.get(name, min(SHARE[name], max(free, 1)))
            if free < wanted:
                return None
            allowed[name] = wanted
        for name in self._left.keys() & allowed.keys():
            self._reserved[name] += allowed[name]
        return allowed

    def settle(self, reserved: Mapping[str, int], usage: Mapping[str, JsonValue]) -> None:
        """Give a reservation back and take off what was used."""
        used = used_of(usage)
        for name in self._left:
            self._reserved[name] -= reserved.get(name, 0)
            self._left[name] -= used.get(name, 0)


def amounts_of(budget: Budget | None) -> Amounts:
    """Return the counted parts of a budget."""
    found = {"fuel": budget.fuel, "requests": budget.requests, "bytes": budget.bytes} if budget else {}
    return {name: amount for name, amount in found.items() if amount is not None}


def used_of(usage: Mapping[str, JsonValue]) -> Amounts:
    """Return the counted parts of what an attempt says it used."""
    return {
        name: int(min(amount, MOST))
        for name in NAMES
        if isinstance(amount := usage.get(name), int | float) and not isinstance(amount, bool) and amount > 0
    }
