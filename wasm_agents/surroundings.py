"""What a guest can see of the world without asking for it: a clock, chance, and a log to write to.

By default the clock is virtual and chance comes from a seed, so a call's
surroundings are the same each time it is run again.
"""

from __future__ import annotations

import os
import random
import time
from typing import Final, Literal

TICK_NS: Final = 1_000
"""How far a look at the virtual clock moves it: a guest that waits for time to pass sees it pass."""
MAX_ELAPSED_NS: Final = 2**63 - 1
"""How much virtual time can be slept away: 292 years, so that every date there is stays one."""
RANDOM_BYTES: Final = 64 * 1024
"""What one call for random bytes gives at most."""


class Surroundings:
    """One call's clock, chance and log.

    Args:
        now_ns: Where the clock stands at first, nanoseconds since 1970, UTC.
        seed: What chance comes from.
        clock: `real` lets true time pass from `now_ns` on.
        chance: `os` asks the operating system.
        log_bytes: What of the log is kept.
    """

    __slots__ = ("_chance", "_elapsed_ns", "_log", "_log_left", "_rng", "_seed", "_started", "now_ns")

    def __init__(
        self,
        *,
        now_ns: int = 0,
        seed: str = "",
        clock: Literal["virtual", "real"] = "virtual",
        chance: Literal["seed", "os"] = "seed",
        log_bytes: int = 64 * 1024,
    ) -> None:
        self.now_ns = now_ns
        self._elapsed_ns = 0
        self._started = time.monotonic_ns() if clock == "real" else 0
        self._chance = chance
        self._seed = seed
        self._rng: random.Random | None = None
        self._log = bytearray()
        self._log_left = log_bytes or -1

    def look(self) -> int:
        """Return the time, nanoseconds since 1970; no two looks give the same."""
        self._elapsed_ns += TICK_NS
        return self.now_ns + self.elapsed()

    def elapsed(self) -> int:
        """Return the nanoseconds since the call began, as its clock has them."""
        if self._started:
            return time.monotonic_ns() - self._started
        return self._elapsed_ns

    def sleep(self, ns: int) -> None:
        """Let virtual time pass; nobody waits for it."""
        self._elapsed_ns += max(0, min(ns, MAX_ELAPSED_NS - self._elapsed_ns))

    def random(self, size: int) -> bytes:
        """Return `size` bytes, at most `RANDOM_BYTES`."""
        size = min(size, RANDOM_BYTES)
        if self._chance == "os":
            return os.urandom(size)
        if self._rng is None:
            # Not for secrets: the same bytes again when the call is replayed are the purpose.
            self._rng = random.Random(self._seed)  # noqa: S311  # deterministic on purpose
        return self._rng.randbytes(size)

    def write(self, text: bytes) -> None:
        """Keep what the guest logs, up to the limit; the rest is dropped and marked."""
        if self._log_left < 0:
            return
        self._log += text[: self._log_left]
        self._log_left -= len(text)
        if self._log_left < 0:
            self._log += b"\n[the rest was not kept]"

    @property
    def log(self) -> str:
        """What was kept, control characters but line ends and tabs made visible."""
        text = self._log.decode("utf-8", "replace")
        if text.replace("\n", "").isprintable():
            return text
        return "".join(ch if ch in "\n\t" or ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in text)
