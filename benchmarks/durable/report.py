"""Tables on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

Figures = dict[str, Any]
"""Key -> number, as the last line of stdout holds them."""


class Report:
    """Prints what was found, for people."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr, width=110)

    def table(self, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print one table."""
        table = Table(title=title, title_justify="left")
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="right" if number else "left")
        for row in rows:
            table.add_row(*map(str, row))
        self._console.print(table)

    def say(self, text: str) -> None:
        """Print one line."""
        self._console.print(text, highlight=False)
