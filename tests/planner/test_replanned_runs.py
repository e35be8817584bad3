"""The road of a page that cannot be read as it was asked for: planned anew by rules, killed anywhere, read in the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.errors import AttemptFailed
from contracts.run import RunState
from planner.replanning import replan
from service.cards import load_cards
from tests.dispatcher.rig import Rig

PAGE = "https://shop.example/offers"
LISTINGS = [{"title": f"Truck {n}", "price": n} for n in (3, 1, 2)]


async def reads_in_a_browser_only(call: AgentCall) -> Any:
    if call.inputs.get("render") != "always":
        raise AttemptFailed("scrape.http_status", "answered 403: use the agent send instead")
    return {"listings": LISTINGS}


async def sorts(call: AgentCall) -> Any:
    tables: Any = call.inputs["tables"]
    return sorted(tables["page"], key=lambda row: row["price"])


def at(folder: Path) -> Rig:
    """Return a process whose agents have the real cards."""
    rig = Rig(folder, 2)
    cards = {card.name: card for card in load_cards()}
    for name, body in (("scrape", reads_in_a_browser_only), ("data", sorts)):
        rig.agents.add(name, body).card = cards[name]
    rig.replanner = replan
    return rig


STEPS: list[dict[str, Any]] = [
    {
        "id": "page", "objective": "Read the offers", "required_agent": "scrape", "dependencies": [], "input_keys": [],
        "bind": {"url": {"literal": PAGE}}, "output_key": "page", "on_failure": "replan", "retries": 0,
    },
    {
        "id": "rows", "objective": "Sort them", "required_agent": "data", "dependencies": ["page"],
        "input_keys": ["page"], "output_key": "rows",
        "bind": {
            "tables.page": {"key": "page", "pointer": "/listings"},
            "steps": {"literal": [{"op": "sort", "by": [{"column": "price"}]}]},
        },
    },
]  # fmt: skip


@pytest.mark.parametrize("units", [None, *range(1, 10)])
async def test_a_page_that_needs_a_browser_is_read_in_one_wherever_the_process_is_killed(
    tmp_path: Path, units: int | None
) -> None:
    rig = at(tmp_path)
    rig.database.left = units
    run_id = await rig.start(*STEPS, result_key="rows")
    ending = asyncio.create_task(rig.engine.wait(run_id, 10))
    dying = asyncio.create_task(rig.database.died.wait())
    await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
    await rig.die()
    again = at(tmp_path)
    again.work()
    run = await again.end_of(run_id)
    assert (run.state, run.result) == (RunState.SUCCEEDED, sorted(LISTINGS, key=lambda r: r["price"]))
    assert again.attempts(run_id) == [
        ("page", None, 1, "failure"),
        ("page_r1", None, 1, "success"),
        ("rows", None, 1, "success"),
    ]
    (told,) = [line.body for line in again.lines(run_id) if line.kind == "replanned"]
    assert (told["code"], told["by"]) == ("scrape.http_status", "rules")
    await again.close()
