"""The built-in example: its site built and served on loopback, its answer compared with the truth."""

from __future__ import annotations

import difflib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue

from contracts.jsonvalue import parse_json
from examples.auction.serve import SiteServer
from examples.auction.site import build
from service.answer import rows_of
from service.console import counted


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a result compares with the truth."""

    is_right: bool
    message: str


@dataclass(frozen=True, slots=True)
class Example:
    """A site that is being served, and what is true of it."""

    url: str
    objective: str
    now: datetime
    home_zone: str
    answer: list[dict[str, Any]]

    @property
    def address(self) -> str:
        """Return `host:port` of the site."""
        return urlsplit(self.url).netloc

    def judge(self, result: JsonValue) -> Verdict:
        """Compare a run's result with `truth.json`, row by row and field by field."""
        found = [_with_path(row) for row in rows_of(result) or []]
        if found == self.answer:
            return Verdict(
                is_right=True, message=f"The answer equals truth.json: {counted(len(found), 'row')}."
            )
        wanted, given = (
            json.dumps(rows, indent=1, sort_keys=True).split("\n") for rows in (self.answer, found)
        )
        lines = list(difflib.unified_diff(wanted, given, "truth.json", "answer", lineterm=""))
        return Verdict(
            is_right=False, message="The answer differs from truth.json:\n" + "\n".join(lines[:80])
        )


@contextmanager
def open_example(seed: int) -> Iterator[Example]:
    """Build the auction site for `seed` in a temporary folder and serve it while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="callsheet-auction-") as name:
        folder = Path(name)
        build(folder, seed=seed)
        truth: Any = parse_json((folder / "truth.json").read_bytes())
        with SiteServer(folder) as server:
            yield Example(
                url=server.url,
                objective=f"{truth['objective']}: {server.url}",
                now=datetime.fromisoformat(truth["now"]),
                home_zone=truth["home_zone"],
                answer=truth["answer"],
            )


def _with_path(row: dict[str, Any]) -> dict[str, Any]:
    """Name a row by its path: the port differs each time."""
    rest = {k: v for k, v in row.items() if k != "url"}
    return {"path": urlsplit(str(row.get("url", ""))).path, **rest}
