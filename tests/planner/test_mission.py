"""The objective the house is built for, planned without a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inline_snapshot import snapshot

Plan = Callable[..., dict[str, Any]]
StepsOf = Callable[[dict[str, Any], str], list[dict[str, Any]]]

MISSION = "Find underpriced trucks on http://127.0.0.1:8000/, compare the photos with the text, and say which end within a day"
DEALS = "find trucks under $9000 on http://127.0.0.1:8000/ ending within 24 hours"


def test_the_mission_is_nine_subtasks_over_every_kind_of_agent(plan: Plan) -> None:
    subtasks = plan(MISSION)["subtasks"]
    assert [(s["id"], s["required_agent"], s["output_key"], s["dependencies"]) for s in subtasks] == snapshot(
        [
            ("s1", "scrape", "site", []),
            ("s2", "scrape", "rendered", ["s1"]),
            ("s3", "data", "lots", ["s1", "s2"]),
            ("s4", "scrape", "details", ["s3"]),
            ("s5", "vision", "photos", ["s4"]),
            ("s6", "vision", "reuse", ["s5"]),
            ("s7", "time", "deadlines", ["s4"]),
            ("s8", "wasm:text_stats", "wording", ["s4"]),
            ("s9", "data", "report", ["s3", "s4", "s5", "s6", "s7", "s8"]),
        ]
    )


def test_the_mission_fans_out_over_pages_lots_and_photos(plan: Plan) -> None:
    fans = {s["output_key"]: s["foreach"] for s in plan(MISSION)["subtasks"] if "foreach" in s}
    assert fans == snapshot(
        {
            "rendered": {"key": "site", "pointer": "/needs_browser"},
            "details": {"key": "lots", "pointer": "/rows"},
            "photos": {"key": "details"},
            "wording": {"key": "details"},
        }
    )


def test_pages_are_read_over_http_and_only_the_rest_in_the_browser(plan: Plan) -> None:
    site, rendered = plan(MISSION)["subtasks"][:2]
    assert site["bind"] == {
        "url": {"literal": "http://127.0.0.1:8000/"},
        "max_pages": {"literal": 20},
        "render": {"literal": "never"},
    }
    assert rendered["bind"] == {"url": {"key": "site"}, "render": {"literal": "auto"}}


def test_the_mission_gathers_every_truck_once(plan: Plan, steps_of: StepsOf) -> None:
    assert steps_of(plan(MISSION), "lots") == snapshot(
        [
            {"op": "concat", "tables": ["site", "rendered"]},
            {"op": "flatten", "column": "listings"},
            {"op": "distinct", "by": ["url"]},
            {
                "op": "filter",
                "where": {
                    "any": [
                        {"column": "title", "test": "contains", "value": "truck"},
                        {"column": "text", "test": "contains", "value": "truck"},
                    ]
                },
            },
        ]
    )


def test_the_report_keeps_what_costs_less_than_its_model_usually_does(plan: Plan, steps_of: StepsOf) -> None:
    steps = steps_of(plan(MISSION), "report")
    assert [step["op"] for step in steps][:4] == ["zip", "group_stat", "derive", "filter"]
    assert steps[1]["by"] == ["/detail/facts/Model"]
    assert steps[1]["fn"] == "median"


def test_the_report_tells_ending_soon_apart_and_drops_nothing_for_it(plan: Plan, steps_of: StepsOf) -> None:
    steps = steps_of(plan(MISSION), "report")
    columns = next(step["columns"] for step in steps if step["op"] == "select")
    assert columns["ends_within_24h"] == "/deadline/ends_within"
    assert not any("ends_within" in str(step) for step in steps if step["op"] == "filter")
    assert steps[-1] == {"op": "sort", "by": [{"column": "price"}, {"column": "url"}]}


def test_the_report_shows_photos_beside_words(plan: Plan, steps_of: StepsOf) -> None:
    steps = steps_of(plan(MISSION), "report")
    columns = next(step["columns"] for step in steps if step["op"] == "select")
    wanted = {
        "url",
        "title",
        "price",
        "typical_price",
        "ends_at",
        "ends_within_24h",
        "colour_stated",
        "colour_seen",
    }
    assert wanted | {"colour_differs", "photo_blurred", "photo_reused", "words"} == columns.keys()


def test_deals_ending_soon_need_neither_photos_nor_words(
    plan: Plan, agents_of: Callable[..., list[str]]
) -> None:
    assert agents_of(plan(DEALS)) == ["scrape", "scrape", "data", "scrape", "time", "data"]


def test_deals_are_bounded_by_price_before_their_pages_are_read(plan: Plan, steps_of: StepsOf) -> None:
    found = steps_of(plan(DEALS), "lots")
    assert found[-1] == {"op": "filter", "where": {"column": "price", "test": "lt", "value": 9000}}


def test_deals_that_end_later_are_dropped(plan: Plan, steps_of: StepsOf) -> None:
    found = steps_of(plan(DEALS), "report")
    assert {"op": "filter", "where": {"column": "/deadline/ends_within", "test": "is_true"}} in found


def test_a_price_limit_on_underpriced_things_waits_for_the_typical_price(
    plan: Plan, steps_of: StepsOf
) -> None:
    document = plan("find underpriced trucks under $9000 on http://x.test/")
    assert not any("price" in str(step) for step in steps_of(document, "lots") if step["op"] == "filter")
    late = {"op": "filter", "where": {"column": "/lot/price", "test": "lt", "value": 9000}}
    assert [s["op"] for s in steps_of(document, "report")].index("group_stat") < steps_of(
        document, "report"
    ).index(late)


def test_the_same_objective_gives_the_same_plan(plan: Plan) -> None:
    assert plan(MISSION) == plan(MISSION)
