"""Objectives about pages: what is planned, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from planner.rules.plan import plan_by_rules

Plan = Callable[..., dict[str, Any]]
StepsOf = Callable[[dict[str, Any], str], list[dict[str, Any]]]
AgentsOf = Callable[[dict[str, Any]], list[str]]


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        ("http://x.test/", ["scrape"]),
        ("Open http://x.test/a", ["scrape"]),
        ("Get the title of http://x.test/a", ["scrape"]),
        ("describe the photos on http://x.test/9", ["scrape", "vision"]),
        ("When does http://x.test/lot/3 end?", ["scrape", "time", "data"]),
        ("every event date on http://x.test/ in UTC", ["scrape", "time", "data"]),
        ("list all trucks on http://x.test/", ["scrape", "scrape", "data"]),
        ("count the words of http://x.test/9", ["scrape", "wasm:text_stats"]),
        ("count the lots on http://x.test/", ["scrape", "scrape", "data"]),
        (
            "find blurry photos of trucks on http://x.test/",
            ["scrape", "scrape", "data", "scrape", "vision", "vision", "data"],
        ),
        ("pass http://x.test/ through the wasm echo module", ["scrape", "wasm:echo"]),
        ("Trouve des camions à moins de 9 000 € sur http://x.test/", ["scrape", "scrape", "data"]),
        (
            "Finde Traktoren auf http://x.test/, die in 24 Stunden enden",
            ["scrape"] * 2 + ["data", "scrape", "time", "data"],
        ),
        (
            "Busca camiones en http://x.test/ que terminan en 24 horas",
            ["scrape"] * 2 + ["data", "scrape", "time", "data"],
        ),
    ],
)
def test_only_the_stages_asked_for_are_planned(
    plan: Plan, agents_of: AgentsOf, objective: str, agents: list[str]
) -> None:
    assert agents_of(plan(objective)) == agents


def test_a_page_that_names_no_end_still_gives_a_row(plan: Plan) -> None:
    time = next(
        s for s in plan("When does http://x.test/lot/3 end?")["subtasks"] if s["required_agent"] == "time"
    )
    assert time["bind"] == {"items": {"key": "details"}, "pointer": {"literal": "/ends_text"}}


def test_several_listing_pages_are_gathered_into_one_table(plan: Plan, steps_of: StepsOf) -> None:
    document = plan("find trucks under $500 on http://a.test/ and http://b.test/")
    assert steps_of(document, "lots")[0] == {
        "op": "concat",
        "tables": ["site", "rendered", "site_2", "rendered_2"],
    }


def test_more_pages_than_can_be_read_are_said_to_be_left_out(plan: Plan) -> None:
    urls = " ".join(f"http://x.test/{n}" for n in range(12))
    document = plan(f"find trucks on {urls}")
    assert document["origin"]["warnings"] == ["only the first 10 of 12 pages are read"]


def test_two_pages_are_compared_by_their_figures(plan: Plan, steps_of: StepsOf) -> None:
    document = plan("Fetch http://x.test/p1 and http://x.test/p2 and compute the average price difference.")
    assert steps_of(document, "report")[-1] == {
        "op": "derive",
        "column": "difference",
        "value": {"sub": [{"column": "page_1"}, {"column": "page_2"}]},
    }


def test_the_first_n_come_after_the_order(plan: Plan, steps_of: StepsOf) -> None:
    ops = [step["op"] for step in steps_of(plan("top 5 cheapest tractors on http://x.test/"), "lots")]
    assert ops == ["concat", "flatten", "distinct", "filter", "sort", "limit", "select"]


def test_the_dearest_come_first_when_asked(plan: Plan, steps_of: StepsOf) -> None:
    sort = next(
        s for s in steps_of(plan("3 most expensive lots on http://x.test/"), "lots") if s["op"] == "sort"
    )
    assert sort["by"] == [{"column": "price", "descending": True}, {"column": "url"}]


def test_only_the_columns_asked_for_are_shown(plan: Plan, steps_of: StepsOf) -> None:
    steps = steps_of(plan("Scrape http://x.test/l and return all titles."), "lots")
    assert steps[-1] == {"op": "select", "columns": {"title": "title"}}


def test_a_statistic_is_one_row(plan: Plan, steps_of: StepsOf) -> None:
    steps = steps_of(plan("the median price of trucks on http://x.test/"), "lots")
    assert steps[-1] == {
        "op": "aggregate",
        "aggregates": {"median_price": {"fn": "median", "column": "price"}},
    }


def test_reused_photos_alone_are_kept_when_they_are_what_is_sought(plan: Plan, steps_of: StepsOf) -> None:
    steps = steps_of(plan("Find duplicate product photos in the listings at http://x.test/"), "report")
    assert {"op": "filter", "where": {"column": "/reuse/reused", "test": "is_true"}} in steps


def test_a_day_named_in_words_is_said_to_be_read_as_hours(plan: Plan) -> None:
    document = plan("Which lots on http://x.test/ end today?")
    assert "24 hours" in document["origin"]["warnings"][0]


def test_a_url_among_the_inputs_is_read_by_its_key(plan: Plan) -> None:
    document = plan("find trucks under $9000", page="http://x.test/")
    assert document["subtasks"][0]["bind"]["url"] == {"key": "page"}
    assert document["inputs"] == {"page": "http://x.test/"}


def test_keys_of_stages_give_way_to_the_callers(plan: Plan) -> None:
    document = plan("find trucks on http://x.test/", site="mine", lots=[1])
    assert [s["output_key"] for s in document["subtasks"]] == ["site_2", "rendered", "lots_2"]


def test_words_are_not_counted_where_no_agent_can(cards: tuple[AgentCard, ...]) -> None:
    fewer = [card for card in cards if card.name != "wasm:text_stats"]
    document: Any = plan_by_rules(
        "find underpriced trucks on http://x.test/ and compare the photos with the text",
        inputs={},
        cards=fewer,
    )
    assert "wasm:text_stats" in document["origin"]["warnings"][0]


def test_an_agent_that_is_needed_and_missing_is_named(cards: tuple[AgentCard, ...]) -> None:
    fewer = [card for card in cards if card.name != "vision"]
    with pytest.raises(InvalidInput, match="vision") as caught:
        plan_by_rules("describe the photos on http://x.test/", inputs={}, cards=fewer)
    assert caught.value.code == "plan.unsupported_objective"
