"""The steps the rules write are run by the real `data` agent, on rows as the other agents give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps

Plan = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]
MISSION = "Find underpriced trucks on http://x.test/, compare the photos with the text, and say which end within a day"


def listing(number: int, title: str, price: int | None) -> dict[str, Any]:
    return {
        "url": f"http://x.test/{number}",
        "title": title,
        "price": price,
        "currency": "USD",
        "text": title,
        "facts": {},
    }


SITE = {
    "listings": [
        listing(1, "Red pickup TRUCK", 10_000),
        listing(2, "Blue truck", 5_000),
        listing(3, "Farm tractor", 3_000),
        listing(4, "Green truck", None),
    ],
    "needs_browser": ["http://x.test/more"],
}
RENDERED = [{"listings": [listing(5, "Box truck", 12_000), listing(2, "Blue truck", 5_000)]}, None]


def data(document: dict[str, Any], key: str, context: dict[str, Any]) -> Rows:
    """Run the data subtask that writes a key over values of the context."""
    subtask = next(s for s in document["subtasks"] if s["output_key"] == key)
    tables: dict[str, Any] = {}
    for name, source in subtask["bind"].items():
        if name.startswith("tables."):
            tables[name.partition(".")[2]] = found(source, context | document.get("inputs", {}))
    inputs = read_inputs({"tables": tables, "steps": subtask["bind"]["steps"]["literal"]})
    return run_steps(inputs.steps, inputs.tables, Budget())


def found(source: dict[str, Any], context: dict[str, Any]) -> Any:
    if "literal" in source:
        return source["literal"]
    value = context[source["key"]]
    for token in filter(None, source.get("pointer", "").split("/")):
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value


def lots(document: dict[str, Any]) -> Rows:
    return data(document, "lots", {"site": SITE, "rendered": RENDERED})


def detail(model: str | None, **fields: Any) -> dict[str, Any]:
    return {"url": "u", "title": "t", "facts": {"Model": model} if model else {}} | fields


def test_rows_of_every_page_are_gathered_once_and_are_trucks(plan: Plan) -> None:
    assert [row["url"][-1] for row in lots(plan(MISSION))] == ["1", "2", "4", "5"]


def test_the_whole_report_comes_out_with_failures_in_between(plan: Plan) -> None:
    rows = [listing(n, f"Truck {n}", price) for n, price in enumerate([10_000, 5_000, 12_000, None])]
    context = {
        "lots": {"rows": rows},
        "details": [detail("A"), detail("A"), detail("A"), None],
        "photos": [
            None,
            {"stated_colour": "red", "seen_colour": "blue", "colour_matches": False, "blurred": True},
        ],
        "reuse": {"items": [{"item": n, "reused": n == 1} for n in range(4)]},
        "deadlines": {"items": [{"utc": "2026-01-01T00:00:00Z", "unsure": False, "ends_within": True}] * 4},
        "wording": [None, {"words": 7}, None, None],
    }
    assert data(plan(MISSION), "report", context) == [
        {
            "url": "http://x.test/1",
            "title": "Truck 1",
            "price": 5_000,
            "typical_price": 10_000,
            "ends_at": "2026-01-01T00:00:00Z",
            "ends_within_24h": True,
            "colour_stated": "red",
            "colour_seen": "blue",
            "colour_differs": True,
            "photo_blurred": True,
            "photo_reused": True,
            "words": 7,
        }
    ]


def test_pages_without_anything_give_an_empty_report(plan: Plan) -> None:
    empty: dict[str, Any] = {"lots": {"rows": []}, "reuse": {"items": []}, "deadlines": {"items": []}}
    context = empty | {"details": [], "photos": [], "wording": []}
    assert data(plan(MISSION), "report", context) == []


def test_without_models_all_rows_are_one_group(plan: Plan) -> None:
    document = plan("find underpriced trucks on http://x.test/")
    rows = [listing(n, "truck", price) for n, price in enumerate([100, 90, 10])]
    found_rows = data(document, "report", {"lots": {"rows": rows}, "details": [detail(None)] * 3})
    assert [(row["price"], row["typical_price"]) for row in found_rows] == [(10, 90)]


@pytest.mark.parametrize(
    ("objective", "rows"),
    [
        ("top 2 cheapest trucks on http://x.test/", [{"price": 5_000}, {"price": 10_000}]),
        ("what is the cheapest truck on http://x.test/", [{"price": 5_000, "title": "Blue truck"}]),
        ("most expensive truck on http://x.test/", [{"price": 12_000, "title": "Box truck"}]),
        ("compare the prices of tractors on http://x.test/", [{"price": 3_000, "title": "Farm tractor"}]),
        ("trucks over $9000 on http://x.test/", [{"price": 10_000}, {"price": 12_000}]),
        (
            "most expensive trucks on http://x.test/",
            [{"price": 12_000}, {"price": 10_000}, {"price": 5_000}, {"price": None}],
        ),
        ("how many trucks are on http://x.test/?", [{"count": 4}]),
        ("the average price of trucks on http://x.test/", [{"mean_price": 9_000}]),
        ("list the titles of all tractors on http://x.test/", [{"title": "Farm tractor"}]),
        ("list trucks and tractors under $4000 on http://x.test/", [{"price": 3_000}]),
        (
            "sort all listings on http://x.test/ by title",
            [{"title": t} for t in ("Blue truck", "Box truck", "Farm tractor")],
        ),
    ],
)
def test_rows_answer_the_objective(plan: Plan, objective: str, rows: Rows) -> None:
    answer = lots(plan(objective))
    assert [{k: row[k] for k in wanted} for row, wanted in zip(answer, rows, strict=False)] == rows
    assert len(answer) >= len(rows)


@pytest.mark.parametrize(
    "objective", ["the cheapest truck on http://x.test/", "the dearest tractor of http://x.test/"]
)
def test_one_thing_asked_for_is_one_row(plan: Plan, objective: str) -> None:
    assert len(lots(plan(objective))) == 1


def test_a_window_drops_what_ends_later_or_nobody_knows_when(plan: Plan) -> None:
    document = plan("find trucks on http://x.test/ ending within 2 hours")
    rows = [listing(n, "truck", 10 - n) for n in range(3)]
    ends = [
        {"utc": "2026-01-01T00:00:00Z", "ends_within": w, "unsure": w is None} for w in (True, False, None)
    ]
    context = {"lots": {"rows": rows}, "details": [detail("A")] * 3, "deadlines": {"items": ends}}
    assert [row["url"][-1] for row in data(document, "report", context)] == ["0"]


def test_groups_are_named_by_the_fact_asked_for(plan: Plan) -> None:
    document = plan("group all trucks on http://x.test/ by make")
    rows = [listing(n, "truck", n) for n in range(3)]
    makes: list[dict[str, Any]] = [detail(None, facts={"Make": make}) for make in ("A", "B", "A")]
    assert data(document, "report", {"lots": {"rows": rows}, "details": makes}) == [
        {"make": "A", "count": 2},
        {"make": "B", "count": 1},
    ]


def test_two_pages_differ_by_their_mean_price(plan: Plan) -> None:
    document = plan("Fetch http://x.test/p1 and http://x.test/p2 and compute the average price difference.")
    context: dict[str, Any] = {
        "page_1": {"prices": [{"amount": 10}, {"amount": 20}]},
        "page_2": {"prices": [{"amount": 5}]},
    }
    for name in ("page_1", "page_2"):
        context[f"{name}_mean"] = {"rows": data(document, f"{name}_mean", context)}
    assert data(document, "report", context) == [{"page_1": 15, "page_2": 5, "difference": 10}]


def test_a_fair_price_stands_on_every_page_asked_about(plan: Plan) -> None:
    document = plan("work out a fair price for http://x.test/truck/3 and examine the photos")
    details = [detail("A", prices=[{"amount": 1}, {"amount": 3}, {"amount": 9}])]
    prices = {"rows": data(document, "prices", {"details": details})}
    (row,) = data(document, "report", {"details": details, "prices": prices, "photos": [{"blurred": False}]})
    assert row["fair_price"] == 3


@pytest.mark.parametrize(
    ("objective", "inputs", "rows"),
    [
        (
            "Sort these prices [5, 2, 9, 4] from low to high and give the median.",
            {},
            [{"value": v, "median": 4.5} for v in (2, 4, 5, 9)],
        ),
        ("the sum of 5, 2 and 9", {}, [{"sum": 16}]),
        ("keep only the values over 4 of [5, 2, 9]", {}, [{"value": 5}, {"value": 9}]),
        (
            "sum the bids per seller and flag those above the mean",
            {"bids": [{"seller": "A", "bid": 3}, {"seller": "B", "bid": 9}, {"seller": "A", "bid": 2}]},
            [
                {"seller": "A", "sum": 5, "mean_of_all": 7, "above": False},
                {"seller": "B", "sum": 9, "mean_of_all": 7, "above": True},
            ],
        ),
        (
            "which rows have under 2000 hours",
            {"rows": [{"name": "a", "Hours": 1500}, {"name": "b", "Hours": 2500}]},
            [{"name": "a", "Hours": 1500}],
        ),
        ("Given the bids table I supplied, sum the bids per seller.", {}, []),
    ],
)
def test_material_in_the_objective_is_worked_on(
    plan: Plan, objective: str, inputs: dict[str, Any], rows: Rows
) -> None:
    document = plan(objective, **inputs)
    assert data(document, "report", {}) == rows
