"""LangGraph on SQLite, `durability="sync"`: no-op nodes, each superstep checkpointed before the next.

Runs in the peers' environment; imports nothing of Callsheet but `contender`.
"""

from __future__ import annotations

import asyncio
import itertools
import operator
import time
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from benchmarks.durable.contender import CHAIN, WARM, Asked, answer, asked, syncs


class FanState(TypedDict):
    """Every node's result."""

    count: int
    found: Annotated[list[int], operator.add]


class ChainState(TypedDict):
    """The last node's result."""

    n: int


async def fan_node(_: Any) -> dict[str, Any]:
    """Do nothing."""
    return {"found": [1]}


async def chain_node(state: ChainState) -> dict[str, Any]:
    """Do nothing."""
    return {"n": state["n"] + 1}


def spread(state: FanState) -> list[Any]:
    """Send every element to a node of its own."""
    return [Send("work", {"n": i}) for i in range(state["count"])]


def fan(saver: Any) -> Any:
    """Return the graph of one fan-out."""
    graph = StateGraph(FanState)
    graph.add_node("work", fan_node)
    graph.add_conditional_edges(START, spread, ["work"])
    graph.add_edge("work", END)
    return graph.compile(checkpointer=saver)


def chain(saver: Any, length: int) -> Any:
    """Return the graph of `length` nodes, one after the other."""
    graph = StateGraph(ChainState)
    names = [START, *(f"n{i}" for i in range(length)), END]
    for name in names[1:-1]:
        graph.add_node(name, chain_node)
    for before, after in itertools.pairwise(names):
        graph.add_edge(before, after)
    return graph.compile(checkpointer=saver)


async def invoke(graph: Any, given: dict[str, Any], thread: str) -> Any:
    """Run a graph to its end, durably."""
    config = {"configurable": {"thread_id": thread}, "recursion_limit": 10_000}
    return await graph.ainvoke(given, config, durability="sync")


async def run_case(saver: Any, what: Asked, count: int) -> float:
    """Return the seconds a case takes, graphs compiled before."""
    if what.case == "fan":
        graph = fan(saver)
        began = time.perf_counter()
        found = await invoke(graph, {"count": count, "found": []}, f"fan{count}")
        took = time.perf_counter() - began
        if len(found["found"]) != count:
            raise SystemExit(f"{len(found['found'])} of {count} nodes ran")
        return took
    length = count if what.case == "chain" else CHAIN
    graph = chain(saver, length)
    runs = count if what.case == "many" else 1
    began = time.perf_counter()
    ends = await asyncio.gather(*(invoke(graph, {"n": 0}, f"{what.case}{count}_{i}") for i in range(runs)))
    took = time.perf_counter() - began
    if any(end["n"] != length for end in ends):
        raise SystemExit(f"{ends}")
    return took


async def measure(what: Asked) -> None:
    """Warm up, run, answer."""
    async with AsyncSqliteSaver.from_conn_string(str(Path(what.folder, "langgraph.db"))) as saver:
        await run_case(saver, what, WARM)
        before, cpu = syncs(), time.process_time()
        took = await run_case(saver, what, what.count)
        answer(took, cpu_s=time.process_time() - cpu, **syncs().since(before))


if __name__ == "__main__":
    asyncio.run(measure(asked()))
