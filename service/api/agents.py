"""The agents at hand, by their cards."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, JsonValue

from contracts.card import AgentCard
from contracts.errors import NotFound
from service.api.answers import JsonAnswer, refusals
from service.api.common import DeskOf
from service.desk_protocol import Desk

router = APIRouter(prefix="/agents", tags=["agents"])


class CardAnswer(BaseModel):
    """What an agent takes and gives."""

    name: str
    version: str
    description: str
    effect: str
    takes: dict[str, JsonValue]
    """JSON Schema of its inputs."""
    gives: dict[str, JsonValue]
    """JSON Schema of its output."""
    words: list[str]
    examples: list[dict[str, JsonValue]]
    timeout_s: float
    retries: int
    sha256: str


class CardsAnswer(BaseModel):
    """Every agent at hand."""

    agents: list[CardAnswer]


@router.get("", response_model=CardsAnswer, responses=refusals(), summary="List the agents")
def list_agents(desk: DeskOf) -> JsonAnswer:
    """Return every card."""
    return JsonAnswer({"agents": [card.as_json() for card in desk.registry.cards()]})


@router.get("/{name}", response_model=CardAnswer, responses=refusals(404, 422), summary="Show one agent")
def show_agent(desk: DeskOf, name: Annotated[str, Path(max_length=80)]) -> JsonAnswer:
    """Return one card."""
    return JsonAnswer(find_card(desk, name).as_json())


def find_card(desk: Desk, name: str) -> AgentCard:
    """Return an agent's card without making the agent.

    Raises:
        NotFound: `agent.unknown`.
    """
    cards = desk.registry.cards()
    found = next((card for card in cards if card.name == name), None)
    if found is None:
        known = [card.name for card in cards]
        raise NotFound(
            "agent.unknown",
            f"no agent is called {name!r}",
            hint=f"There are {', '.join(known[:20])}.",
            data={"known": known},
        )
    return found
