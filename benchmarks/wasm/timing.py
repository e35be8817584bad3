"""CPU time of a call: the least of several rounds' means, on this thread.

Imports nothing of ours: the peers' side counts by the same clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

ROUNDS: Final = 9


def best(call: Callable[[], object], number: int, rounds: int = ROUNDS) -> float:
    """Return a call's CPU microseconds: the least of the rounds' means."""
    return best_each({"": call}, number, rounds)[""]


def best_each(
    calls: Mapping[str, Callable[[], object]], number: int, rounds: int = ROUNDS
) -> dict[str, float]:
    """Do what `best` does for several at once, in turn, so that whatever slows the machine meets them all."""
    least = dict.fromkeys(calls, float("inf"))
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.thread_time()
            for _ in range(number):
                call()
            least[name] = min(least[name], (time.thread_time() - began) / number)
    return {name: seconds * 1e6 for name, seconds in least.items()}
