"""Some hundred objectives as people write them, and the agents each must get; one line each in `readings.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from planner.rules.plan import plan_by_rules

NAMES = {
    "s": "scrape",
    "d": "data",
    "v": "vision",
    "t": "time",
    "c": "wasm:convert",
    "e": "wasm:echo",
    "k": "wasm:schema_check",
    "b": "wasm:table",
    "m": "wasm:template",
    "w": "wasm:text_stats",
}


def readings() -> list[tuple[str, str, str]]:
    """Return (objective, agents it must have, agents it may have)."""
    text = (Path(__file__).parent / "readings.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = []
    for line in lines:
        agents, _, objective = line.partition("|")
        must, _, may = agents.partition("?")
        found.append((objective.replace("\\n", "\n"), must, may))
    return found


READINGS = readings()
SERVED = [(o, must, may) for o, must, may in READINGS if must]
UNSERVED = [o for o, must, _ in READINGS if not must]


@pytest.mark.parametrize(("objective", "must", "may"), SERVED)
def test_an_objective_gets_the_agents_it_needs(
    house: tuple[AgentCard, ...], objective: str, must: str, may: str
) -> None:
    subtasks = plan_by_rules(objective, inputs={}, cards=house)["subtasks"]
    assert isinstance(subtasks, list)
    planned = {str(s["required_agent"]) for s in subtasks if isinstance(s, dict)}
    needed, free = ({NAMES[c] for c in codes} for codes in (must, may))
    assert needed <= planned <= needed | free


@pytest.mark.parametrize("objective", UNSERVED)
def test_an_objective_nothing_serves_is_refused(house: tuple[AgentCard, ...], objective: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        plan_by_rules(objective, inputs={}, cards=house)
    assert caught.value.code == "plan.unsupported_objective"
    assert caught.value.hint
