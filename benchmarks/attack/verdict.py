"""What one attack did to a host, against what it was allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.attack.attack import OK, Attack

MIB: Final = 2**20
GRACE_MS: Final = 25.0
"""How long past its deadline a guest may still run."""
GRACE_BYTES: Final = 10 * MIB
"""How much more than a guest's memory its host may take for it."""
TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one attack ended."""

    attack: Attack
    code: str
    """`ok`, an error's code, or `outside: …`."""
    late_ms: float
    """Past its deadline; 0 for what ended before."""
    over_bytes: int
    """Taken over what the guest may have."""
    load_ms: float
    text: str = ""
    tells_cause: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether the host lived, and answered."""
        return not self.code.startswith(("outside: died", "outside: hung"))

    @property
    def is_refusal(self) -> bool:
        """Whether it should have ended with an error, and did."""
        return self.is_alive and OK not in {self.code, self.attack.code}

    @property
    def is_in_time(self) -> bool:
        """Whether it was stopped when it should be."""
        return self.is_alive and self.late_ms <= GRACE_MS

    @property
    def is_held(self) -> bool:
        """Whether its memory was."""
        return self.is_alive and self.over_bytes <= GRACE_BYTES


def judge(attack: Attack, found: dict[str, Any], *, tells_cause: bool = False) -> Verdict:
    """Return the verdict on what a child told."""
    deadline_ms = min(attack.deadline_s * 1000, attack.all_limits["wall_ms"])
    return Verdict(
        attack,
        str(found["code"]),
        max(0.0, round(float(found.get("call_ms", 0.0)) - deadline_ms, 1)),
        max(0, int(found.get("grown_bytes", 0)) - attack.all_limits["memory_bytes"]),
        float(found.get("load_ms", 0.0)),
        str(found.get("text", "")),
        tells_cause,
    )


def judge_all(
    attacks: Sequence[Attack], run: Callable[[Sequence[Attack]], Iterable[Verdict]]
) -> Iterator[Verdict]:
    """Yield a verdict on each; what was late or large is tried again, and its best try counts.

    A machine that does something else meanwhile makes a guest late; a host that is late is late every time.
    """
    found = {verdict.attack.name: verdict for verdict in run(attacks)}
    for _ in range(TRIES - 1):
        again = [v.attack for v in found.values() if v.is_alive and not (v.is_in_time and v.is_held)]
        if not again:
            break
        for verdict in run(again):
            found[verdict.attack.name] = _better(found[verdict.attack.name], verdict)
    yield from found.values()


def _better(one: Verdict, other: Verdict) -> Verdict:
    if not other.is_alive:
        return other
    return Verdict(
        one.attack,
        one.code if one.code == other.code else f"outside: {one.code}, then {other.code}",
        min(one.late_ms, other.late_ms),
        min(one.over_bytes, other.over_bytes),
        min(one.load_ms, other.load_ms),
        one.text,
        one.tells_cause,
    )
