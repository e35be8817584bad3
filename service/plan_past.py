"""What the traces of the folder at hand tell of a plan, for the `plan` command; imported only where there are any."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from contracts.priors import Past
from storage.reader import Reader
from traces.priors import past_of


def past_at(path: Path, agents: Collection[str], *, plan_id: str) -> Past:
    """Return what a database knows of a plan and its agents; nothing is made, changed or waited for.

    Raises:
        CallsheetError: `storage.*`, it cannot be read.
    """
    with Reader.open(path, beside="nothing") as reader:
        return past_of(reader, agents, plan_id=plan_id)
