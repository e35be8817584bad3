"""The registry: agents come and go while it is in use, and who has one in hand keeps it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from agents.doors import Doors
from contracts.card import AgentCard
from contracts.errors import InvalidPlan, NotFound
from service.cards import load_cards
from service.compose import open_desk
from service.registry import CardRegistry
from service.settings import Settings
from tests.service.desk_at_hand import card
from tests.wasm_agents.offered import ECHO, document_text, manifest
from wasm_agents.shelf import Shelf

PLAN: dict[str, Any] = {
    "objective": "say it back",
    "subtasks": [
        {
            "id": "a", "objective": "say it back", "required_agent": "wasm:mine", "dependencies": [], "input_keys": [],
            "bind": {"x": {"literal": "hello"}}, "output_key": "said",
        }
    ],
    "result_key": "said",
}  # fmt: skip


class Standing:
    """An agent that is made already."""

    def __init__(self, name: str) -> None:
        self.card = card(name)

    async def run(self, call: Any) -> Any:
        raise NotImplementedError


def put(shelf: Shelf, name: str = "mine", **more: Any) -> AgentCard:
    text = document_text(manifest(name=name, **more)).encode()
    return shelf.add(text, ECHO, name=name, replace=True)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "agents")


@pytest.fixture
def registry(shelf: Shelf) -> CardRegistry:
    return CardRegistry(load_cards(), Doors(egress=None, browser=None), shelf=shelf)  # type: ignore[arg-type]  # no native agent is made


def test_an_agent_added_later_is_seen_without_a_restart(registry: CardRegistry, shelf: Shelf) -> None:
    with pytest.raises(NotFound):
        registry.get("wasm:mine")
    put(shelf)
    assert "wasm:mine" in [c.name for c in registry.cards()]
    assert registry.get("wasm:mine").card.version == "1.0.0"


def test_a_replaced_agent_is_made_anew_and_the_one_in_hand_stays(
    registry: CardRegistry, shelf: Shelf
) -> None:
    put(shelf)
    in_hand = registry.get("wasm:mine")
    put(shelf, version="2.0.0")
    assert registry.get("wasm:mine").card.version == "2.0.0"
    assert in_hand.card.version == "1.0.0"


def test_agents_whose_card_stays_are_not_made_again(registry: CardRegistry, shelf: Shelf) -> None:
    put(shelf)
    echo, mine = registry.get("wasm:echo"), registry.get("wasm:mine")
    put(shelf, "another")
    assert registry.get("wasm:echo") is echo
    assert registry.get("wasm:mine") is mine


def test_a_removed_agent_is_unknown_at_once(registry: CardRegistry, shelf: Shelf) -> None:
    put(shelf)
    registry.get("wasm:mine")
    shelf.remove("mine")
    with pytest.raises(NotFound):
        registry.get("wasm:mine")


def test_the_cards_are_the_same_tuple_until_something_changes(registry: CardRegistry, shelf: Shelf) -> None:
    before = registry.cards()
    assert registry.cards() is before
    put(shelf)
    assert registry.cards() is not before


def test_an_added_agent_takes_no_name_of_the_projects_own(
    registry: CardRegistry, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "service.registry"):
        put(shelf, "echo", version="6.6.6")
        assert registry.get("wasm:echo").card.version != "6.6.6"
    assert "agent.builtin" in caplog.text


def test_a_broken_agent_is_left_out_with_a_warning(
    registry: CardRegistry, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "service.registry"):
        put(shelf)
        (shelf.folder / "broken.toml").write_text("[", encoding="utf-8")
        put(shelf)
        assert "wasm:mine" in [c.name for c in registry.cards()]
    assert "the added agent broken is left out: load.manifest" in caplog.text


def test_an_agent_made_already_stands_in_for_its_card(shelf: Shelf) -> None:
    given = Standing("wasm:echo")
    registry = CardRegistry(load_cards(), Doors(egress=None, browser=None), more=[given], shelf=shelf)  # type: ignore[arg-type]  # likewise
    put(shelf)
    assert registry.get("wasm:echo") is given


def test_without_a_shelf_the_cards_are_those_it_was_given() -> None:
    registry = CardRegistry([card("a")], Doors(egress=None, browser=None))  # type: ignore[arg-type]  # likewise
    assert [c.name for c in registry.cards()] == ["a"]


async def test_a_desk_plans_with_what_was_added_and_forgets_plans_checked_before(settings: Settings) -> None:
    shelf = Shelf(settings.guests.folder)
    async with open_desk(settings) as desk:
        with pytest.raises(InvalidPlan):
            await desk.read_plan(PLAN)
        put(shelf)
        assert (await desk.read_plan(PLAN)).subtasks[0].required_agent == "wasm:mine"
        shelf.remove("mine")
        with pytest.raises(InvalidPlan):
            await desk.read_plan(PLAN)
