"""What `callsheet models bench` prints: a table for people, a document for programs, a line for each call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TextIO

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from contracts.errors import AttemptFailed
from eval.models.calls import Ask, Call
from eval.models.picture import figure
from eval.models.running import Measured
from eval.models.summary import Row, Spread
from service.console import printable
from service.model_bench import Outcome

WIDTH: Final = 120
"""Columns of a table when stdout is no terminal."""
INTERRUPTED: Final = 130
HEADINGS: Final = (
    "calls",
    "failed",
    "TTFT ms\np50 · p95",
    "tok/s\nmean ± dev",
    "answer ms\np50 · p95",
    "prompt ms\np50",
    "load ms\nmost",
    "tokens\nin · out",
    "tok/s\nof all",
)


class Teller:
    """Says each call on stderr as it ends, and keeps it in a file.

    Args:
        file: To keep them in; None to keep none.
    """

    def __init__(self, file: TextIO | None) -> None:
        self._file = file

    def __call__(self, call: Call) -> None:
        """Say a call."""
        if self._file is not None:
            self._file.write(call.model_dump_json(exclude_none=True) + "\n")
            self._file.flush()
        who = " ".join(filter(None, (call.setting.model, call.setting.options)))
        place = "warm-up" if call.is_warmup else f"agent {call.agent}, run {call.run}"
        took = call.error_code or f"{figure(call.total_ms or 0)} ms, {call.tokens_generated or 0} tokens"
        click.echo(printable(f"{who}: {place}: {took}"), err=True)


def document_of(
    rows: Sequence[Row], measured: Measured, *, began: datetime, ask: Ask, outcome: Outcome
) -> dict[str, Any]:
    """Return all that was measured, for programs."""
    return {
        "schema": "models-bench/1",
        "began_at": began.isoformat(timespec="seconds"),
        "complete": outcome.is_complete,
        "max_tokens": ask.max_tokens,
        "prompt_chars": len(ask.prompt),
        "begins_alike": ask.begins_alike,
        "settings": [row.model_dump(mode="json") for row in rows],
        "calls": [call.model_dump(mode="json", exclude_none=True) for call in measured.calls],
    }


def exit_code_of(rows: Sequence[Row], outcome: Outcome) -> int:
    """Return the code to leave with.

    Raises:
        CallsheetError: What ended the measuring; `eval.nothing_measured`, where a model answered no call.
    """
    if outcome.error is not None:
        raise outcome.error
    if outcome.was_stopped:
        click.echo("interrupted: this is what was measured until then", err=True)
        return INTERRUPTED
    silent = next((row for row in rows if row.calls and row.failed == row.calls), None)
    if silent is not None:
        name = silent.setting.model
        raise AttemptFailed(
            "eval.nothing_measured",
            f"the model {name!r} answered no call: {next(iter(silent.codes))}",
            hint=f"callsheet models ping {name}",
        )
    return 0


def show_table(rows: Sequence[Row]) -> None:
    """Print one line for each setting on stdout."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        found = row.metrics.get
        table.add_row(
            "\n".join(filter(None, (printable(row.setting.model), row.setting.options.replace(", ", "\n")))),
            str(row.calls),
            str(row.failed),
            _of(found("ttft_ms"), "p50", "p95"),
            _of(found("throughput_tok_s"), "mean", "deviation", joint=" ± "),
            _of(found("total_ms"), "p50", "p95"),
            _of(found("prompt_eval_duration_ms"), "p50"),
            _of(found("load_duration_ms"), "most"),
            f"{_of(found('prompt_tokens'), 'mean')} · {_of(found('tokens_generated'), 'mean')}",
            "-" if row.tokens_per_s is None else figure(row.tokens_per_s),
        )
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)


def _of(spread: Spread | None, *names: str, joint: str = " · ") -> str:
    found = [None if spread is None else getattr(spread, name) for name in names]
    return joint.join("-" if value is None else figure(value) for value in found)
