"""What one call of a guest gave and used."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from wasm_agents.component.answer import Answer

USED: Final[tuple[str, ...]] = ("fuel", "peak_memory_bytes", "wall_ms", "host_calls")


class GuestResult(NamedTuple):
    """What one call gave and used."""

    output: bytes
    fuel: int
    peak_memory_bytes: int
    """-1 where it cannot be seen, in a component."""
    wall_ms: float
    """From asking for an instance to having the output."""
    host_calls: int = 0
    log: str = ""
    answer: Answer | None = None
    """The output as it was read already, from a component."""

    def used(self) -> dict[str, Any]:
        """Return what an attempt's trace says of it."""
        return {name: getattr(self, name) for name in USED}
