"""What a spec and its rows may use: size and depth of the spec, rows, work, output."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from agents.data.values import Row
from contracts.errors import AttemptFailed, InvalidInput

MAX_ROWS: Final = 100_000
MAX_SPEC_DEPTH: Final = 24
MAX_SPEC_NODES: Final = 5_000
MAX_WORK: Final = 30_000_000
"""Rows times nodes of the steps that walk them."""
MAX_OUTPUT_NODES: Final = 2_000_000
MAX_OUTPUT_CHARS: Final = 16 * 1024 * 1024


@dataclass(slots=True)
class Budget:
    """What one call may still use."""

    stop: threading.Event = field(default_factory=threading.Event)
    """Set when nobody waits for the answer any more."""
    work: int = 0

    def spend(self, rows: int, nodes: int) -> None:
        """Count a step's work.

        Raises:
            InvalidInput: `data.too_large`.
            AttemptFailed: `data.stopped`.
        """
        if self.stop.is_set():
            raise AttemptFailed("data.stopped", "nobody waits for these rows any more")
        self.work += rows * nodes
        if self.work > MAX_WORK:
            raise InvalidInput(
                "data.too_large", f"more than {MAX_WORK} cell readings", hint="Filter earlier."
            )


def check_rows(count: int) -> None:
    """Refuse more rows than a step may have.

    Raises:
        InvalidInput: `data.too_large`.
    """
    if count > MAX_ROWS:
        raise InvalidInput(
            "data.too_large", f"{count} rows, at most {MAX_ROWS} are taken", hint="Filter or limit earlier."
        )


def spec_nodes(steps: object) -> int:
    """Return how many JSON values a spec is made of.

    Raises:
        InvalidInput: `data.too_large`, it has too many or nests too deep.
    """
    pending: list[tuple[object, int]] = [(steps, 0)]
    seen = 0
    while pending:
        value, depth = pending.pop()
        seen += 1
        if depth > MAX_SPEC_DEPTH or seen + len(pending) > MAX_SPEC_NODES:
            limit = f"{MAX_SPEC_DEPTH} levels" if depth > MAX_SPEC_DEPTH else f"{MAX_SPEC_NODES} values"
            raise InvalidInput("data.too_large", f"the steps have more than {limit}", where="/steps")
        if isinstance(value, list | tuple):
            pending.extend((v, depth + 1) for v in value[: MAX_SPEC_NODES + 1])
        elif isinstance(value, dict):
            pending.extend((v, depth + 1) for v in value.values())
    return seen


def check_output(rows: Sequence[Row]) -> None:
    """Refuse rows that would not fit into an answer.

    Raises:
        InvalidInput: `data.too_large`.
    """
    pending: list[JsonValue] = list(rows)
    nodes = chars = 0
    while pending:
        value = pending.pop()
        nodes += 1
        if isinstance(value, str):
            chars += len(value)
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            chars += sum(map(len, value))
            pending.extend(value.values())
        if nodes > MAX_OUTPUT_NODES or chars > MAX_OUTPUT_CHARS:
            raise InvalidInput(
                "data.too_large",
                f"the rows have more than {MAX_OUTPUT_NODES} values or {MAX_OUTPUT_CHARS} characters",
                hint="Select fewer columns, or limit the rows.",
            )
