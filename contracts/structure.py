"""What makes a plan document sound before any agent is asked: its shape, its graph, the flow of its keys.

Every problem is collected; nothing is raised for the first one. Works on plain
JSON, so that the `plan` command need not import pydantic. Agents, arguments
and policy are the planner's to check, with the catalogue at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.errors import InvalidPlan, Problem
from contracts.jsonvalue import join_pointer, parse_json, sha256_of
from contracts.schemas import Checker

if TYPE_CHECKING:
    from pydantic import JsonValue

UNHASHED = frozenset({"plan_id", "parent", "origin"})
MAX_SHAPE_PROBLEMS = 100
MAX_SCHEMA_PARTS = 2000
REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})

Subtasks = list[dict[str, Any]]


def plan_id_of(document: Mapping[str, JsonValue]) -> str:
    """Return the name a plan document has by its content, in hex."""
    return sha256_of({k: v for k, v in document.items() if k not in UNHASHED})


def seal(document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the document with `schema`, an `origin` (human, if it names none) and its `plan_id` filled in."""
    whole: dict[str, JsonValue] = {"schema": "plan/1", **document}
    whole.setdefault("origin", {"planner": "human"})
    return whole | {"plan_id": plan_id_of(whole)}


def read_document(text: bytes | str | Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the plan document, sealed where it names no `plan_id`.

    Raises:
        InvalidPlan: `plan.shape`, it is no object.
        InvalidInput: The text is no JSON (`json.*`).
    """
    document = dict(text) if isinstance(text, Mapping) else parse_json(text)
    if not isinstance(document, dict):
        raise InvalidPlan(
            [Problem("plan.shape", "", f"a plan is an object, this is {type(document).__name__}")]
        )
    return document if "plan_id" in document else seal(document)


def plan_problems(document: Mapping[str, JsonValue]) -> list[Problem]:
    """Return everything wrong with a plan document; an empty list when it is sound."""
    shape = list(_shape_problems(document))
    if shape:
        return shape
    subtasks: Subtasks = document["subtasks"]  # type: ignore[assignment]  # the schema has just said so
    inputs: dict[str, Any] = document.get("inputs", {})  # type: ignore[assignment]  # likewise
    graph = [*_id_problems(subtasks), *_dependency_problems(subtasks)] or list(_cycle_problems(subtasks))
    flow = [] if graph else list(_flow_problems(subtasks, inputs))
    return [
        *_name_problems(document),
        *graph,
        *_writer_problems(subtasks, inputs, document.get("result_key")),
        *flow,
        *_bind_problems(subtasks),
        *_output_schema_problems(subtasks),
        *_unsupported_problems(subtasks, document.get("budget", {})),  # type: ignore[arg-type]  # likewise
    ]


class Ancestry:
    """Who waits for whom, directly or not, in an acyclic plan; a bit for each subtask, so that long chains stay small."""

    def __init__(self, subtasks: Subtasks) -> None:
        direct = {s["id"]: s["dependencies"] for s in subtasks}
        self._bit = {sid: 1 << i for i, sid in enumerate(direct)}
        self._above: dict[str, int] = {}
        for sid in TopologicalSorter(direct).static_order():
            found = 0
            for name in direct[sid]:
                found |= self._bit[name] | self._above[name]
            self._above[sid] = found

    def waits_for(self, subtask_id: str, other: str) -> bool:
        """Say whether `subtask_id` starts only after `other` has ended."""
        return bool(self._above[subtask_id] & self._bit[other])


@cache
def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of `plan/1`."""
    found: dict[str, Any] = parse_json((Path(__file__).parent / "plan.schema.json").read_bytes())  # type: ignore[assignment]  # our own file
    return found


@cache
def _checker() -> Checker:
    return Checker(plan_schema())


def _shape_problems(document: Mapping[str, JsonValue]) -> Iterator[Problem]:
    for pointer, message in islice(_checker().problems(dict(document)), MAX_SHAPE_PROBLEMS):
        yield Problem("plan.shape", pointer, message)


def _name_problems(document: Mapping[str, JsonValue]) -> Iterator[Problem]:
    own, given = plan_id_of(document), str(document["plan_id"])
    if given != own:
        yield Problem(
            "plan.hash_mismatch",
            "/plan_id",
            f"the plan was edited: its content is {own[:12]}…, it says {given[:12]}…",
            "Leave plan_id out to have it computed.",
        )


def _each(subtasks: Subtasks, field: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((join_pointer("subtasks", i, field), s) for i, s in enumerate(subtasks))


def _id_problems(subtasks: Subtasks) -> Iterator[Problem]:
    counts = Counter(s["id"] for s in subtasks)
    for pointer, s in _each(subtasks, "id"):
        if counts[s["id"]] > 1:
            yield Problem("plan.duplicate_id", pointer, f"{counts[s['id']]} subtasks are called {s['id']!r}")


def _dependency_problems(subtasks: Subtasks) -> Iterator[Problem]:
    known = {s["id"] for s in subtasks}
    for pointer, s in _each(subtasks, "dependencies"):
        for i, name in enumerate(s["dependencies"]):
            if name == s["id"]:
                yield Problem("plan.self_dependency", f"{pointer}/{i}", f"{name!r} waits for itself")
            elif name not in known:
                yield Problem(
                    "plan.dangling_dependency",
                    f"{pointer}/{i}",
                    f"{s['id']!r} waits for {name!r}, which no subtask is called",
                )


def _cycle_problems(subtasks: Subtasks) -> Iterator[Problem]:
    try:
        TopologicalSorter({s["id"]: s["dependencies"] for s in subtasks}).prepare()
    except CycleError as exc:
        ring = list(reversed(exc.args[1]))
        yield Problem("plan.cycle", "/subtasks", "subtasks wait for each other: " + " -> ".join(ring[:20]))


def _writer_problems(subtasks: Subtasks, inputs: Mapping[str, Any], result_key: Any) -> Iterator[Problem]:
    writers: dict[str, str] = {}
    for pointer, s in _each(subtasks, "output_key"):
        key = s["output_key"]
        if key in inputs:
            yield Problem(
                "plan.overwrites_input", pointer, f"{s['id']!r} writes {key!r}, which the caller gives"
            )
        if key in writers:
            yield Problem("plan.two_writers", pointer, f"{writers[key]!r} and {s['id']!r} both write {key!r}")
        writers.setdefault(key, s["id"])
    if result_key is not None and result_key not in writers.keys() | inputs.keys():
        yield Problem("plan.unknown_key", "/result_key", f"nothing writes {result_key!r}")


def _flow_problems(subtasks: Subtasks, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    writers = {s["output_key"]: s["id"] for s in subtasks}
    ancestry = Ancestry(subtasks)
    for pointer, s in _each(subtasks, "input_keys"):
        for i, key in enumerate(s["input_keys"]):
            if key in inputs:
                continue
            if key not in writers:
                yield Problem(
                    "plan.unknown_key", f"{pointer}/{i}", f"{s['id']!r} reads {key!r}, which nothing writes"
                )
            elif not ancestry.waits_for(s["id"], writers[key]):
                yield Problem(
                    "plan.producer_not_ancestor",
                    f"{pointer}/{i}",
                    f"{s['id']!r} reads {key!r} but does not wait for {writers[key]!r}, which writes it",
                    f"Add {writers[key]!r} to its dependencies.",
                )


def _bind_problems(subtasks: Subtasks) -> Iterator[Problem]:
    for i, s in enumerate(subtasks):
        sources = {join_pointer("subtasks", i, "bind", name): b for name, b in s.get("bind", {}).items()}
        listed = set(s["input_keys"])
        if "foreach" in s:
            sources[join_pointer("subtasks", i, "foreach")] = s["foreach"]
        for at, source in sources.items():
            if "key" in source and source["key"] not in listed:
                yield Problem(
                    "plan.bind_not_input",
                    at,
                    f"{s['id']!r} reads {source['key']!r}, which its input_keys do not list",
                )
            if source.get("pointer", "")[:1] not in {"", "/"}:
                yield Problem(
                    "plan.bad_pointer", f"{at}/pointer", f"a pointer begins with '/': {source['pointer']!r}"
                )


def _output_schema_problems(subtasks: Subtasks) -> Iterator[Problem]:
    # References that double at each level make a schema of 3 KB cost gigabytes to compile.
    for pointer, s in _each(subtasks, "output_schema"):
        waiting, parts = [s.get("output_schema", {})], 0
        while waiting and parts <= MAX_SCHEMA_PARTS:
            part = waiting.pop()
            parts += 1
            inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
            waiting.extend(inside)
            if isinstance(part, dict) and (found := sorted(REFERENCES & part.keys())):
                yield Problem(
                    "plan.output_schema",
                    pointer,
                    f"the output_schema of {s['id']!r} uses {found[0]}, which is not followed",
                    "Write the schema out in place of the reference.",
                )
                break
        if parts > MAX_SCHEMA_PARTS:
            yield Problem(
                "plan.output_schema",
                pointer,
                f"the output_schema of {s['id']!r} has over {MAX_SCHEMA_PARTS} parts",
            )


def _unsupported_problems(subtasks: Subtasks, plan_budget: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _budget_problems("/budget", "the plan", plan_budget)
    for i, s in enumerate(subtasks):
        asked = {
            "when": "when" in s,
            "on_failure": s.get("on_failure", "skip") != "skip",
            "fallback_agent": "fallback_agent" in s,
            "approval": s.get("approval", "auto") == "always",
        }
        for field in (f for f, wanted in asked.items() if wanted):
            yield _unsupported(join_pointer("subtasks", i, field), f"{s['id']!r} uses {field}", field)
        yield from _budget_problems(join_pointer("subtasks", i, "budget"), repr(s["id"]), s.get("budget", {}))


def _budget_problems(at: str, who: str, budget: Mapping[str, Any]) -> Iterator[Problem]:
    for name in budget.keys() - {"wall_s"}:
        yield _unsupported(f"{at}/{name}", f"{who} has a budget of {name}", f"budget.{name}")


def _unsupported(at: str, what: str, field: str) -> Problem:
    return Problem(
        "plan.unsupported", at, f"{what}, which this version does not execute", f"Leave {field} out."
    )
