"""What is worked out of a catalogue, kept while its very cards are asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from contracts.card import AgentCard

T = TypeVar("T")


class PerCards(Generic[T]):
    """Makes something of a catalogue once, and keeps it for the last few catalogues asked about.

    Catalogues are told apart by the identity of their cards: hashing thousands
    of them costs more than a question. What is made must hold its cards, so
    that no other can get their place in memory.

    Args:
        make: Works it out; may run twice where two threads ask at once.
        most: How many are kept.
    """

    def __init__(self, make: Callable[[Sequence[AgentCard]], T], *, most: int) -> None:
        self._make = make
        self._most = most
        self._lock = Lock()  # guards _made
        self._made: dict[tuple[int, ...], T] = {}

    def of(self, cards: Sequence[AgentCard]) -> T:
        """Return what was made of these very cards, made now if it was not."""
        name = tuple(map(id, cards))
        with self._lock:
            found = self._made.get(name)
        if found is None:
            found = self._make(cards)
            with self._lock:
                while len(self._made) >= self._most:
                    del self._made[next(iter(self._made))]
                self._made[name] = found
        return found
