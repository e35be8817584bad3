"""What an experiment found, against what was promised: a table for people, one JSON line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table

from eval.latency import quantile

Number = int | float


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; `key` begins with its bar's, as in `bar3_stuck`."""

    key: str
    value: Number | str | None
    """None: it could not be measured, `what` says why."""
    most: Number | None = None
    """What it may be; None: it is told, not judged."""
    what: str = ""

    @property
    def verdict(self) -> Literal["holds", "FAILS", "skipped", ""]:
        """Whether the promise holds."""
        if self.value is None:
            return "skipped"
        if self.most is None or isinstance(self.value, str):
            return ""
        return "holds" if self.value <= self.most else "FAILS"


def percentile(samples: Sequence[float], q: float) -> float | None:
    """Return a quantile to one decimal, None of nothing."""
    return round(quantile(samples, q), 1) if samples else None


def show(figures: Sequence[Figure], *, title: str = "chaos") -> None:
    """Print the table on stderr and the JSON object as the last line of stdout."""
    table = Table(title=title)
    for heading in ("figure", "found", "at most", "", "what"):
        table.add_column(heading)
    for figure in figures:
        most = "" if figure.most is None else f"{figure.most:g}"
        table.add_row(figure.key, str(figure.value), most, figure.verdict, figure.what)
    Console(file=sys.stderr, width=160).print(table)
    print(json.dumps({figure.key: figure.value for figure in figures}), flush=True)


def say(text: str) -> None:
    """Tell whoever watches how far it is."""
    print(f"chaos: {text}", file=sys.stderr, flush=True)
