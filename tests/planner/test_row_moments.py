"""Rows that say in words when they end: `time` reads them, `data` works on them by what it says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from planner.rules.plan import plan_by_rules
from service.cards import cards_at_hand

BILLS = '[{"n":1,"amount":240,"due":"tomorrow noon"},{"n":2,"amount":90,"due":"30 December"}]'
FACTURAS = '[{"n":1,"importe":240,"vence":"mañana a las 12:00"},{"n":2,"importe":90,"vence":"en 3 días"}]'
GEBOTE = '[{"los":"A","gebot":12,"ende":"morgen 9 Uhr"},{"los":"B","gebot":30,"ende":"5. März 2027"}]'
ISO = '[{"lot":1,"date":"2026-03-02"},{"lot":2,"date":"2026-01-02"}]'


def planned(objective: str) -> list[dict[str, Any]]:
    subtasks = plan_by_rules(objective, inputs={}, cards=cards_at_hand())["subtasks"]
    assert isinstance(subtasks, list)
    return [s for s in subtasks if isinstance(s, dict)]


@pytest.mark.parametrize(
    ("objective", "agents", "pointer"),
    [
        (f"Which of these are due within 7 days, and what do they come to? {BILLS}", "time data", "/due"),
        (f"¿Cuáles vencen en los próximos 7 días y cuánto suman? {FACTURAS}", "time data", "/vence"),
        (f"Welche laufen in den nächsten 24 Stunden ab? {GEBOTE}", "time data", "/ende"),
        (f"Welches Los ist zuerst fällig? {GEBOTE}", "time data", "/ende"),
        (f"Sort these by due date, soonest first, as CSV: {BILLS}", "time data wasm:table", "/due"),
        (f"How long is left for each? {BILLS}", "time", "/due"),
        (
            "Which expire in 3 days?\nid,expires\nA,tomorrow\nB,12 May 2027",
            "wasm:table time data",
            "/expires",
        ),
    ],
)
def test_a_rows_own_time_is_read_where_it_stands(objective: str, agents: str, pointer: str) -> None:
    found = planned(objective)
    assert [s["required_agent"] for s in found] == agents.split()
    (time,) = [s for s in found if s["required_agent"] == "time"]
    assert time["bind"]["pointer"] == {"literal": pointer}
    for before, after in pairwise(found):
        assert before["id"] in after["dependencies"]


@pytest.mark.parametrize(
    "objective",
    [
        f"Sort these by date: {ISO}",
        f"What do these come to per due date, sum the amount per due: {BILLS}",
        'Average price: [{"title":"Concert on 5 May","price":3},{"title":"Fair","price":4}]',
        'Sum the hours worked today: [{"name":"A","hours":3,"day":"today"}]',
    ],
)
def test_a_date_among_the_columns_is_no_ask_for_the_clock(objective: str) -> None:
    assert [s["required_agent"] for s in planned(objective)] == ["data"]


def test_what_ends_in_time_is_kept_and_summed() -> None:
    time, data = planned(f"Which of these are due within 7 days, and what do they come to? {BILLS}")
    assert time["bind"]["within_hours"] == {"literal": 168}
    items = [{"utc": "2026-01-02T12:00:00Z", "ends_within": True}, {"utc": None, "ends_within": False}]
    tables = {"row": data["bind"]["tables.row"]["literal"], "deadline": items}
    inputs = read_inputs({"tables": tables, "steps": data["bind"]["steps"]["literal"]})
    assert run_steps(inputs.steps, inputs.tables, Budget()) == [
        {
            "n": 1,
            "amount": 240,
            "due": "tomorrow noon",
            "ends_at": "2026-01-02T12:00:00Z",
            "sum_of_all": 240,
        }
    ]
