"""The world outside, which no crash undoes: what was done to it, by whom, and whether it knew the key already."""

from __future__ import annotations

from typing import Literal

from simulation.history import Call, Effect, History


class Ledger:
    """Books effects.

    Args:
        history: Where each is also written down.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._keys: set[str] = set()

    def book(
        self, call: Call, kind: Literal["idempotent", "effectful"], *, at_s: float, had_intent: bool
    ) -> None:
        """Do something that cannot be undone; an idempotent one is known by its key the second time."""
        is_repeat = kind == "idempotent" and call.key in self._keys
        self._keys.add(call.key)
        call.did_effect = True
        effect = Effect(
            self._history.next_number(), call.life, at_s, call.run_id, call.subtask_id, call.item_index,
            call.attempt, call.key, kind, had_intent, is_repeat,
        )  # fmt: skip
        self._history.effects.append(effect)
        self._history.note(call.life, at_s, "effect", *call.name, call.attempt, "repeat" * is_repeat)

    def knows(self, key: str) -> bool:
        """Say whether something was done under a key."""
        return key in self._keys
