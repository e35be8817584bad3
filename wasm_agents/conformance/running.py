"""Build the conformance guest in a language and put the vectors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from wasm_agents.conformance.vectors import Vector, vectors
from wasm_agents.kits.asking import Guest, Outcome, ask, difference, same_json
from wasm_agents.kits.building import compile_folder
from wasm_agents.kits.languages import BY_NAME, LanguageName
from wasm_agents.kits.toolchains import need_tool
from wasm_agents.limits import MIB, GuestLimits

GUESTS: Final = Path(__file__).parent / "guests"
LIMITS: Final = GuestLimits(
    wall_ms=20_000,
    fuel=20_000_000_000,
    memory_bytes=64 * MIB,
    input_bytes=4 * MIB,
    output_bytes=4 * MIB,
)
DEADLINE_S: Final = 30.0

Load = Callable[[GuestLimits], Guest]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one vector."""

    vector: str
    problem: str
    """Empty when the guest passed."""
    fuel: int
    wall_ms: float


def build_guest(language: LanguageName, *, source: Path | None = None) -> bytes:
    """Return the conformance guest's module, built now from its source.

    Raises:
        Unavailable: `build.no_toolchain`.
        InvalidInput: `build.failed`.
        AttemptTimedOut: `build.timeout`.
    """
    kind = BY_NAME[language]
    return compile_folder(source or GUESTS / language, kind, need_tool(kind.tool))


def run_vectors(
    language: LanguageName, load: Load, *, chosen: Iterable[Vector] | None = None
) -> Iterator[Verdict]:
    """Yield what comes of every vector that is put to a language.

    Args:
        language: The guest's.
        load: Returns the guest under some limits.
        chosen: All of them when None.
    """
    for vector in vectors() if chosen is None else chosen:
        if language not in vector.languages:
            continue
        guest = load(replace(LIMITS, **vector.limits))
        first = ask(guest, vector.given, deadline_s=DEADLINE_S)
        problem = judge(vector, first)
        if not problem and vector.is_repeatable:
            problem = difference(first, ask(guest, vector.given, deadline_s=DEADLINE_S))
        yield Verdict(vector.name, problem, first.fuel, first.wall_ms)


def judge(vector: Vector, found: Outcome) -> str:
    """Return what is wrong with an outcome; empty when it is what the vector wants."""
    if not vector.codes:
        is_right = not found.code and same_json(found.value, vector.ok)
        return "" if is_right else f"wanted {vector.ok!r:.80}, got {found.brief}"
    if found.code not in vector.codes:
        return f"wanted {' or '.join(vector.codes)}, got {found.brief}"
    if vector.guest_code and found.guest_code != vector.guest_code:
        return f"wanted the guest's code {vector.guest_code!r}, got {found.guest_code!r:.100}"
    if vector.message not in found.message:
        return f"wanted the message {vector.message!r}, got {found.message!r:.200}"
    if found.retryable != vector.retryable:
        return f"wanted retryable {vector.retryable}, got {found.retryable}"
    return ""
