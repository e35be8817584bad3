"""The agent as the dispatcher meets it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs
import pytest

from agents.data.agent import CARD, INLINE_ROWS, create
from agents.data.spec import DataInputs
from contracts.agent import AgentCall
from contracts.errors import InvalidInput

if TYPE_CHECKING:
    from agents.doors import Doors

AGENT = create(cast("Doors", None))  # it opens none


def call(**inputs: Any) -> AgentCall:
    return AgentCall(inputs=inputs, objective="", now=datetime(2026, 3, 4, tzinfo=UTC), timeout_s=30)


def test_the_card_takes_what_the_agent_takes() -> None:
    schema = DataInputs.model_json_schema(by_alias=True)
    if os.environ.get("UPDATE_CARDS"):
        card = json.loads(CARD.read_text(encoding="utf-8")) | {"takes": schema}
        CARD.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    assert json.loads(CARD.read_text(encoding="utf-8"))["takes"] == schema


@pytest.mark.parametrize("example", AGENT.card.examples, ids=lambda e: str(e["objective"]))
async def test_the_cards_examples_run_and_give_what_it_says(example: dict[str, Any]) -> None:
    reply = await AGENT.run(call(**example["inputs"]))

    jsonschema_rs.Draft202012Validator(dict(AGENT.card.takes)).validate(example["inputs"])
    jsonschema_rs.Draft202012Validator(dict(AGENT.card.gives)).validate(reply.output)


async def test_rows_are_counted_beside_the_rows() -> None:
    reply = await AGENT.run(call(tables={"t": [{"a": 1}, {"a": 2}]}, steps=[{"op": "from", "table": "t"}]))

    assert reply.output == {"rows": [{"a": 1}, {"a": 2}], "count": 2}


async def test_many_rows_give_the_same_as_few() -> None:
    table = [{"a": i % 7} for i in range(INLINE_ROWS + 1)]
    steps = [
        {"op": "from", "table": "t"},
        {"op": "distinct", "by": ["a"]},
        {"op": "sort", "by": [{"column": "a"}]},
    ]

    reply = await AGENT.run(call(tables={"t": table}, steps=steps))

    assert reply.output == {"rows": [{"a": i} for i in range(7)], "count": 7}


async def test_bad_input_is_raised_to_the_dispatcher() -> None:
    with pytest.raises(InvalidInput) as caught:
        await AGENT.run(call(tables={}, steps=[{"op": "exec", "code": "import os"}]))

    assert caught.value.code == "data.bad_input"
    assert len(caught.value.message) <= 500


async def test_a_parameter_set_to_null_counts_as_absent() -> None:
    with pytest.raises(InvalidInput) as caught:
        await AGENT.run(call(tables=None, steps=[{"op": "from", "table": "t"}]))

    assert caught.value.where == "/tables"
