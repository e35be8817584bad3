"""Cards of the agents plans are built on, spelled here so that planning is tested apart from the agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from planner.rules.plan import plan_by_rules
from service.cards import load_cards

STRING = {"type": "string"}
ANY: dict[str, Any] = {}


def card(
    name: str, description: str, takes: dict[str, Any], *, required: tuple[str, ...] = (), **more: Any
) -> AgentCard:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": takes,
        "required": list(required),
    }
    document = {
        "name": name,
        "version": "1.0.0",
        "description": description,
        "takes": schema,
        "gives": {},
        **more,
    }
    return read_card(document, where=name)


@pytest.fixture(scope="session")
def cards() -> tuple[AgentCard, ...]:
    return (
        card(
            "data",
            "Filters, sorts, groups and joins rows.",
            {
                "tables": {"type": "object"},
                "steps": {"type": "array", "items": {"type": "object"}, "minItems": 1},
            },
            required=("tables", "steps"),
        ),
        card(
            "scrape",
            "Reads web pages: titles, listings, prices.",
            {
                "url": STRING,
                "urls": {"type": "array", "items": STRING},
                "render": {"enum": ["never", "auto", "always"]},
                "max_pages": {"type": "integer", "minimum": 1, "maximum": 200},
            },
            effect="idempotent",
        ),
        card(
            "time",
            "Reads deadlines in words.",
            {
                "text": STRING,
                "items": {"type": "array"},
                "pointer": STRING,
                "zone": STRING,
                "within_hours": {"type": "number"},
            },
        ),
        card(
            "vision",
            "Looks at photos and images.",
            {
                "op": {"enum": ["inspect", "duplicates"]},
                "images": {"type": "array"},
                "text": STRING,
                "items": {"type": "array"},
                "stated_colour": STRING,
                "ref": ANY,
            },
        ),
        read_card(
            {
                "name": "wasm:echo",
                "version": "0.1.0",
                "description": "Gives back the JSON object it was given.",
                "takes": {"type": "object"},
                "gives": {"type": "object"},
                "words": ["echo"],
            },
            where="echo",
        ),
        card(
            "wasm:text_stats",
            "Counts a text's words.",
            {"text": STRING},
            required=("text",),
            words=["words", "count", "text"],
        ),
    )


@pytest.fixture
def plan(cards: tuple[AgentCard, ...]) -> Callable[..., dict[str, Any]]:
    """Plan by rules; keyword arguments are inputs."""

    def plan_of(objective: str, **inputs: Any) -> dict[str, Any]:
        return plan_by_rules(objective, inputs=inputs, cards=cards)

    return plan_of


@pytest.fixture
def steps_of() -> Callable[[dict[str, Any], str], list[dict[str, Any]]]:
    """Return the data steps of the subtask that writes a key."""

    def found(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
        subtask = next(s for s in document["subtasks"] if s["output_key"] == key)
        steps: list[dict[str, Any]] = subtask["bind"]["steps"]["literal"]
        return steps

    return found


@pytest.fixture
def agents_of() -> Callable[[dict[str, Any]], list[str]]:
    """Return the agents of a plan, in order."""
    return lambda document: [s["required_agent"] for s in document["subtasks"]]


@pytest.fixture(scope="session")
def house() -> tuple[AgentCard, ...]:
    """Return the cards that come with the house, guests among them."""
    return load_cards()


@pytest.fixture
def called(house: tuple[AgentCard, ...]) -> Callable[..., list[tuple[str, dict[str, Any]]]]:
    """Return (agent, bind) of each subtask planned for an objective, over the house's cards and more."""

    def steps(
        objective: str, *more: AgentCard, inputs: dict[str, Any] | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        document: Any = plan_by_rules(objective, inputs=inputs or {}, cards=[*house, *more])
        return [(s["required_agent"], s["bind"]) for s in document["subtasks"]]

    return steps
