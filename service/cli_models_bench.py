"""`callsheet models bench`: how soon and how fast models answer, under every setting asked for."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import click
from typing_extensions import override

from contracts.clock import SystemClock
from contracts.errors import InvalidInput
from eval.models.calls import Ask
from eval.models.picture import draw
from eval.models.running import Measured, Sweep
from eval.models.summary import summarize
from service.console import EXIT_CODES, print_json
from service.model_bench import check_sweep, measure_models, models_to_measure
from service.model_bench_report import Teller, document_of, exit_code_of, show_table
from service.settings import load_settings

MAX_PROMPT: Final = 200_000
PROMPT: Final = (
    "The night shift left this note. Crane 2 stands still since nine: its left brake drags, and the spare is on "
    "order until Thursday. Crane 1 took over the long beams and is six lifts behind. The rain stopped at four, so "
    "the deck may be walked again, but the north stair stays shut. Two welders are ill; Ines and Tomas said they "
    "can stay until noon. The inspector comes at ten and wants the lifting book, which lies in the site office. "
    "Write down, in a few short paragraphs, what the day shift should do first, what can wait, and why."
)
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
EPILOG: Final = f"""\b
Options that take a list take it with commas; every combination is measured:
  callsheet models bench --agents 1,2,4 --runs 10
  callsheet models bench smollm2-135m --threads 1,2 --num-ctx 2048,4096 --picture bench.svg

Ctrl-C ends it: what was measured until then is told and drawn.

{EXIT_CODES}"""


class _List(click.ParamType[tuple[Any, ...]]):
    """Values with commas between them, each once."""

    def __init__(self, of: click.ParamType[Any]) -> None:
        self.name = f"{of.name}[,…]"
        self._of = of

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """Return the values, in order."""
        if isinstance(value, tuple):
            return value
        return tuple(dict.fromkeys(self._of.convert(part.strip(), param, ctx) for part in value.split(",")))


def _may_be_written(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Refuse at once what could not be written after minutes of measuring."""
    if value is not None and not os.access(value if value.exists() else value.parent, os.W_OK):
        raise click.BadParameter(f"{str(value)!r} cannot be written")
    return value


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[MODEL]…")
@click.option(
    "--runs", type=click.IntRange(1, 10_000), default=5, show_default=True, help="Calls of each agent."
)
@click.option(
    "--warmups", type=click.IntRange(0, 100), default=1, show_default=True, help="Calls before, not counted."
)
@click.option(
    "--agents",
    type=_List(click.IntRange(1, 256)),
    default="1",
    show_default=True,
    help="Who ask at the same time.",
)
@click.option(
    "--num-ctx",
    type=_List(click.IntRange(256, 10_000_000)),
    help="Tokens of context; embedded models and Ollama.",
)
@click.option("--threads", type=_List(click.IntRange(1, 256)), help="Of embedded models, for writing.")
@click.option(
    "--temperature",
    type=_List(click.FloatRange(0, 2)),
    default="0",
    show_default=True,
    help="How freely it writes.",
)
@click.option(
    "--max-tokens", type=click.IntRange(1, 100_000), default=64, show_default=True, help="Of each answer."
)
@click.option(
    "--prompt", "prompt_file", type=_FILE, help="A file with what is asked; a short text of ours when absent."
)
@click.option(
    "--alike", is_flag=True, help="Begin every question alike, so that what was read of it may be kept."
)
@click.option(
    "--picture", type=_FILE, callback=_may_be_written, help="Draw what was measured into this SVG file."
)
@click.option(
    "--calls",
    "calls_file",
    type=_FILE,
    callback=_may_be_written,
    help="Write each call to this file as it ends, one JSON object a line.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every setting and every call.")
def bench(
    names: tuple[str, ...],
    *,
    runs: int,
    warmups: int,
    agents: tuple[int, ...],
    num_ctx: tuple[int, ...] | None,
    threads: tuple[int, ...] | None,
    temperature: tuple[float, ...],
    max_tokens: int,
    prompt_file: Path | None,
    alike: bool,
    picture: Path | None,
    calls_file: Path | None,
    as_json: bool,
) -> int:
    """Measure how soon and how fast models answer.

    MODEL is a name of the settings or of an embedded model; the default one when absent.
    """
    settings = load_settings()
    models = models_to_measure(names, settings)
    sweep = Sweep(
        models=tuple(models),
        num_ctx=num_ctx or (None,),
        threads=threads or (None,),
        temperature=temperature,
        agents=agents,
        runs=runs,
        warmups=warmups,
    )
    check_sweep(sweep, models)
    ask = Ask(prompt=_prompt(prompt_file), max_tokens=max_tokens, begins_alike=alike)
    measured, clock = Measured(), SystemClock()
    began = clock.now()
    with ExitStack() as stack:
        file = None if calls_file is None else stack.enter_context(calls_file.open("a", encoding="utf-8"))
        measuring = measure_models(
            sweep,
            ask,
            models=models,
            embedded=settings.embedded,
            clock=clock,
            into=measured,
            tell=Teller(file),
        )
        outcome = asyncio.run(measuring)
    rows = summarize(measured)
    if picture is not None and rows:
        picture.write_text(draw(rows, measured.calls), encoding="utf-8")
    if as_json:
        print_json(document_of(rows, measured, began=began, ask=ask, outcome=outcome))
    elif rows:
        show_table(rows)
    return exit_code_of(rows, outcome)


def _prompt(path: Path | None) -> str:
    if path is None:
        return PROMPT
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput("eval.bad_prompt", f"{str(path)!r} cannot be read: {exc}"[:300]) from exc
    if not text.strip() or len(text) > MAX_PROMPT:
        raise InvalidInput(
            "eval.bad_prompt",
            f"{str(path)!r} has {len(text)} characters",
            hint=f"Between 1 and {MAX_PROMPT} can be asked.",
        )
    return text
