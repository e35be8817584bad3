"""Everything an endpoint can do wrong, through a proxy that does it, to every way of asking a model.

    python benchmarks/models/chaos.py [--model FILE.gguf] [--at-once N] [--deadline S]

With `--model` a real server (llama.cpp's, with that model) stands behind the
proxy in a second round. A table on stderr; the last line of stdout is one
JSON object. Exit 1 when a figure is over what it may be.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.figures import Figure, show
from benchmarks.models.chaos_cases import HOW, Came, Terms, bad_day, circuit, resident_mb
from benchmarks.models.chaos_proxy import FAULTS

KEY: Final = "chaos-key-of-this-run"
MOST_MB: Final = 40.0
"""How much larger a process may grow for each call at once, whatever it is sent: a reply has 16 MiB at most."""
T = TypeVar("T")


async def bad_days(terms: Terms, *, at_once: int, real: int | None = None) -> list[Came]:
    """Return what every fault makes of every way of asking, alone and with a fallback."""
    turn = asyncio.Semaphore(at_once)

    async def one(ask: Callable[[], Awaitable[Came]]) -> Came:
        async with turn:
            return await ask()

    asks = [
        lambda f=fault, h=how, s=spare: bad_day(f, h, terms=terms, spare=s, real=real, key=KEY)
        for fault in FAULTS
        for how in HOW
        for spare in (None, terms)
    ]
    return await asyncio.gather(*map(one, asks))


async def watched(work: Awaitable[T]) -> tuple[T, float]:
    """Return what comes of it, and by how many MB the process grew meanwhile at most."""
    before = most = resident_mb()
    task = asyncio.ensure_future(work)
    while not (await asyncio.wait({task}, timeout=0.05))[0]:
        most = max(most, resident_mb())
    return task.result(), most - before


@contextmanager
def real_server(model: Path) -> Iterator[int]:
    """Give the port of a real server with a model."""
    runtime: Any = import_module("xllamacpp")  # of an extra
    wanted = runtime.CommonParams()
    wanted.model.path, wanted.n_ctx, wanted.n_parallel = str(model), 16384, 4
    wanted.cpuparams.n_threads, wanted.cpuparams_batch.n_threads = 1, 2
    wanted.hostnames, wanted.port, wanted.api_keys = ["127.0.0.1"], 0, [KEY]
    wanted.n_gpu_layers, wanted.warmup, wanted.ui, wanted.verbosity = 0, False, False, 0
    server = runtime.Server(wanted)
    yield int(str(server.listening_address).rpartition(":")[2])
    del server


def figures(came: Sequence[Came], grown_mb: float, *, at_once: int, about: str) -> list[Figure]:
    """Return what counts of some bad days."""
    chained = [c for c in came if c.with_fallback and c.how != "stream"]
    plans = [c for c in came if c.how == "plan"]
    late = [c.seconds - c.deadline_s for c in came]
    return [
        Figure(f"bar2_{about}calls", len(came), what="faults x ways of asking, alone and with a fallback"),
        Figure(f"bar2_{about}hangs", sum(c.outcome == "hangs" for c in came), 0),
        Figure(f"bar2_{about}untyped", sum(not c.is_typed for c in came), 0),
        Figure(
            f"bar2_{about}late", sum(c.is_late for c in came), 0, "past the deadline by more than a second"
        ),
        Figure(f"bar2_{about}latest_s", round(max(late), 2), 1, "after the deadline; below 0: before it"),
        Figure(
            f"bar2_{about}unanswered",
            sum(c.outcome != "ok" for c in chained),
            0,
            "whole completions and plans without an answer, though a fallback had one",
        ),
        Figure(f"bar2_{about}no_plan", sum(c.outcome != "ok" for c in plans), 0, "objectives without a plan"),
        Figure(
            f"bar2_{about}grown_mb", round(grown_mb, 1), MOST_MB * at_once, "memory, with all calls at once"
        ),
    ]


async def breaker_figures(terms: Terms) -> list[Figure]:
    """Return what counts of an endpoint that is left alone and then well again."""
    found = await circuit(terms)
    opened = found.codes.count("provider.breaker_open")
    return [
        Figure(
            "bar2_breaker_stays_closed", 20 - opened, 0, "calls to a failing endpoint that were not refused"
        ),
        Figure("bar2_breaker_leaks", found.asked_while_open, 0, "requests of refused calls"),
        Figure("bar2_breaker_refusal_ms", round(found.refused_ms, 2), 50),
        Figure("bar2_breaker_not_closed", int(not found.closed), 0, "after the endpoint was well"),
        Figure("bar2_breaker_fallback_fails", int(found.fallback != "ok"), 0, "while it was open"),
    ]


def tell(came: Sequence[Came], *, title: str) -> None:
    """Print what each fault came to."""
    table = Table(title=title)
    ways = [(how, chained) for how in HOW for chained in (False, True)]
    for heading in ("fault", *(f"{how}{', fallback' if chained else ''}" for how, chained in ways)):
        table.add_column(heading)
    for fault in FAULTS:
        found = {(c.how, c.with_fallback): c for c in came if c.fault == fault}
        cells = [found[way] for way in ways]
        table.add_row(fault, *(f"{c.outcome.removeprefix('provider.')} {c.seconds:.1f} s" for c in cells))
    Console(file=sys.stderr, width=190).print(table)


async def experiment(asked: argparse.Namespace) -> list[Figure]:
    """Return every figure."""
    terms = Terms(deadline_s=asked.deadline)
    await bad_day(
        "none", "complete", terms=Terms(deadline_s=60, first_piece_s=60)
    )  # the imports of a first call
    came, grown_mb = await watched(bad_days(terms, at_once=asked.at_once))
    tell(came, title="a scripted endpoint behind the proxy")
    found = figures(came, grown_mb, at_once=asked.at_once, about="")
    found += await breaker_figures(Terms(deadline_s=asked.deadline, retries=0))
    if asked.model is None:
        return found
    with real_server(asked.model) as port:
        came, grown_mb = await watched(bad_days(terms, at_once=asked.at_once, real=port))
    tell(came, title="a real server behind the proxy")
    return found + figures(came, grown_mb, at_once=asked.at_once, about="real_")


def main() -> int:
    """Run, print, and say by the exit code whether everything holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a GGUF file for a real server")
    parser.add_argument("--at-once", type=int, default=6, help="calls at once")
    parser.add_argument("--deadline", type=float, default=4.0, help="of each call, in seconds")
    found = asyncio.run(experiment(parser.parse_args()))
    show(found, title="models-chaos")
    return int(any(figure.verdict == "FAILS" for figure in found))


if __name__ == "__main__":
    raise SystemExit(main())
