"""A budget under which a step can never do its work is refused before the run."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.structure import seal
from planner.validation import check
from service.cards import load_cards

PAGE = {"url": {"literal": "https://x.test/"}}
CODE = "plan.budget_impossible"


def found(
    own: Any = None, whole: Any = None, *, agent: str = "scrape", bind: Any = PAGE
) -> list[tuple[str, str]]:
    subtask = {
        "id": "a", "objective": "o", "required_agent": agent, "dependencies": [], "input_keys": [], "bind": bind,
        "output_key": "k",
    } | ({"budget": own} if own else {})  # fmt: skip
    document = {"objective": "x", "subtasks": [subtask]} | ({"budget": whole} if whole else {})
    return [(p.code, p.pointer) for p in check(seal(document), load_cards())]


@pytest.mark.parametrize("name", ["requests", "bytes", "fuel"])
def test_a_step_that_wants_more_than_the_plan_has_never_starts(name: str) -> None:
    assert found({name: 80}, {name: 50}) == [(CODE, f"/subtasks/0/budget/{name}")]
    assert found({name: 50}, {name: 50}) == []
    assert found({name: 80}) == []


def test_an_agent_that_uses_what_the_plan_has_none_of_never_starts() -> None:
    assert found(whole={"requests": 0}) == [(CODE, "/budget/requests")]
    assert found(whole={"requests": 1}) == []
    text = {"text": {"literal": "Tue 5 PM"}}
    assert found(whole={"requests": 0}, agent="time", bind=text) == []


def test_a_page_is_not_read_with_no_requests() -> None:
    assert found({"requests": 0}) == [(CODE, "/subtasks/0/budget/requests")]
    inside = {"images": {"literal": ["data:image/png;base64,AAAA"]}}
    assert found({"requests": 0}, agent="vision", bind=inside) == []


def test_time_that_may_be_enough_is_enough() -> None:
    assert found({"wall_s": 0.001}, {"wall_s": 0.0005}) == []
