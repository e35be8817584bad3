"""When a failed attempt is made again: only if its failure may pass, after a growing, jittered wait."""

from __future__ import annotations

import random
from dataclasses import dataclass

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import CallsheetError
from contracts.plan import Subtask


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: a wait is uniform between nothing and a ceiling that doubles.

    Source: Brooker 2015, "Exponential Backoff And Jitter".
    """

    base_s: float = 0.2
    ceiling_s: float = 10.0

    def wait_s(self, attempt: int, rng: random.Random) -> float:
        """Return the seconds to wait after the failed `attempt` (from 1)."""
        return rng.uniform(0.0, min(self.ceiling_s, self.base_s * 2.0 ** (attempt - 1)))


def attempts_allowed(subtask: Subtask, card: AgentCard) -> int:
    """Return how many attempts a subtask has in all; an effectful agent has one."""
    if Effect.EFFECTFUL in {card.effect, subtask.effect}:
        return 1
    return 1 + (card.retries if subtask.retries is None else subtask.retries)


def may_retry(error: CallsheetError, attempt: int, allowed: int) -> bool:
    """Say whether another attempt follows this failure."""
    return error.retryable and attempt < allowed
