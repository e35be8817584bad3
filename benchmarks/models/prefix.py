"""How soon an embedded model begins and ends a plan: cold, warm, and after a restart with what it had read.

    python -P benchmarks/models/prefix.py --model FILE.gguf [--threads 1] [--threads-batch 2] [--rounds 3]

A table on stderr; the last line of stdout is one JSON object. The server's own
start is told apart: it is paid once, before anybody asks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from typing_extensions import override

from contracts.clock import Clock, SystemClock
from contracts.errors import CallsheetError
from egress.fetch_door import FetchDoor
from eval.latency import quantile
from planner.planner import ObjectivePlanner
from planner.sketch.compiled import prefix_of
from providers.chat import PLAIN, Message, Options, Piece
from providers.embedded.folder import DEFAULT_CTX, PulledModel, digest_of
from providers.embedded.model import EmbeddedModel
from providers.embedded.server import HowToRun
from providers.streamed import Streamed
from service.cards import load_cards

OBJECTIVES: Final = (
    "find trucks under $9000 on https://auction.example/ ending within 24 hours",
    'count the words in "to be or not to be"',
    "convert 'Tue 5 Mar 6:30 PM CT' to UTC",
    "read the sign in photo1.jpg and say what time it names in UTC",
    "list the prices on https://shop.example/ and give their average",
    "look at photo2.jpg and list what is in it",
    "fetch https://news.example/ and count the words of its text",
    "sum the bids of each seller on https://auction.example/",
    "which lots on https://auction.example/ end before 'Fri 8 Mar 10:00 PM CT'",
    'repeat "hello there"',
    "sort the rows of https://data.example/ by price and keep the ten cheapest",
    "say when the auction on https://auction.example/ ends, in UTC",
)
MS_PER_S: Final = 1000


@dataclass
class Timed(Streamed):
    """A model whose calls are timed from the asking to the first piece and to the last.

    Args:
        model: It.
        clock: Whose time.
    """

    model: EmbeddedModel
    clock: Clock
    first_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)
    cached: list[int] = field(default_factory=list)

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`."""
        began, first = self.clock.monotonic(), None
        async for piece in self.model.stream(messages, max_tokens=max_tokens, options=options):
            first = self.clock.monotonic() - began if first is None else first
            yield piece
            if piece.end is not None:
                self.first_s.append(first)
                self.whole_s.append(self.clock.monotonic() - began)
                self.cached.append(piece.end.usage.cached_tokens)


@dataclass(frozen=True)
class PrefixFigures:
    """What was measured, in seconds."""

    load_s: float
    cold_ttft_s: float
    restore_s: float
    """Reading the kept prefix back after a restart; the service does it while it starts."""
    restart_ttft_s: float
    """Of the first plan after that; the worst of them."""
    restart_cached_tokens: int
    warm_ttft_p50_s: float
    warm_plan_p50_s: float
    """From the objective to a plan that passed every check, or to its refusal."""
    warm_plan_p95_s: float
    warm_plan_max_s: float
    calls: int

    def as_bar(self, bar: str = "bar4") -> Mapping[str, float | int]:
        """Return them by name, the bar's number before each."""
        return {f"{bar}_{name}": round(value, 3) for name, value in vars(self).items()}


async def measure_prefix(
    how: HowToRun, *, objectives: Sequence[str] = OBJECTIVES, rounds: int = 3
) -> PrefixFigures:
    """Return how soon plans come: the first ever, the first after each of `rounds` restarts, and `objectives` warm."""
    clock = SystemClock()
    door = FetchDoor(clock)
    with tempfile.TemporaryDirectory() as folder:
        states = Path(folder, "states")
        loads, restores, restarts, cached = [], [], [], []
        cold, warm, plans = 0.0, Timed(EmbeddedModel(how, door=door, clock=clock, states=states), clock), []
        for number in range(rounds + 1):
            timed = Timed(EmbeddedModel(how, door=door, clock=clock, states=states), clock)
            try:
                loads.append(await timed.model.start() / MS_PER_S)
                if number:  # as the service does when it starts, before anybody asks
                    began = clock.monotonic()
                    await timed.model.warm(prefix_of(load_cards()))
                    restores.append(clock.monotonic() - began)
                await _plan(timed, objectives[number % len(objectives)])
                await timed.model.settled()
                if number == 0:
                    cold = timed.first_s[0]
                else:
                    restarts.append(timed.first_s[0])
                    cached.append(timed.cached[0])
                if number == rounds:
                    warm = Timed(timed.model, clock)
                    for objective in objectives:
                        began = clock.monotonic()
                        await _plan(warm, objective)
                        plans.append(clock.monotonic() - began)
            finally:
                await timed.model.aclose()
    return PrefixFigures(
        load_s=median(loads),
        cold_ttft_s=cold,
        restore_s=max(restores),
        restart_ttft_s=max(restarts),
        restart_cached_tokens=min(cached),
        warm_ttft_p50_s=median(warm.first_s),
        warm_plan_p50_s=median(plans),
        warm_plan_p95_s=quantile(plans, 0.95),
        warm_plan_max_s=max(plans),
        calls=len(warm.first_s),
    )


async def _plan(timed: Timed, objective: str) -> None:
    """Have the model itself plan; what its plan is worth is measured elsewhere."""
    planner = ObjectivePlanner(timed, style="sketch", planning="model", fallback="fail")
    try:
        await planner.document(objective, inputs={}, cards=load_cards())
    except CallsheetError as exc:
        print(f"  refused: {exc.code}", file=sys.stderr)


def how_to_run(path: Path, *, threads: int = 1, threads_batch: int = 2, ctx: int = DEFAULT_CTX) -> HowToRun:
    """Return how the model in a file is run for measuring."""
    found = PulledModel(path.stem, path.absolute(), digest_of(path), path.stat().st_size, ctx, "a file")
    return HowToRun(found, ctx=ctx, threads=threads, threads_batch=threads_batch)


def main() -> None:
    """Measure one model and print what it came to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--threads-batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--objectives", type=int, default=len(OBJECTIVES))
    asked = parser.parse_args()
    how = how_to_run(asked.model, threads=asked.threads, threads_batch=asked.threads_batch)
    found = asyncio.run(
        measure_prefix(how, objectives=OBJECTIVES[: asked.objectives], rounds=asked.rounds)
    ).as_bar()
    for name, value in found.items():
        print(f"{name:<28} {value:>10}", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
