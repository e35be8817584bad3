"""A foreign plan on its way to a document: its steps, what waits for what, and everything found wrong."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

from contracts.errors import Problem
from contracts.structure import seal
from planner.dialects.names import Names, stand_in_cards
from planner.reading.repairs import Repairs
from planner.validation import check

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_STEPS: Final = 10_000
MAX_PROBLEMS: Final = 200
MAX_OF_A_CODE: Final = 20
"""So that a hundred unknown agents do not hide a cycle."""
MAX_HINTS: Final = 20
LONGEST_STEP: Final = 1000
LONGEST_OBJECTIVE: Final = 4000


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a foreign plan."""

    document: dict[str, JsonValue] | None
    """Sealed; None when there are problems."""
    problems: tuple[Problem, ...]
    """Pointers lead into the foreign plan."""
    repairs: tuple[dict[str, JsonValue], ...]


@dataclass(slots=True)
class Step:
    """One step, on its way to a subtask."""

    id: str
    agent: str
    objective: str
    after: dict[str, None] = field(default_factory=dict)
    """The ids it waits for, in order, each once."""
    bind: dict[str, Any] = field(default_factory=dict)

    @property
    def output_key(self) -> str:
        """The key its result gets."""
        return f"{self.id}_output"

    def as_subtask(self) -> dict[str, Any]:
        """Return the subtask; without binds the step reads what it waits for."""
        read = [source["key"] for source in self.bind.values() if "key" in source]
        found: dict[str, Any] = {
            "id": self.id,
            "objective": self.objective,
            "required_agent": self.agent,
            "dependencies": list(self.after),
            "input_keys": list(dict.fromkeys(read)),
        }
        return found | ({"bind": self.bind} if self.bind else {}) | {"output_key": self.output_key}


class Draft:
    """Collects a foreign plan's steps, problems and repairs.

    Args:
        dialect: Its name, for `origin`.
        names: The agents at hand.
    """

    def __init__(self, dialect: str, names: Names) -> None:
        self.dialect = dialect
        self.names = names
        self.steps: dict[str, Step] = {}
        self.repairs = Repairs()
        self.problems: list[Problem] = []
        self._counts: Counter[str] = Counter()

    def wrong(self, code: str, pointer: str, message: str, hint: str = "") -> None:
        """Add a problem, as far as anybody reads them."""
        self._counts[code] += 1
        if self._counts[code] <= MAX_OF_A_CODE and len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, pointer, message, hint))

    def agent(self, foreign: str, pointer: str) -> str:
        """Return the plan's name of an agent; of an unknown one nothing is guessed, and it is a problem."""
        own = self.names.own(foreign)
        if own is None:
            near = self._near(foreign)
            said = f"Nearest: {', '.join(near)}." if near else "Name one of the agents at hand."
            self.wrong("plan.unknown_agent", pointer, f"there is no agent {foreign[:80]!r}", said)
        return own or "unknown"

    def _near(self, foreign: str) -> list[str]:
        # Comparing takes milliseconds where many agents are at hand; nobody reads on after a few hints.
        if len(self.problems) >= MAX_HINTS:
            return []
        return difflib.get_close_matches(foreign[:80], self.names.all()[:500], n=3, cutoff=0.55)

    def only_agent(self) -> str:
        """Return the one agent at hand, where the dialect names none."""
        if len(self.names.owned()) != 1:
            said = f"{self.dialect} names no agents, and {len(self.names.owned())} are at hand"
            self.wrong("plan.unknown_agent", "", said, "Give the one agent that does every step.")
            return "unknown"
        return self.names.owned()[0]

    def add(self, step: Step, pointer: str) -> None:
        """Add a step under its id."""
        if step.id in self.steps:
            self.wrong("plan.duplicate_id", pointer, f"two steps are called {step.id!r}")
        step.objective = self.cut(step.objective, LONGEST_STEP, pointer)
        self.steps.setdefault(step.id, step)

    def cut(self, text: str, longest: int, pointer: str) -> str:
        """Return a text as long as a plan may carry, logging it where that is less."""
        if len(text) > longest:
            self.repairs.add("dialect.text_cut", pointer, before=text)
        return text[:longest]

    def edge(self, source: str, target: str, pointer: str) -> None:
        """Let `target` wait for `source`; both are ids, as the foreign plan says them."""
        if source == target:
            self.wrong("plan.self_dependency", pointer, f"{target!r} waits for itself")
        elif source not in self.steps or target not in self.steps:
            missing = source if source not in self.steps else target
            self.wrong("plan.dangling_dependency", pointer, f"there is no step {missing[:60]!r}")
        else:
            self.steps[target].after[source] = None

    def imported(self, objective: str) -> Imported:
        """Return the document, or everything wrong with the plan."""
        if not self.steps and not self.problems:
            self.wrong("plan.shape", "", "the plan has no steps")
        ring = ring_in({s.id: s.after for s in self.steps.values()})
        if ring and not any(p.code == "plan.cycle" for p in self.problems):
            self.wrong("plan.cycle", "", "steps wait for each other: " + " -> ".join(ring[:20]))
        document = None if self.problems else self._document(objective)
        if document is not None:
            self.problems += check(document, stand_in_cards(self.names.owned()))
        return Imported(
            None if self.problems else document, tuple(self.problems), tuple(self.repairs.as_json())
        )

    def _document(self, objective: str) -> dict[str, JsonValue]:
        subtasks = [step.as_subtask() for step in self.steps.values()]
        waited = {name for step in self.steps.values() for name in step.after}
        last = [step.output_key for step in self.steps.values() if step.id not in waited]
        said = objective.strip() or f"A plan imported from {self.dialect}."
        origin: dict[str, Any] = {"planner": "human", "dialect": self.dialect}
        used = {step.agent for step in self.steps.values()}
        foreign = {own: name for own, name in self.names.foreign().items() if own in used}
        cut = self.cut(said, LONGEST_OBJECTIVE, "/objective")
        origin |= {"agents": foreign} if foreign else {}
        origin |= {"repairs": self.repairs.as_json()} if self.repairs.codes() else {}
        document: dict[str, Any] = {"objective": cut, "origin": origin, "subtasks": subtasks}
        return seal(document | ({"result_key": last[0]} if len(last) == 1 else {}))


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, keys too."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            waiting.extend(here.values())
            waiting.extend(here.keys())
        elif isinstance(here, list):
            waiting.extend(here)


def ring_in(waits: Mapping[str, Iterable[str]]) -> list[str]:
    """Return names that wait for each other in a ring, the first one again at the end; [] without one."""
    try:
        TopologicalSorter({name: set(before) for name, before in waits.items()}).prepare()
    except CycleError as exc:
        ring: Sequence[str] = exc.args[1]
        return list(reversed(ring))
    return []
