"""What was asked for, made ready to be taken in: a run without an id, and how it will be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from contracts.jsontext import json_text
from contracts.run import Approval, Run

YEAR_S: Final = 366 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How a run is to be gone about."""

    priority: int = 0
    """-100 to 100; each point is worth a minute of waiting."""
    approval: Approval = "auto"
    deadline_s: float | None = None
    """From being taken in; the operator's limit when absent."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run to be taken in."""

    run: Run
    """Without an id and times."""
    shown: Mapping[str, JsonValue]
    """The run as it will be kept, without its plan."""
    plan_text: str
    """Its plan as it will be kept, JSON."""
    deadline_s: float | None

    def run_at(self, run_id: str, now_ms: int) -> Run:
        """Return the run, as it is submitted."""
        deadline = None if self.deadline_s is None else now_ms + round(self.deadline_s * 1000)
        return self.run.model_copy(update={"run_id": run_id, "created_ms": now_ms, "deadline_ms": deadline})

    def text_of(self, run: Run) -> bytes:
        """Return the JSON of a run made by `run_at`, as it is kept."""
        own: dict[str, JsonValue] = {
            "run_id": run.run_id,
            "created_ms": run.created_ms,
            "deadline_ms": run.deadline_ms,
        }
        return json_with_plan({**self.shown, **own}, self.plan_text)


def json_with_plan(run: Mapping[str, JsonValue], plan: str) -> bytes:
    """Return a run's JSON, its plan given as text; a character UTF-8 cannot spell becomes `?`."""
    try:
        text = json_text(dict(run))
    except ValueError:  # a lone surrogate
        text = json.dumps(run, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f'{text[:-1]},"plan":{plan}}}'.encode("utf-8", "replace")
