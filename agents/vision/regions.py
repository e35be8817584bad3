"""Cut a photo into regions of even colour: a door panel is one, a tyre another.

First every pixel runs down to where colour changes least, so that a border lies
on the crest of each edge, be it sharp or out of focus. Then the neighbours that
differ least in all join, as long as joining costs little.

Sources: Vincent and Soille, "Watersheds in digital spaces", 1991; Ward,
"Hierarchical grouping to optimize an objective function", 1963.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.vision.perception import Lab

Labels = NDArray[np.intp]
"""height x width: which region each pixel belongs to, from 0 on."""

_COSTS_LITTLE: Final = 0.3
"""Growth of the squared OKLab error, summed over pixels, up to which two regions join."""


def regions(lab: Lab) -> Labels:
    """Return the regions of a small picture; takes some microseconds a pixel."""
    basins = _basins(lab)
    joined = _Joining(lab, basins).run()
    labels: Labels = np.unique(joined[basins], return_inverse=True)[1].reshape(basins.shape)
    return labels


def per_region(labels: Labels, amounts: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the sum of an amount over each region."""
    return np.bincount(labels.ravel(), weights=np.asarray(amounts, np.float64).ravel()).astype(np.float64)


def _basins(lab: Lab) -> Labels:
    """Return for each pixel which place of least change it runs down to."""
    height, width = lab.shape[:2]
    change = np.zeros((height, width))
    for axis in (0, 1):
        step = np.linalg.norm(np.diff(lab, axis=axis), axis=-1)
        for side in ((1, 0), (0, 1)):
            change += np.pad(step, [side if axis == a else (0, 0) for a in (0, 1)])
    # Ties go to the first pixel, so that a flat part is one basin.
    rank = np.empty(height * width, dtype=np.intp)
    rank[np.argsort(change, axis=None, kind="stable")] = np.arange(height * width)
    least = np.pad(rank.reshape(height, width), 1, constant_values=rank.size)
    lowest = np.min(
        [least[1 + y : 1 + y + height, 1 + x : 1 + x + width] for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0
    )
    towards = lowest.ravel()[np.argsort(rank)]  # from rank to rank, downwards
    while not np.array_equal(further := towards[towards], towards):
        towards = further
    labels: Labels = np.unique(towards[rank], return_inverse=True)[1].reshape(height, width)
    return labels


@dataclass(slots=True)
class _Joining:
    """Regions that join, the cheapest two first."""

    lab: Lab
    labels: Labels

    def run(self) -> Labels:
        """Return for each region the one it ends up in."""
        size = np.bincount(self.labels.ravel()).astype(float).tolist()
        total = np.stack([per_region(self.labels, self.lab[..., i]) for i in range(3)], axis=-1).tolist()
        beside = self._neighbours(len(size))
        lead = list(range(len(size)))
        heap = [(_cost(size, total, a, b), a, b, size[a], size[b]) for a in lead for b in beside[a] if a < b]
        heapq.heapify(heap)
        while heap:
            cost, a, b, size_a, size_b = heapq.heappop(heap)
            if cost > _COSTS_LITTLE:
                break
            if size[a] != size_a or size[b] != size_b:  # one has joined another since
                continue
            lead[b], size[a], size[b] = a, size_a + size_b, 0.0
            total[a] = [x + y for x, y in zip(total[a], total[b], strict=True)]
            beside[a] = (beside[a] | beside[b]) - {a, b}
            for c in beside[a]:
                beside[c] = (beside[c] - {b}) | {a}
                heapq.heappush(heap, (_cost(size, total, a, c), a, c, size[a], size[c]))
        return np.array([_head(lead, i) for i in range(len(lead))], dtype=np.intp)

    def _neighbours(self, count: int) -> list[set[int]]:
        beside: list[set[int]] = [set() for _ in range(count)]
        for one, other in (
            (self.labels[:, :-1], self.labels[:, 1:]),
            (self.labels[:-1], self.labels[1:]),
        ):
            apart = one != other
            for a, b in set(zip(one[apart].tolist(), other[apart].tolist(), strict=True)):
                beside[a].add(b)
                beside[b].add(a)
        return beside


def _cost(size: list[float], total: list[list[float]], a: int, b: int) -> float:
    """Return by how much the squared error grows when two regions take one mean colour."""
    n, m = size[a], size[b]
    apart = sum((x / n - y / m) ** 2 for x, y in zip(total[a], total[b], strict=True))
    return n * m / (n + m) * apart


def _head(lead: list[int], i: int) -> int:
    while lead[i] != i:
        i = lead[i]
    return i
