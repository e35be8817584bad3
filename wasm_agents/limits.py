"""What a guest may use in one call, and what the host reads of a module at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

MIB: Final = 1024 * 1024
PAGE_BYTES: Final = 64 * 1024
"""WebAssembly's page."""

MAX_MODULE_BYTES: Final = 5 * MIB
"""A core module."""
MAX_COMPONENT_BYTES: Final = 64 * MIB
"""A component, with every module in it; a Python agent has some 18 MiB."""
MAX_COMPONENT_INPUT: Final = 4 * MIB
MAX_COMPONENT_OUTPUT: Final = 2 * MIB
"""Strings of a component, whatever its limits say: each lies in the host up to three times at once."""
MAX_CODE_BYTES: Final = 32 * MIB
"""All function bodies together; what compiling them may cost is bounded where it is done."""
MAX_BODY_BYTES: Final = 128 * 1024
"""One function body of a core module; Cranelift's time grows faster than its length."""
MAX_COMPONENT_BODY_BYTES: Final = 512 * 1024
"""One function body within a component; CPython's largest has 427 kB."""
MAX_FUNCTIONS: Final = 50_000
MAX_SECTIONS: Final = 10_000
MAX_NESTING: Final = 8
"""Components within components."""
MAX_SHAPE: Final = 1_000
"""Imports, and exports, of one module."""

CEILINGS: Final[Mapping[str, tuple[int, int]]] = {
    "wall_ms": (1, 600_000),
    "fuel": (1, 1_000_000_000_000),
    # A fill of it all cannot be interrupted: at most this much past a deadline, some 0.1 s.
    "memory_bytes": (PAGE_BYTES, 256 * MIB),
    "table_elements": (0, 1_000_000),
    "stack_bytes": (16 * 1024, 256 * 1024),
    "input_bytes": (2, 16 * MIB),
    "output_bytes": (2, 16 * MIB),
    "log_bytes": (0, MIB),
    "host_calls": (0, 1_000_000),
    "egress_bytes": (0, 1024 * MIB),
}
"""What a manifest may ask for: least and most of each limit."""


@dataclass(frozen=True, slots=True)
class GuestLimits:
    """What one call may use; the fields are `CEILINGS`' names."""

    wall_ms: int = 5_000
    fuel: int = 2_000_000_000
    """Roughly instructions, as wasmtime counts fuel."""
    memory_bytes: int = 64 * MIB
    table_elements: int = 10_000
    input_bytes: int = 4 * MIB
    output_bytes: int = 4 * MIB
    stack_bytes: int = 256 * 1024
    """WebAssembly's own stack, beside the memory a guest keeps its variables in."""
    log_bytes: int = 64 * 1024
    """What it may write into the trace's log."""
    host_calls: int = 1_000
    """Calls to `agent.call`, answered or refused."""
    egress_bytes: int = 10 * MIB
    """What it may send to and read from the network."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least, most = CEILINGS[name]
            if not least <= value <= most:
                raise ValueError(f"{name} is {value!r}; it may be {least} to {most}")


def component_limits(limits: GuestLimits) -> GuestLimits:
    """Return the same, with no longer strings than a component may take and give."""
    most = min(limits.input_bytes, MAX_COMPONENT_INPUT), min(limits.output_bytes, MAX_COMPONENT_OUTPUT)
    return replace(limits, input_bytes=most[0], output_bytes=most[1])


def granted_limits(
    asked: Mapping[str, int], *, ceilings: Mapping[str, int], allowance: Mapping[str, float]
) -> GuestLimits:
    """Return what one call may use: what its manifest says, the ceilings and the run's budgets at most.

    Args:
        asked: The manifest's `limits`.
        ceilings: The operator's.
        allowance: What is left of the run's budgets: `fuel`, `bytes`.
    """
    limits = asdict(GuestLimits(**asked))
    bounds = dict(ceilings)
    if "fuel" in allowance:
        bounds["fuel"] = min(bounds.get("fuel", limits["fuel"]), max(1, int(allowance["fuel"])))
    if "bytes" in allowance:
        bounds["egress_bytes"] = min(
            bounds.get("egress_bytes", limits["egress_bytes"]), max(0, int(allowance["bytes"]))
        )
    return GuestLimits(**{name: min(value, bounds.get(name, value)) for name, value in limits.items()})
