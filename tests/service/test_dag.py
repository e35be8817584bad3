from __future__ import annotations

import itertools
import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.dashboard.dag import (
    GAP_X,
    MAX_EDGES,
    MAX_NODES,
    NODE_HEIGHT,
    NODE_WIDTH,
    Drawing,
    crossings,
    draw,
    layers,
)

DIAMOND: Final = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def drawn(graph: dict[str, list[str]]) -> Drawing:
    found = draw(graph)
    assert found is not None
    return found


def test_a_node_stands_under_all_it_waits_for() -> None:
    assert layers({"a": [], "b": ["a"], "c": ["a", "b"], "x": []}) == {"a": 0, "b": 1, "c": 2, "x": 0}


def test_a_diamond_is_drawn_as_one() -> None:
    at = {box.name: (box.x, box.y) for box in drawn(DIAMOND).boxes}
    assert at["b"][1] == at["c"][1]
    assert at["a"][0] == at["d"][0] == (at["b"][0] + at["c"][0]) / 2


def test_a_chain_stands_in_one_straight_line() -> None:
    names = [f"s{i}" for i in range(12)]
    graph = {name: names[i - 1 : i] if i else [] for i, name in enumerate(names)}
    assert len({box.x for box in drawn(graph).boxes}) == 1


def test_sweeps_undo_a_needless_crossing() -> None:
    found = drawn({"a": [], "b": [], "x": ["b"], "y": ["a"]})
    at = {box.name: box.x for box in found.boxes}
    assert (at["a"] < at["b"]) == (at["y"] < at["x"])


def test_crossings_are_counted_between_neighbouring_rows() -> None:
    assert crossings([["a", "b"], ["x", "y"]], {"x": ["b"], "y": ["a"]}) == 1
    assert crossings([["a", "b"], ["x", "y"]], {"x": ["a"], "y": ["b"]}) == 0


def test_a_long_edge_passes_beside_the_nodes_between() -> None:
    found = drawn({"a": [], "b": ["a"], "c": ["a", "b"]})
    middle = next(box for box in found.boxes if box.name == "b")
    long = next(line for line in found.lines if (line.source, line.target) == ("a", "c"))
    upright = re.search(r"([\d.]+) [\d.]+V", long.path)
    assert upright is not None
    assert not middle.x <= float(upright[1]) <= middle.x + NODE_WIDTH


def test_what_nobody_can_read_is_not_drawn() -> None:
    assert draw({f"n{i}": [] for i in range(MAX_NODES + 1)}) is None
    names = [f"n{i}" for i in range(60)]
    assert len(names) * 59 / 2 > MAX_EDGES
    assert draw({name: names[:i] for i, name in enumerate(names)}) is None


def test_nothing_is_drawn_as_an_empty_sheet() -> None:
    assert drawn({}).boxes == ()


@st.composite
def graphs(draw_from: st.DrawFn) -> dict[str, list[str]]:
    names = [f"n{i}" for i in range(draw_from(st.integers(1, 14)))]
    return {
        name: sorted(draw_from(st.sets(st.sampled_from(names[:i]), max_size=3))) if i else []
        for i, name in enumerate(names)
    }


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_no_two_nodes_overlap_and_all_are_on_the_sheet(graph: dict[str, list[str]]) -> None:
    found = drawn(graph)
    assert {box.name for box in found.boxes} == set(graph)
    for one, other in itertools.combinations(found.boxes, 2):
        if one.y == other.y:
            assert abs(one.x - other.x) >= NODE_WIDTH + GAP_X - 0.2
    for box in found.boxes:
        assert 0 <= box.x <= found.width - NODE_WIDTH
        assert 0 <= box.y <= found.height - NODE_HEIGHT
    assert draw(graph) == found


@pytest.mark.parametrize("count", [1, 40, MAX_NODES])
def test_every_dependency_is_a_line(count: int) -> None:
    graph = {f"n{i}": [f"n{(i - 1) // 2}"] if i else [] for i in range(count)}
    assert len(drawn(graph).lines) == count - 1
