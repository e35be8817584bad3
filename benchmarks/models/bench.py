"""An embedded model as a planner: are its plans useful, beside and together with the rules, and how soon they come.

    python -P benchmarks/models/bench.py [--bars 3,4] [--model FILE|NAME] [--half unseen] [--objectives N]

A table on stderr; the last line of stdout is one JSON object whose keys begin
with the bar's number. Exits with 1 when a promise is not kept, with 2 when
there is no model to measure.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from benchmarks.models.figures import Figures, say, show
from benchmarks.models.prefix import measure_prefix
from benchmarks.models.quality import measure_quality
from contracts.clock import Clock, SystemClock
from contracts.errors import CallsheetError
from egress.fetch_door import FetchDoor
from providers.embedded.folder import PulledModel, digest_of
from providers.embedded.model import EmbeddedModel
from providers.embedded.server import HowToRun
from service.settings_embedded import EmbeddedSettings

BARS: Final = ("3", "4")
WANTED: Final = "qwen2.5-coder-1.5b"
CTX: Final = 4096
ROUNDS: Final = 2
"""Restarts."""


def found_model(said: str | None) -> PulledModel:
    """Return the model that is measured: a file, or one that was pulled.

    Raises:
        NotFound: `model.not_pulled`, `model.unknown`.
    """
    path = Path(said) if said else None
    if path is not None and path.is_file():
        return PulledModel(path.stem.lower(), path, digest_of(path), path.stat().st_size, CTX, "a file")
    return EmbeddedSettings().models().get(said or WANTED)


async def measure(model: PulledModel, given: argparse.Namespace, clock: Clock) -> Figures:
    """Return what was asked for."""
    how = HowToRun(model, ctx=CTX, threads=given.threads, threads_batch=2)
    say(f"{model.name}, sha256 {model.sha256}")
    found: Figures = {}
    if "3" in given.bars:
        with TemporaryDirectory() as folder:
            states = Path(folder, "states")
            asked = EmbeddedModel(how, door=FetchDoor(clock), clock=clock, states=states)
            async with aclosing(asked):
                found |= await measure_quality(asked, clock, half=given.half, most=given.objectives)
    if "4" in given.bars:
        say("how soon plans come")
        figures = await measure_prefix(how, rounds=ROUNDS)
        found |= {**figures.as_bar(), "bar4_ttft_kept_prefix_s": round(figures.restart_ttft_s, 3)}
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print it, and say by the exit code whether it holds.

    Args:
        arguments: The process's, when absent.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bars", default=",".join(BARS), type=lambda said: said.split(","))
    parser.add_argument("--model", help="a GGUF file, or the name of a pulled model")
    parser.add_argument("--half", choices=("seen", "unseen"), default="unseen")
    parser.add_argument("--objectives", type=int, help="at most so many of the half")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.bars) - set(BARS)):
        parser.error(f"no bar is called {', '.join(unknown)}; there are {', '.join(BARS)}")
    try:
        model = found_model(given.model)
    except CallsheetError as exc:
        say(f"{exc.message}: {exc.hint}, or --model FILE.gguf")
        return 2
    return 0 if show(asyncio.run(measure(model, given, SystemClock()))) else 1


if __name__ == "__main__":
    sys.exit(main())
