"""No part of a plan passes for the whole: whatever way a reply is spelled, and wherever it is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planner.fuzz import measure_fuzz
from benchmarks.planner.fuzz_mutations import SPELLINGS
from contracts.errors import InvalidInput
from planner.reading.plan import read_plan
from tests.planner.test_reading_classes import ROWS

SOUND = [row for row in ROWS if "repairs" in row and "fill" not in row]
PLAN: dict[str, Any] = json.loads(next(row["reply"] for row in SOUND if row["repairs"] == []))


def read(text: str) -> Any:
    try:
        return read_plan(text).document
    except InvalidInput:
        return None


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.__name__)
def test_no_prefix_of_a_spelled_plan_is_a_plan(spelling: Any) -> None:
    whole = spelling(PLAN)
    assert read(whole) is not None
    assert [k for k in range(len(whole)) if read(whole[:k]) is not None] == []


@given(row=st.sampled_from(SOUND), share=st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_prefix_of_a_good_reply_gives_the_whole_plan_or_none(row: dict[str, Any], share: float) -> None:
    reply = row["reply"]
    found = read(reply[: int(len(reply) * share)])
    assert found is None or found == read(reply)


@given(one=st.sampled_from(SPELLINGS), other=st.sampled_from(SPELLINGS), share=st.floats(0.01, 0.99))
def test_a_whole_plan_before_a_cut_one_is_not_taken_for_the_answer(
    one: Any, other: Any, share: float
) -> None:
    draft = {**PLAN, "result_key": "page"}
    second = other(PLAN)
    cut = second[: max(1, int(len(second) * share))]
    if cut.strip("\"'")[:1] in {"{", "["} and len(cut) > 2:
        assert read(f"{one(draft)}\n\n{cut}") is None


def test_a_thousand_spoiled_replies_crash_nothing_and_smuggle_nothing() -> None:
    found = measure_fuzz(1500, seed=7)
    assert found["bar1_fuzz_accepted"] > 10
    bad = {name: found[f"bar1_fuzz_{name}"] for name in ("uncaught", "oracle_rejects", "truncated_accepted")}
    assert bad == {"uncaught": 0, "oracle_rejects": 0, "truncated_accepted": 0}
