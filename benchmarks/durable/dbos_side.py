"""DBOS on SQLite as it is shipped: workflows of no-op steps, each step's result kept before the next.

Runs in the peers' environment; imports nothing of Callsheet but `contender`.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from dbos import DBOS

from benchmarks.durable.contender import CHAIN, WARM, Asked, answer, asked, syncs


async def _nothing(n: int) -> dict[str, int]:
    return {"n": n}


nothing = DBOS.step(name="nothing")(_nothing)


async def _fan(count: int) -> int:
    return len(await asyncio.gather(*(nothing(i) for i in range(count))))


async def _chain(count: int) -> int:
    found = {"n": 0}
    for _ in range(count):
        found = await nothing(found["n"] + 1)
    return found["n"]


fan = DBOS.workflow(name="fan")(_fan)
chain = DBOS.workflow(name="chain")(_chain)


async def run_case(what: Asked, count: int) -> float:
    """Return the seconds a case takes."""
    began = time.perf_counter()
    if what.case == "many":
        handles = await asyncio.gather(*(DBOS.start_workflow_async(chain, CHAIN) for _ in range(count)))
        ends: list[Any] = await asyncio.gather(*(handle.get_result() for handle in handles))
        wanted = CHAIN
    else:
        ends = [await (fan if what.case == "fan" else chain)(count)]
        wanted = count
    took = time.perf_counter() - began
    if any(end != wanted for end in ends):
        raise SystemExit(f"{ends}")
    return took


async def measure(what: Asked) -> None:
    """Warm up, run, answer."""
    DBOS(
        config={
            "name": "bench-durable",
            "system_database_url": f"sqlite:///{what.folder / 'dbos.db'}",
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    await run_case(what, WARM)
    before, cpu = syncs(), time.process_time()
    took = await run_case(what, what.count)
    answer(took, cpu_s=time.process_time() - cpu, **syncs().since(before))


if __name__ == "__main__":
    asyncio.run(measure(asked()))
    os._exit(0)  # its threads poll on; nothing of theirs is wanted
