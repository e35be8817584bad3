"""Who waits for whom, against a plain walk of the graph."""

from __future__ import annotations

from graphlib import CycleError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ancestry import Ancestry

EDGES = st.lists(st.sets(st.integers(0, 8), max_size=3), min_size=1, max_size=9)


def graph(edges: list[set[int]]) -> list[dict[str, Any]]:
    """Return subtasks that each wait for some written before them."""
    return [
        {"id": f"s{i}", "dependencies": [f"s{j}" for j in sorted(e) if j < i]} for i, e in enumerate(edges)
    ]


def walked(direct: dict[str, list[str]], sid: str) -> set[str]:
    return set(direct[sid]).union(*(walked(direct, above) for above in direct[sid]))


@settings(max_examples=60)
@given(EDGES, st.randoms(use_true_random=False))
def test_one_waits_for_another_exactly_when_a_walk_upwards_meets_it(edges: list[set[int]], rng: Any) -> None:
    subtasks = graph(edges)
    direct = {s["id"]: s["dependencies"] for s in subtasks}
    ancestry = Ancestry(rng.sample(subtasks, len(subtasks)))
    for sid in direct:
        assert {other for other in direct if ancestry.waits_for(sid, other)} == walked(direct, sid)


@settings(max_examples=60)
@given(EDGES)
def test_of_two_subtasks_at_most_one_waits_for_the_other(edges: list[set[int]]) -> None:
    ancestry, ids = Ancestry(graph(edges)), [f"s{i}" for i in range(len(edges))]
    assert not any(ancestry.waits_for(a, b) and ancestry.waits_for(b, a) for a in ids for b in ids)


@pytest.mark.parametrize("length", [1, 2, 50])
def test_subtasks_in_a_ring_have_no_ancestry(length: int) -> None:
    ring = [{"id": f"s{i}", "dependencies": [f"s{(i + 1) % length}"]} for i in range(length)]
    with pytest.raises(CycleError) as caught:
        Ancestry([*ring, {"id": "tail", "dependencies": ["s0"]}])
    assert set(caught.value.args[1]) == {s["id"] for s in ring}


def test_a_chain_longer_than_pythons_stack_has_an_ancestry_either_way_round() -> None:
    chain = [{"id": f"s{i}", "dependencies": [f"s{i - 1}"] if i else []} for i in range(5000)]
    for written in (chain, chain[::-1]):
        ancestry = Ancestry(written)
        assert ancestry.waits_for("s4999", "s0")
        assert not ancestry.waits_for("s0", "s4999")


def test_a_name_nobody_has_is_never_answered_for() -> None:
    ancestry = Ancestry([{"id": "a", "dependencies": []}])
    with pytest.raises(KeyError):
        ancestry.waits_for("a", "ghost")
    with pytest.raises(KeyError):
        ancestry.waits_for("ghost", "a")
