"""The whole corpus, by class."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import Attack
from benchmarks.attack.corpus import (
    answers,
    components,
    doors,
    features,
    host_calls,
    loops,
    memories,
    octet_streams,
    pointers,
    sizes,
    stacks,
    traps,
    wasi,
)

ATTACKS: Final[tuple[Attack, ...]] = (
    *loops.ATTACKS,
    *stacks.ATTACKS,
    *memories.ATTACKS,
    *traps.ATTACKS,
    *pointers.ATTACKS,
    *answers.ATTACKS,
    *host_calls.ATTACKS,
    *wasi.ATTACKS,
    *doors.ATTACKS,
    *features.ATTACKS,
    *octet_streams.ATTACKS,
    *sizes.ATTACKS,
    *components.ATTACKS,
)
BY_NAME: Final[dict[str, Attack]] = {attack.name: attack for attack in ATTACKS}
