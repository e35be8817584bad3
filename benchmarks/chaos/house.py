"""The service that is killed: what `callsheet serve` runs, with the cast as more agents.

    python benchmarks/chaos/house.py '{"life": 1, "settings": {…}, …}'

Its files stand in the current folder. One line on stdout says that it serves.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks.chaos.cast import the_cast
from benchmarks.chaos.patience import until
from benchmarks.chaos.plans import plan, step
from contracts.plan import load_plan
from contracts.policy import Grant
from contracts.run import Run
from service.cli_serve import LEAVE_S, raise_file_limit, serve_desk
from service.desk import LocalDesk
from service.logs import configure_logs
from service.orders import Terms
from service.settings import load_settings
from storage.database import Holder
from traces.redaction import Redactor

AT_ONCE: Final = 250
PARK_S: Final = 60.0
FILES: Final = 4096


def main() -> None:
    """Serve until told to end."""
    asked = json.loads(sys.argv[1])
    threading.Thread(target=_end_with_keeper, daemon=True).start()
    configure_logs("warning", redactor=Redactor(()))
    raise_file_limit(FILES)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(asked))


def _end_with_keeper() -> None:
    """End at once when the process that started this one is no more."""
    sys.stdin.read()
    os._exit(1)


async def _serve(asked: dict[str, Any]) -> None:
    folder = Path.cwd()
    grants = [Grant(kind="private_host", value=v, by="chaos") for v in asked["private"]]
    agents = [*the_cast(folder, asked["life"])]
    if asked[
        "with_guest"
    ]:  # costs the start what importing the WASM engine costs, so only where it is wanted
        agents.append(import_module("benchmarks.chaos.for_ever").endless_guest(folder))
    parking: list[asyncio.Task[None]] = []

    def tell(desk: LocalDesk, url: str) -> None:
        desk.database.announce(Holder(os.getpid(), url))
        print(json.dumps({"url": url}), flush=True)
        if asked["park"]:
            parking.append(asyncio.create_task(_park(desk, asked["park"])))

    await serve_desk(load_settings(asked["settings"]), grants, tell=tell, more_agents=agents, leave_s=LEAVE_S)


async def _park(desk: LocalDesk, count: int) -> None:
    """Bring so many objectives, each with a plan of its own, to where they wait for a person; say when they do."""
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        runs = await asyncio.gather(*(_start_waiting(desk, number) for number in numbers))
        await until(partial(_are_parked, desk, runs), within_s=PARK_S, every_s=0.002)
    print(json.dumps({"parked": count}), flush=True)


def _are_parked(desk: LocalDesk, runs: list[Run]) -> bool:
    return all(desk.engine.status(run.run_id) == "parked" for run in runs)


async def _start_waiting(desk: LocalDesk, number: int) -> Run:
    objective = f"wait for a person {number}"
    sealed = load_plan(plan(objective, [step("s", "chaos_pure", ms=1)]))
    return await desk.start(objective, inputs={}, plan=sealed, terms=Terms(approval="plan"))


if __name__ == "__main__":
    main()
