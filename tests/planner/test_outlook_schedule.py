"""The schedule: the path that decides, the places that hold back, the same order as the engine's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.outlook.schedule import Piece, critical_path, in_order, path_span, starts


def steps(**after: str) -> list[dict[str, Any]]:
    return [{"id": sid, "dependencies": names.split()} for sid, names in after.items()]


def pieces(**seconds: float) -> dict[str, Piece]:
    return {sid: Piece(s, 2 * s, 1) for sid, s in seconds.items()}


def p50(piece: Piece) -> float:
    return piece.p50


DIAMOND = steps(a="", b="a", c="a", d="b c")


def test_the_longest_way_through_decides() -> None:
    assert critical_path(DIAMOND, pieces(a=1, b=5, c=2, d=1), p50) == ("a", "b", "d")
    assert critical_path(DIAMOND, pieces(a=1, b=1, c=2, d=1), p50) == ("a", "c", "d")


def test_a_plan_written_backwards_is_put_in_order() -> None:
    backwards = steps(d="b c", c="a", b="a", a="")
    ordered = [s["id"] for s in in_order(backwards)]
    assert (ordered[0], ordered[-1]) == ("a", "d")
    assert critical_path(in_order(backwards), pieces(a=1, b=5, c=2, d=1), p50) == ("a", "b", "d")


@pytest.mark.parametrize(("width", "end"), [(1, 4), (2, 2), (4, 1), (8, 1)])
def test_steps_wait_for_a_place(width: int, end: float) -> None:
    found = starts(steps(a="", b="", c="", d=""), pieces(a=1, b=1, c=1, d=1), width=width)
    assert max(found.values()) + 1 == end


def test_the_longest_remaining_path_goes_first() -> None:
    found = starts(steps(x="", a="", b="a", c="b"), pieces(x=1, a=1, b=1, c=1), width=1)
    assert found == {"a": 0, "b": 1, "x": 2, "c": 3}  # x and c end nothing more: the plan names x first


def test_a_step_of_many_elements_holds_many_places() -> None:
    wide = {"a": Piece(1, 1, 8), "b": Piece(1, 1, 1)}
    assert starts(steps(a="", b=""), wide, width=8) == {"a": 0, "b": 1}


def test_slow_steps_on_a_path_seldom_all_come_together() -> None:
    middle, slow = path_span(("a", "b"), {"a": Piece(1, 4, 1), "b": Piece(2, 6, 1)})
    assert (middle, slow) == (3, 3 + 5)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Piece]]:
    count = draw(st.integers(1, 12))
    found = []
    for n in range(count):
        before = draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set()
        found.append({"id": f"s{n}", "dependencies": [f"s{b}" for b in sorted(before)]})
    seconds = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return found, {f"s{n}": Piece(s, s, 1) for n, s in enumerate(seconds)}


@given(graphs(), st.integers(1, 4))
def test_a_schedule_keeps_every_order_and_no_more_places_than_there_are(
    drawn: tuple[list[dict[str, Any]], dict[str, Piece]], width: int
) -> None:
    subtasks, lengths = drawn
    begun = starts(subtasks, lengths, width=width)
    assert begun.keys() == lengths.keys()
    for subtask in subtasks:
        for name in subtask["dependencies"]:
            assert begun[subtask["id"]] >= begun[name] + lengths[name].p50
    for sid, at in begun.items():
        if lengths[sid].p50:
            going = [o for o, b in begun.items() if b <= at < b + lengths[o].p50]
            assert len(going) <= width


@given(graphs())
def test_with_places_enough_the_critical_path_is_the_whole_time(
    drawn: tuple[list[dict[str, Any]], dict[str, Piece]],
) -> None:
    subtasks, lengths = drawn
    begun = starts(subtasks, lengths, width=len(subtasks))
    path = critical_path(subtasks, lengths, p50)
    takes = max(at + lengths[sid].p50 for sid, at in begun.items())
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(lengths)
    for subtask in subtasks:
        for name in subtask["dependencies"]:
            graph.add_edge(name, subtask["id"], weight=lengths[name].p50)
        graph.add_edge(subtask["id"], "end", weight=lengths[subtask["id"]].p50)
    assert takes == path_span(path, lengths)[0] == nx.dag_longest_path_length(graph)
    assert all(before in by_id(subtasks)[sid]["dependencies"] for before, sid in pairwise(path))


def by_id(subtasks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {s["id"]: s for s in subtasks}
