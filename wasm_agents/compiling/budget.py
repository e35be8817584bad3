"""What compiling one module may cost: what the parent decides and the child is bound by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wasm_agents.binary import Facts

MIB: Final = 1024 * 1024
MAX_CPU_S: Final = 60


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one compilation."""

    cpu_s: int
    """Whole seconds, as the kernel counts them."""
    wall_s: float
    """From when a core was free for it."""
    memory_bytes: int
    """Address space beyond what the compiling process begins with."""
    artifact_bytes: int


def budget_for(facts: Facts) -> Budget:
    """Return what a module of this size may cost: some four times what ordinary code does."""
    mebibytes = facts.code_bytes / MIB
    is_core = facts.kind == "core"
    cpu_s = min(round((5 if is_core else 10) + 4 * mebibytes), MAX_CPU_S)
    return Budget(
        cpu_s=cpu_s,
        # On a busy machine a core is shared: the wall limit only ends what hangs.
        wall_s=cpu_s * 4.0,
        memory_bytes=round((256 if is_core else 384) + 128 * mebibytes) * MIB,
        artifact_bytes=round(16 + 16 * mebibytes) * MIB
        + 4 * sum(end - start for start, end in facts.modules),
    )
