"""What a model is told, and what it is told went wrong."""

from __future__ import annotations

import json

from contracts.card import AgentCard, read_card
from contracts.errors import Problem
from contracts.structure import seal
from planner.prompt import EXAMPLE, correction, first_messages
from planner.reading.reply import read_reply
from planner.validation import check


def test_the_example_in_the_prompt_is_itself_a_sound_plan(cards: tuple[AgentCard, ...]) -> None:
    document = seal({"objective": "when does it end", **read_reply(EXAMPLE).document})
    assert check(document, cards) == []


def test_every_agent_is_one_line_of_the_prompt(cards: tuple[AgentCard, ...]) -> None:
    system, _ = first_messages("anything", {}, cards)
    lines = [line for line in system.content.splitlines() if line.startswith('{"description"')]
    assert [json.loads(line)["name"] for line in lines] == [card.name for card in cards]


def test_of_a_long_catalogue_the_nearest_and_our_own_agents_are_shown(cards: tuple[AgentCard, ...]) -> None:
    def guest(name: str, does: str) -> AgentCard:
        told = {"name": f"wasm:{name}", "version": "1.0.0", "description": does, "takes": {}, "gives": {}}
        return read_card(told, where=name)

    others = [guest(f"idle_{n}", "Does nothing of use.") for n in range(200)]
    decoder = guest("vin_decode", "Decodes a vehicle identification number.")
    system, _ = first_messages("decode this vehicle identification number", {}, [*others, *cards, decoder])
    shown = [json.loads(line)["name"] for line in system.content.splitlines() if line.startswith('{"descr')]
    assert shown[0] == "wasm:vin_decode"
    assert {"scrape", "vision", "time", "data"} <= set(shown)
    assert len(shown) <= 24


def test_a_problem_goes_back_with_code_and_place() -> None:
    shown, asked = correction("{}", [Problem("plan.cycle", "/subtasks", "s1 -> s2 -> s1")])
    assert (shown.role, shown.content) == ("assistant", "{}")
    assert '"code":"plan.cycle"' in asked.content
    assert '"/subtasks"' in asked.content


def test_a_flood_of_problems_and_a_long_reply_are_cut() -> None:
    shown, asked = correction("x" * 100_000, [Problem("plan.shape", f"/{n}", "wrong") for n in range(1000)])
    assert len(shown.content) == 20_000
    assert asked.content.count("plan.shape") == 30
