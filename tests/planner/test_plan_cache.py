"""A plan made before is given again for the same objective over inputs of the same shape, never with old values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.card import AgentCard
from contracts.plan import load_plan
from contracts.structure import plan_id_of
from planner.plan_cache import PlanCache, normalised, shape_of
from planner.rules.plan import plan_by_rules
from planner.validation import check
from service.cards import load_cards

CARDS = load_cards()
SUM = "sum the bids per seller"
ROWS: list[Any] = [{"seller": "Anna", "bid": 3}]


def kept(cache: PlanCache, objective: str, cards: tuple[AgentCard, ...], **inputs: Any) -> bool:
    document = plan_by_rules(objective, inputs=inputs, cards=cards)
    return cache.keep(document, inputs=inputs, cards=cards, by="rules")


def found(cache: PlanCache, objective: str, cards: tuple[AgentCard, ...], **inputs: Any) -> Any:
    return cache.find(objective, inputs=inputs, cards=cards, by="rules")


def test_the_same_objective_gets_the_same_plan_and_says_where_from(house: tuple[AgentCard, ...]) -> None:
    cache = PlanCache()
    first = plan_by_rules("Convert 5 miles to km", inputs={}, cards=house)
    assert cache.keep(first, inputs={}, cards=house, by="rules")
    again = found(cache, "Convert  5 miles to   km", house)
    assert again["subtasks"] == first["subtasks"]
    assert (again["origin"]["planner"], again["origin"]["first_planner"]) == ("cache", "rules")


def test_the_callers_own_values_are_put_in(house: tuple[AgentCard, ...]) -> None:
    cache = PlanCache()
    assert kept(cache, SUM, house, bids=ROWS)
    other = [{"seller": "Bert", "bid": 7}, {"seller": "Carl", "bid": 1}]
    document = found(cache, SUM, house, bids=other)
    assert document["inputs"] == {"bids": other}
    assert "Anna" not in str(document)
    assert document["plan_id"] == plan_id_of(document)
    assert check(document, CARDS) == []


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"bids": []},
        {"bids": "text"},
        {"bids": [{"seller": "A", "offer": 3}]},
        {"bids": [{"seller": "A", "bid": "three"}]},
        {"bids": ROWS, "more": 1},
        {"sums": ROWS},
    ],
)
def test_inputs_of_another_shape_find_no_plan(house: tuple[AgentCard, ...], inputs: dict[str, Any]) -> None:
    cache = PlanCache()
    kept(cache, SUM, house, bids=ROWS)
    assert found(cache, SUM, house, **inputs) is None


def test_another_catalogue_or_planner_finds_no_plan(house: tuple[AgentCard, ...]) -> None:
    cache = PlanCache()
    kept(cache, SUM, house, bids=ROWS)
    assert found(cache, SUM, house[:-1], bids=ROWS) is None
    assert cache.find(SUM, inputs={"bids": ROWS}, cards=house, by="model") is None


def test_a_plan_that_holds_a_value_of_the_inputs_is_not_kept(house: tuple[AgentCard, ...]) -> None:
    cache = PlanCache()
    assert not kept(cache, "when does the auction end?", house, page="http://x.test/secret")
    assert len(cache) == 0


def test_the_plan_used_least_recently_goes_first(house: tuple[AgentCard, ...]) -> None:
    cache = PlanCache(2)
    for number in (1, 2, 3):
        kept(cache, f"Convert {number} miles to km", house)
        found(cache, "Convert 1 miles to km", house)
    assert len(cache) == 2
    assert found(cache, "Convert 1 miles to km", house) is not None
    assert found(cache, "Convert 2 miles to km", house) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sort  these rows ", "sort these rows", True),
        ("count 'a  b'", "count 'a b'", False),
        ("read: a,b\n1,2", "read: a,b 1,2", False),
        ("Find A", "find a", False),
    ],
)
def test_blanks_count_only_where_they_may_be_material(one: str, other: str, *, same: bool) -> None:
    assert (normalised(one) == normalised(other)) is same


def test_the_shape_of_a_value_tells_its_types_and_names() -> None:
    value: Any = {"page": "http://x.test/", "rows": [{"a": 1}, {"b": 2}], "note": "hi", "none": None}
    assert shape_of(value) == {
        "page": "url",
        "rows": ["list", {"a": "int"}],
        "note": "text",
        "none": "NoneType",
    }


def test_a_value_too_deep_to_tell_is_not_kept(house: tuple[AgentCard, ...]) -> None:
    deep: Any = {}
    for _ in range(9):
        deep = {"a": deep}
    assert not kept(PlanCache(), "Convert 5 miles to km", house, thing=deep)


VALUES = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(first=st.lists(VALUES, max_size=3), second=st.lists(VALUES, max_size=3))
def test_what_is_found_is_always_sound_and_has_the_values_asked_with(first: Any, second: Any) -> None:

    cache = PlanCache()
    kept(cache, "count the rows I gave you", CARDS, rows=first)
    document = found(cache, "count the rows I gave you", CARDS, rows=second)
    if document is not None:
        assert document["inputs"]["rows"] == second
        assert load_plan(document).as_json() == document
        assert check(document, CARDS) == []
