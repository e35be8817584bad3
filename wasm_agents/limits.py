"""What a guest may use in one call, and what the host reads of a module at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

MIB: Final = 1024 * 1024
PAGE_BYTES: Final = 64 * 1024
"""WebAssembly's page."""

MAX_MODULE_BYTES: Final = MIB
MAX_CODE_BYTES: Final = 512 * 1024
"""All function bodies together; bounds what compiling costs, at worst some 20 us a byte."""
MAX_BODY_BYTES: Final = 64 * 1024
"""One function body; Cranelift's time grows faster than its length."""
MAX_FUNCTIONS: Final = 10_000

CEILINGS: Final[Mapping[str, tuple[int, int]]] = {
    "wall_ms": (1, 600_000),
    "fuel": (1, 1_000_000_000_000),
    "memory_bytes": (PAGE_BYTES, 1024 * MIB),
    "table_elements": (0, 1_000_000),
    "input_bytes": (2, 16 * MIB),
    "output_bytes": (2, 16 * MIB),
}
"""What a manifest may ask for: least and most of each limit."""

LIMITS_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        name: {"type": "integer", "minimum": least, "maximum": most}
        for name, (least, most) in CEILINGS.items()
    },
}


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

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least, most = CEILINGS[name]
            if not least <= value <= most:
                raise ValueError(f"{name} is {value!r}; it may be {least} to {most}")
