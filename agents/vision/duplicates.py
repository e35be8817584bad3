"""Which photos of different listings are one and the same picture.

Two hashes must agree: the first finds a picture saved again, smaller or
brighter; the second and the colours keep apart pictures that are merely alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

PHASH_WITHIN: Final = 10
"""Bits of 64 in which the DCT hashes of one picture may differ."""
DHASH_WITHIN: Final = 12
COLOURS_SHARED: Final = 0.3
"""Share of the area on which the named colours of one picture agree at least."""


@dataclass(frozen=True, slots=True)
class Print:
    """One photo's fingerprint."""

    item: int
    """The listing's place."""
    url: str
    phash: str
    dhash: str | None
    colours: dict[str, float]
    """Share of the area, by name."""


def find_duplicates(prints: Sequence[Print], *, items: int) -> dict[str, JsonValue]:
    """Return groups of photos that are one picture, and for each listing whether it shares any.

    Args:
        prints: Of every photo, by listing.
        items: How many listings there are; each gets an entry, in order.
    """
    pairs = list(_pairs(prints))
    shared: list[set[int]] = [set() for _ in range(items)]
    for one, other in pairs:
        shared[prints[one].item].add(prints[other].item)
        shared[prints[other].item].add(prints[one].item)
    return {
        "groups": [
            {"images": [{"item": prints[i].item, "url": prints[i].url} for i in group]}
            for group in _groups(len(prints), pairs)
        ],
        "items": [
            {"item": i, "reused": bool(others), "reused_with": [*sorted(others)]}
            for i, others in enumerate(shared)
        ],
    }


def _pairs(prints: Sequence[Print]) -> Iterator[tuple[int, int]]:
    hashes = np.array([int(p.phash, 16) for p in prints], dtype=np.uint64)
    items = np.array([p.item for p in prints])
    for i, one in enumerate(prints):
        near = _bits(hashes[i + 1 :] ^ hashes[i]) <= PHASH_WITHIN
        for ahead in np.flatnonzero(near & (items[i + 1 :] != one.item)).tolist():
            j = i + 1 + int(ahead)
            if _confirmed(one, prints[j]):
                yield i, j


def _bits(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    counted: NDArray[np.uint8] = np.bitwise_count(words)
    return counted


def _confirmed(one: Print, other: Print) -> bool:
    if one.dhash and other.dhash and (int(one.dhash, 16) ^ int(other.dhash, 16)).bit_count() > DHASH_WITHIN:
        return False
    if not one.colours or not other.colours:
        return True
    shared = sum(min(share, other.colours.get(name, 0)) for name, share in one.colours.items())
    return shared >= COLOURS_SHARED


def _groups(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the sets of photos that pairs connect, each in order."""
    leader = list(range(count))

    def head(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for one, other in pairs:
        low, high = sorted((head(one), head(other)))
        leader[high] = low
    found: dict[int, list[int]] = {}
    for i in sorted({i for pair in pairs for i in pair}):
        found.setdefault(head(i), []).append(i)
    return list(found.values())
