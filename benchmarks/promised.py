"""What a benchmark found, against what it may be: a table for people, one JSON line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

Figures = dict[str, Any]
"""Key, beginning with its bar's number -> what was found; None where it could not be measured."""


@dataclass(frozen=True)
class Promised:
    """What was promised of figures, by key."""

    title: str
    least: Mapping[str, float]
    most: Mapping[str, float]

    def verdict_of(self, key: str, value: Any) -> str:
        """Say whether a figure is what it may be; nothing where nothing was promised."""
        if key not in self.least and key not in self.most:
            return ""
        if value is None:
            return "absent"
        is_kept = self.least.get(key, value) <= value <= self.most.get(key, value)
        return "holds" if is_kept else "FAILS"

    def show(self, found: Figures) -> bool:
        """Print the table on stderr and the JSON object on stdout; say whether nothing fails."""
        table = Table(title=self.title)
        for heading in ("figure", "found", "at least", "at most", ""):
            table.add_column(heading)
        for key, value in found.items():
            bounds = (f"{b[key]:g}" if key in b else "" for b in (self.least, self.most))
            table.add_row(key, "-" if value is None else str(value), *bounds, self.verdict_of(key, value))
        Console(file=sys.stderr, width=100).print(table)
        print(json.dumps(found), flush=True)
        return all(self.verdict_of(key, value) != "FAILS" for key, value in found.items())
