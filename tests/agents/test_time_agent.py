"""The agent as the dispatcher meets it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs
import pytest
from inline_snapshot import snapshot

from agents.time.agent import CARD, INLINE_ITEMS, create
from agents.time.inputs import MAX_ITEMS, TimeInputs
from contracts.agent import AgentCall
from contracts.errors import InvalidInput

if TYPE_CHECKING:
    from agents.doors import Doors

AGENT = create(cast("Doors", None))  # it opens none
NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)


def call(home: str = "America/Chicago", **inputs: Any) -> AgentCall:
    return AgentCall(inputs=inputs, objective="", now=NOW, timeout_s=30, home_zone=home)


async def output(home: str = "America/Chicago", **inputs: Any) -> Any:
    return (await AGENT.run(call(home, **inputs))).output


def test_the_card_takes_what_the_agent_takes() -> None:
    schema = TimeInputs.model_json_schema()
    if os.environ.get("UPDATE_CARDS"):
        card = json.loads(CARD.read_text(encoding="utf-8")) | {"takes": schema}
        CARD.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    assert json.loads(CARD.read_text(encoding="utf-8"))["takes"] == schema


@pytest.mark.parametrize("example", AGENT.card.examples, ids=lambda e: str(e["objective"]))
async def test_the_cards_examples_run_and_give_what_it_says(example: dict[str, Any]) -> None:
    reply = await AGENT.run(call(**example["inputs"]))

    jsonschema_rs.Draft202012Validator(dict(AGENT.card.takes)).validate(example["inputs"])
    jsonschema_rs.Draft202012Validator(dict(AGENT.card.gives)).validate(reply.output)
    assert not reply.warnings


async def test_a_text_gives_its_instant_and_what_remains() -> None:
    assert await output(text="Closing 3/5 @ 6:30p CT", within_hours=24) == snapshot(
        {
            "text": "Closing 3/5 @ 6:30p CT",
            "utc": "2026-03-06T00:30:00Z",
            "unsure": False,
            "warnings": [],
            "method": "words",
            "remaining_s": 117000,
            "ends_within": False,
        }
    )


async def test_items_are_read_at_a_pointer_and_counted() -> None:
    items = [
        {"ends_text": "Ends in 2h 14m"},
        {"ends_text": None},
        None,
        {"other": 1},
        {"ends_text": "Friday"},
        7,
    ]

    found = await output(items=items, pointer="/ends_text", within_hours=24)

    assert [(e["index"], e["utc"], e["unsure"], e["ends_within"]) for e in found["items"]] == snapshot(
        [
            (0, "2026-03-04T18:14:00Z", False, True),
            (1, None, True, None),
            (2, None, True, None),
            (3, None, True, None),
            (4, "2026-03-07T06:00:00Z", True, False),
            (5, None, True, None),
        ]
    )
    assert (found["unsure"], found["within"]) == (5, 1)


@pytest.mark.parametrize(
    ("item", "warning"),
    [
        (None, "no text is there"),
        (["x"], "no text but a list is there"),
        (True, "no text but a bool is there"),
    ],
)
async def test_what_is_no_text_is_unsure_and_no_error(item: Any, warning: str) -> None:
    found = await output(items=[item])

    assert found["items"][0]["warnings"] == [warning]


async def test_a_number_among_the_items_is_an_epoch() -> None:
    assert (await output(items=[1772758800]))["items"][0]["utc"] == "2026-03-06T01:00:00Z"


@pytest.mark.parametrize(
    ("text", "hours", "expected"),
    [
        ("in 24 hours", 24, True),
        ("in 24 hours and 1 second", 24, False),
        ("in 1 second", 24, True),
        ("2 hours ago", 24, False),
        ("in 0 minutes", 24, False),
        ("in 90 minutes", 1.5, True),
        ("in 2 hours", None, None),
        ("some day", 24, None),
        ("in 2 hours", 0, False),
    ],
)
async def test_within_means_after_now_and_no_later(text: str, hours: float | None, expected: object) -> None:
    assert (await output(text=text, within_hours=hours))["ends_within"] is expected


async def test_the_zone_given_goes_before_the_home_zone() -> None:
    assert (await output(text="today 6 PM"))["utc"] == "2026-03-05T00:00:00Z"
    assert (await output(text="today 6 PM", zone="Europe/Berlin"))["utc"] == "2026-03-04T17:00:00Z"
    assert (await output("Europe/Berlin", text="today 6 PM", zone=None))["utc"] == "2026-03-04T17:00:00Z"


async def test_unsure_texts_are_counted_in_a_warning() -> None:
    assert (await AGENT.run(call(items=["Friday", "in 2 hours"]))).warnings == ("1 of 2 times are unsure",)
    assert (await AGENT.run(call(text="in 2 hours"))).warnings == ()


async def test_many_items_give_the_same_as_one() -> None:
    found = await output(items=["in 2 hours"] * (INLINE_ITEMS + 1))

    assert {e["utc"] for e in found["items"]} == {"2026-03-04T18:00:00Z"}


async def test_a_long_text_is_not_carried_into_the_output() -> None:
    found = await output(text="Ends in 2 hours. " + "x" * 100_000)

    assert len(found["text"]) == 500
    assert found["warnings"] == ["only the first 2000 characters were read"]


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        ({}, ""),
        ({"text": None}, ""),
        ({"text": "x", "items": []}, ""),
        ({"text": 5}, "/text"),
        ({"items": "x"}, "/items"),
        ({"items": [1] * (MAX_ITEMS + 1)}, "/items"),
        ({"items": [], "pointer": "a"}, ""),
        ({"text": "x", "zone": "Mars/Olympus"}, ""),
        ({"text": "x", "zone": "../../etc/passwd"}, ""),
        ({"text": "x", "within_hours": -1}, "/within_hours"),
        ({"text": "x", "within_hours": float("nan")}, "/within_hours"),
        ({"text": "x", "within_hours": "24"}, "/within_hours"),
        ({"text": "x", "now": "2026-01-01"}, "/now"),
    ],
)
async def test_bad_input_names_the_field(inputs: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await AGENT.run(call(**inputs))

    assert (caught.value.code, caught.value.where) == ("time.bad_input", where)
    assert len(caught.value.message) < 500


async def test_a_home_zone_that_does_not_exist_is_bad_input() -> None:
    with pytest.raises(InvalidInput) as caught:
        await AGENT.run(call("Nowhere/Land", text="today 6 PM"))

    assert caught.value.code == "time.bad_input"
