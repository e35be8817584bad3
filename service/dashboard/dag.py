"""Lay a plan's graph out in layers, top to bottom.

Longest-path layering; edges over several layers pass through invisible nodes;
barycentre sweeps order each layer; then every node moves to the mean of its
neighbours as far as the order and the gaps allow. Pure arithmetic: equal
plans give equal drawings.

Source: Sugiyama, Tagawa and Toda 1981; gaps by pooling adjacent violators
(Barlow et al. 1972).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Final

NODE_WIDTH: Final = 248
NODE_HEIGHT: Final = 72
GAP_X: Final = 28
GAP_Y: Final = 54
BEND_WIDTH: Final = 16
"""An edge's, where it passes a layer."""
MARGIN: Final = 6
SWEEPS: Final = 8
MAX_NODES: Final = 150
MAX_EDGES: Final = 600
MAX_BENDS: Final = 2_000

Graph = Mapping[str, Sequence[str]]
"""Node -> the nodes it waits for."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its top left corner."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """An edge, as SVG path data."""

    source: str
    target: str
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A laid-out graph."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Bend:
    """An invisible node: the edge's ends and the layer it passes."""

    source: str
    target: str
    layer: int


_Node = str | _Bend


def draw(graph: Graph) -> Drawing | None:
    """Return the drawing of an acyclic graph, or None when it is too big to be looked at."""
    if len(graph) > MAX_NODES:
        return None
    layer_of = layers(graph)
    spans = [(s, t) for t, sources in graph.items() for s in sources]
    if len(spans) > MAX_EDGES or sum(layer_of[t] - layer_of[s] - 1 for s, t in spans) > MAX_BENDS:
        return None
    routes = {(s, t): _route(s, t, layer_of) for s, t in spans}
    rows = _rows(layer_of, routes)
    above, below = _neighbours(routes)
    _reorder(rows, above, below)
    centre = _centres(rows, above, below)
    return _drawing(layer_of, centre, routes)


def layers(graph: Graph) -> dict[str, int]:
    """Return each node's layer: one more than the deepest it waits for."""
    found: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        found[name] = 1 + max((found[s] for s in graph[name]), default=-1)
    return {name: found[name] for name in graph}


def _route(source: str, target: str, layer_of: Mapping[str, int]) -> list[_Node]:
    between = range(layer_of[source] + 1, layer_of[target])
    return [source, *(_Bend(source, target, layer) for layer in between), target]


def _rows(layer_of: Mapping[str, int], routes: Mapping[tuple[str, str], list[_Node]]) -> list[list[_Node]]:
    rows: list[list[_Node]] = [[] for _ in range(1 + max(layer_of.values(), default=0))]
    for name, layer in layer_of.items():
        rows[layer].append(name)
    for route in routes.values():
        for node in route:
            if isinstance(node, _Bend):
                rows[node.layer].append(node)
    return rows


def _neighbours(
    routes: Mapping[tuple[str, str], list[_Node]],
) -> tuple[dict[_Node, list[_Node]], dict[_Node, list[_Node]]]:
    above: dict[_Node, list[_Node]] = {}
    below: dict[_Node, list[_Node]] = {}
    for route in routes.values():
        for upper, lower in pairwise(route):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _reorder(
    rows: list[list[_Node]], above: Mapping[_Node, list[_Node]], below: Mapping[_Node, list[_Node]]
) -> None:
    best = [list(row) for row in rows]
    fewest = crossings(rows, above)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        neighbours = above if downwards else below
        order = rows[1:] if downwards else rows[-2::-1]
        for row in order:
            place = {node: i for each in rows for i, node in enumerate(each)}
            at = {n: _mean([place[m] for m in neighbours.get(n, ())], place[n]) for n in row}
            row.sort(key=at.__getitem__)
        count = crossings(rows, above)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    rows[:] = best


def crossings(rows: Sequence[Sequence[_Node]], above: Mapping[_Node, Sequence[_Node]]) -> int:
    """Return how many pairs of edges cross between neighbouring rows."""
    found = 0
    for upper, lower in pairwise(rows):
        place = {node: i for i, node in enumerate(upper)}
        seen: list[int] = []
        for node in lower:
            ends = sorted(place[n] for n in above.get(node, ()))
            found += sum(other > end for end in ends for other in seen)
            seen += ends
    return found


def _centres(
    rows: Sequence[Sequence[_Node]],
    above: Mapping[_Node, Sequence[_Node]],
    below: Mapping[_Node, Sequence[_Node]],
) -> dict[_Node, float]:
    centre: dict[_Node, float] = {}
    for row in rows:
        centre.update(zip(row, _offsets(row), strict=True))
    for sweep in range(SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [_mean([centre[m] for m in neighbours.get(n, ())], centre[n]) for n in row]
            centre.update(zip(row, _apart(wanted, _offsets(row)), strict=True))
    return centre


def _offsets(row: Sequence[_Node]) -> list[float]:
    found: list[float] = []
    edge = 0.0
    for node in row:
        width = BEND_WIDTH if isinstance(node, _Bend) else NODE_WIDTH
        found.append(edge + width / 2)
        edge += width + GAP_X
    return found


def _apart(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """Return the places nearest to the wanted ones (least squares) that keep order and gaps."""
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, size = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    starts = [mean for mean, size in blocks for _ in range(size)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _drawing(
    layer_of: Mapping[str, int],
    centre: Mapping[_Node, float],
    routes: Mapping[tuple[str, str], list[_Node]],
) -> Drawing:
    left = min((centre[n] for n in layer_of), default=0) - NODE_WIDTH / 2
    left = min([left, *(c - BEND_WIDTH / 2 for c in centre.values())]) - MARGIN
    right = max([*(centre[n] + NODE_WIDTH / 2 for n in layer_of), *centre.values()], default=0) + MARGIN
    top = {name: MARGIN + layer * (NODE_HEIGHT + GAP_Y) for name, layer in layer_of.items()}
    boxes = tuple(Box(n, round(centre[n] - NODE_WIDTH / 2 - left, 1), top[n]) for n in layer_of)
    lines = tuple(
        Line(s, t, _path([(centre[n] - left, _middle(n, layer_of)) for n in route]))
        for (s, t), route in routes.items()
    )
    height = max(top.values(), default=0) + NODE_HEIGHT + MARGIN
    return Drawing(round(right - left, 1), height, boxes, lines)


def _middle(node: _Node, layer_of: Mapping[str, int]) -> float:
    layer = node.layer if isinstance(node, _Bend) else layer_of[node]
    return MARGIN + layer * (NODE_HEIGHT + GAP_Y) + NODE_HEIGHT / 2


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return a smooth path from under the first point's box to above the last's."""
    half = NODE_HEIGHT / 2
    x, y = points[0][0], points[0][1] + half
    parts = [f"M{x:.1f} {y:.1f}"]
    for i, (to_x, to_y) in enumerate(points[1:], start=1):
        end = to_y - half
        bow = (end - y) / 2
        parts.append(f"C{x:.1f} {y + bow:.1f} {to_x:.1f} {end - bow:.1f} {to_x:.1f} {end:.1f}")
        x, y = to_x, end
        if i < len(points) - 1:
            y = to_y + half
            parts.append(f"V{y:.1f}")
    return "".join(parts)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
