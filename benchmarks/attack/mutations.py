"""Make bytes that are nearly modules, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from benchmarks.attack.corpus.every import ATTACKS
from benchmarks.attack.octets import COMPONENT, HEADER, leb, section
from wasm_agents.catalogue import guest_cards, module_path

MAX_SEED_BYTES: Final = 16_384
"""Larger attacks are left out of what is mutated: what they show is their size."""

_TELLING: Final = (
    0,
    1,
    0x0B,
    0x10,
    0x1A,
    0x40,
    0x60,
    0x6F,
    0x70,
    0x7B,
    0x7C,
    0x7F,
    0x80,
    0xC0,
    0xFC,
    0xFD,
    0xFE,
    0xFF,
)
"""Bytes that mean something: ends, calls, types, prefixes, numbers that go on."""

_ALIKE: Final = (
    range(0x46, 0x50),
    range(0x6A, 0x79),
    range(0x7C, 0x8B),
    range(0x51, 0x5B),
    range(0x36, 0x38),
)
"""Instructions that take and give the same: comparisons, arithmetic, of 32 and of 64 bits; stores."""

Sections = list[tuple[int, bytes]]


@cache
def seeds() -> tuple[bytes, ...]:
    """Return the modules that are mutated: small attacks that load, and as often the guests that are shipped."""
    loading = [a for a in ATTACKS if "compile_child" not in a.needs and not a.code.startswith("load.")]
    hostile = [*dict.fromkeys(wasm for attack in loading if (wasm := _small(attack.build)))]
    shipped = [wasm for card in guest_cards() if (wasm := _small(module_path(card).read_bytes))]
    return (*hostile, *shipped * (len(hostile) // len(shipped)))


def case(seed: int, number: int) -> bytes:
    """Return one case's bytes."""
    rng = random.Random(f"{seed}/{number}")
    return _KINDS[number % len(_KINDS)](rng)


def kind_of(number: int) -> str:
    """Return how a case is made."""
    return _KINDS[number % len(_KINDS)].__name__.strip("_")


def sections_of(wasm: bytes) -> Sections | None:
    """Return a module's sections; None when they cannot be told apart."""
    at, found = 8, []
    while at < len(wasm):
        number, at = wasm[at], at + 1
        size = shift = 0
        while True:
            if at >= len(wasm) or shift > 28:
                return None
            octet, at = wasm[at], at + 1
            size |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                break
        if at + size > len(wasm):
            return None
        found.append((number, wasm[at : at + size]))
        at += size
    return found


def _small(build: Callable[[], bytes]) -> bytes:
    wasm = build()
    return wasm if wasm[:4] == b"\0asm" and 8 < len(wasm) <= MAX_SEED_BYTES else b""


def _joined(head: bytes, sections: Sequence[tuple[int, bytes]]) -> bytes:
    return head[:8] + b"".join(section(number, content) for number, content in sections)


def _random(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(300))


def _headed(rng: random.Random) -> bytes:
    return rng.choice((HEADER, COMPONENT)) + rng.randbytes(rng.randrange(300))


def _framed(rng: random.Random) -> bytes:
    """Sections in order, whole, of garbage."""
    numbers = sorted(rng.sample(range(13), rng.randrange(1, 8)))
    pieces = [(number, leb(rng.randrange(4)) + rng.randbytes(rng.randrange(60))) for number in numbers]
    return _joined(rng.choice((HEADER, COMPONENT)), pieces)


def _flipped(rng: random.Random) -> bytes:
    wasm = bytearray(rng.choice(seeds()))
    for _ in range(rng.choice((1, 1, 2, 4))):
        wasm[rng.randrange(len(wasm))] ^= 1 << rng.randrange(8)
    return bytes(wasm)


def _poked(rng: random.Random) -> bytes:
    wasm = bytearray(rng.choice(seeds()))
    for _ in range(rng.choice((1, 1, 2, 4))):
        wasm[rng.randrange(8, len(wasm))] = rng.choice(_TELLING)
    return bytes(wasm)


def _cut(rng: random.Random) -> bytes:
    wasm = rng.choice(seeds())
    return wasm[: rng.randrange(len(wasm))]


def _spliced(rng: random.Random) -> bytes:
    one, other = rng.choice(seeds()), rng.choice(seeds())
    return one[: rng.randrange(len(one))] + other[rng.randrange(len(other)) :]


def _lied(rng: random.Random) -> bytes:
    """Whole but for one section that says another length than it has."""
    wasm = rng.choice(seeds())
    sections = sections_of(wasm)
    if not sections:
        return wasm + b"\x01"
    which = rng.randrange(len(sections))
    parts = [section(number, content) for number, content in sections]
    number, content = sections[which]
    said = max(0, len(content) + rng.choice((-8, -1, 1, 8, 128, 2**14, 2**31)))
    parts[which] = bytes([number]) + leb(said) + content
    return wasm[:8] + b"".join(parts)


def _shuffled(rng: random.Random) -> bytes:
    """Sections of two modules, some twice, some left out, mostly in order."""
    one, other = rng.choice(seeds()), rng.choice(seeds())
    mixed = (sections_of(one) or []) + (sections_of(other) or [])
    kept = [piece for piece in mixed if rng.random() < 0.6]
    if rng.random() < 0.8:
        kept.sort(key=lambda piece: (piece[0] == 11, piece[0]))
    return _joined(one, kept)


def _rewritten(rng: random.Random) -> bytes:
    """Whole sections, true lengths, one of them with other content."""
    wasm = rng.choice(seeds())
    sections = sections_of(wasm)
    if not sections:
        return wasm[:8]
    which = rng.randrange(len(sections))
    number, content = sections[which]
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(3):
            case 0:
                changed[at:at] = bytes([rng.choice(_TELLING)])
            case 1:
                del changed[at : at + rng.randrange(1, 4)]
            case _:
                changed[at : at + 1] = leb(rng.choice((0, 1, 127, 128, 2**16, 2**31 - 1, 2**32 - 1)))
    sections[which] = (number, bytes(changed))
    return _joined(wasm, sections)


def _tuned(rng: random.Random) -> bytes:
    """Valid, mostly: small constants and data that are others."""
    return _in_code(
        rng, lambda before, octet: before in {0x41, 0x42} and octet < 0x40, lambda _: rng.randrange(64)
    )


def _swapped(rng: random.Random) -> bytes:
    """Valid, mostly: instructions for others of the same type."""

    def of_a_kind(_: int, octet: int) -> bool:
        return any(octet in alike for alike in _ALIKE)

    def another(octet: int) -> int:
        return rng.choice(next(alike for alike in _ALIKE if octet in alike))

    return _in_code(rng, of_a_kind, another)


def _in_code(rng: random.Random, is_fit: Callable[[int, int], bool], change: Callable[[int], int]) -> bytes:
    wasm = rng.choice([wasm for wasm in seeds() if wasm.startswith(HEADER)])
    sections = sections_of(wasm) or []
    pieces = []
    for number, content in sections:
        changed = bytearray(content)
        places = [
            n for n in range(2, len(changed)) if number in {10, 11} and is_fit(changed[n - 1], changed[n])
        ]
        for at in rng.sample(places, min(len(places), rng.choice((1, 1, 2, 4)))):
            changed[at] = change(changed[at])
        pieces.append((number, bytes(changed)))
    return _joined(wasm, pieces)


_KINDS: Final[tuple[Callable[[random.Random], bytes], ...]] = (
    _random, _headed, _framed, _flipped, _poked, _cut, _spliced, _lied, _shuffled, _rewritten,
    _tuned, _swapped,
)  # fmt: skip
