"""What `callsheet run` was asked for: an objective or a plan, with its inputs, its grants and its terms."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from contracts.errors import InvalidInput
from contracts.jsonvalue import MAX_BYTES
from contracts.plan import Plan
from contracts.policy import Grant
from planner.checked import load_checked
from service.cards import cards_at_hand
from service.console import parse_inputs
from service.example import Example
from service.grants import grants_of
from service.orders import Terms

ONLY_HERE: Final = (
    "url", "allow_private", "allow_host", "allow_folder", "now", "home_zone", "concurrency", "traces",
)  # fmt: skip
OF_OBJECTIVES: Final = ("url", "inputs", "allow_private", "allow_host", "allow_folder", "now", "home_zone")
OF_NEW_RUNS: Final = (*OF_OBJECTIVES, "approval", "priority", "deadline")


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked on the command line."""

    objective: str
    plan: Plan | None
    inputs: Mapping[str, JsonValue]
    grants: tuple[Grant, ...]
    terms: Terms
    now: datetime | None = None
    only_here: tuple[str, ...] = ()
    """Flags that a server that holds the database would not heed."""


def flags_named(names: tuple[str, ...], given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return those of the options that were given, as they are typed."""
    return tuple(_flag(name) for name in names if given[name])


def task_of_example(example: Example) -> Task:
    """Return the built-in objective."""
    grant = Grant(kind="private_host", value=example.address, by="--example")
    return Task(example.objective, None, {}, (grant,), Terms(), example.now, ("--example",))


def task_of(text: str, given: Mapping[str, Any]) -> Task:
    """Return what an argument and its options ask for.

    Raises:
        InvalidInput: `plan.unreadable`, `input.*`, and what a plan is refused for.
    """
    now = given["now"].replace(tzinfo=UTC) if given["now"] else None
    terms = Terms(given["priority"] or 0, given["approval"] or "auto", given["deadline"])
    inputs, only_here = parse_inputs(given["inputs"]), flags_named(ONLY_HERE, given)
    task = Task("", None, inputs, grants_of(given), terms, now, only_here)
    is_file = text.endswith(".json")
    if text == "-":
        text = sys.stdin.read(MAX_BYTES + 1)
    elif is_file:
        text = _read_file(Path(text))
    if is_file or text.lstrip().startswith("{"):
        plan = load_checked(text, cards_at_hand())
        return replace(task, objective=plan.objective, plan=plan)
    url = given["url"]
    return replace(task, objective=text if not url or url in text else f"{text.rstrip(' .')} on {url}")


def _flag(name: str) -> str:
    return f"--{name.removesuffix('s') if name == 'inputs' else name}".replace("_", "-")


def _read_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput(
            "plan.unreadable",
            f"cannot read {str(path)!r}: {exc}",
            where=str(path),
            hint="Name a file of UTF-8 text, or - for stdin.",
        ) from exc
