"""What makes a plan document sound before any agent is asked: its shape, its graph, the flow of its keys.

Every problem is collected; nothing is raised for the first one. Works on plain
JSON, so that the `plan` command need not import pydantic. Agents, arguments
and policy are the planner's to check, with the catalogue at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from contracts.ancestry import Ancestry
from contracts.errors import InvalidPlan, Problem
from contracts.features import feature_problems
from contracts.jsonvalue import join_pointer, parse_json, sha256_of
from contracts.plan_shape import MAX_SHAPE_PROBLEMS, bounded, plan_schema, refuse_no_json, shape_problems

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["MAX_SHAPE_PROBLEMS", "plan_id_of", "plan_problems", "plan_schema", "read_document", "seal"]

UNHASHED: Final = frozenset({"plan_id", "parent", "origin"})
NO_OBJECT: Final = 'Write {"objective": …, "subtasks": […]}, as `plan OBJECTIVE` prints one.'
_KINDS: Final = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
MAX_OF_A_KIND: Final = 100
"""Problems of one kind that are told."""
MOST_NAMED: Final = 12

Subtasks = list[dict[str, Any]]


def plan_id_of(document: Mapping[str, JsonValue]) -> str:
    """Return the name a plan document has by its content, in hex."""
    return sha256_of({k: v for k, v in document.items() if k not in UNHASHED})


def seal(document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the document with `schema`, an `origin` (human, if it names none) and its `plan_id` filled in."""
    whole: dict[str, JsonValue] = {"schema": "plan/1", **document}
    whole.setdefault("origin", {"planner": "human"})
    return whole | {"plan_id": plan_id_of(whole)}


class Read(NamedTuple):
    """A plan document as it was read."""

    document: dict[str, JsonValue]
    """Sealed."""
    is_ours: bool
    """Whether the `plan_id` was computed here: it need not be checked."""


def read_document(text: bytes | str | Mapping[str, JsonValue]) -> Read:
    """Return the plan document, sealed where it names no `plan_id`.

    Raises:
        InvalidPlan: `plan.shape`, it is no object.
        InvalidInput: The text is no JSON (`json.*`), or the mapping could not be any.
    """
    if isinstance(text, Mapping):
        refuse_no_json(text)
    document = dict(text) if isinstance(text, Mapping) else parse_json(text)
    if not isinstance(document, dict):
        said = f"a plan is an object, this is {_KINDS.get(type(document), 'a number')}"
        raise InvalidPlan([Problem("plan.shape", "", said, NO_OBJECT)])
    return Read(document, is_ours=False) if "plan_id" in document else Read(seal(document), is_ours=True)


def plan_problems(document: Mapping[str, JsonValue], *, is_ours: bool = False) -> list[Problem]:
    """Return everything wrong with a plan document; an empty list when it is sound.

    Args:
        document: Sealed.
        is_ours: Whether its `plan_id` was computed from it just now.
    """
    shape = shape_problems(document)
    if shape:
        return shape
    subtasks: Subtasks = document["subtasks"]  # type: ignore[assignment]  # the schema has just said so
    inputs: dict[str, Any] = document.get("inputs", {})  # type: ignore[assignment]  # likewise
    graph = [*_some(_id_problems(subtasks)), *_some(_dependency_problems(subtasks))]
    flow: list[Problem] = []
    if not graph:
        try:
            flow = _some(_flow_problems(subtasks, inputs, Ancestry(subtasks)))
        except CycleError as exc:
            graph = [_cycle_problem(exc)]
    found = [
        *(() if is_ours else _name_problems(document)),
        *graph,
        *_some(_writer_problems(subtasks, inputs, document.get("result_key"))),
        *flow,
        *_some(_bind_problems(subtasks)),
        *_some(feature_problems(subtasks, document.get("budget", {}))),  # type: ignore[arg-type]  # likewise
    ]
    return [bounded(problem) for problem in found]


def _some(problems: Iterator[Problem]) -> list[Problem]:
    return list(islice(problems, MAX_OF_A_KIND))


def _name_problems(document: Mapping[str, JsonValue]) -> Iterator[Problem]:
    given = str(document["plan_id"])
    try:
        own = plan_id_of(document)
    except (ValueError, TypeError, RecursionError) as exc:
        yield Problem("plan.shape", "", f"it holds what no JSON does: {str(exc)[:200]}", "Send plain JSON.")
        return
    if given != own:
        yield Problem(
            "plan.hash_mismatch",
            "/plan_id",
            f"the plan was edited: its content is {own[:12]}…, it says {given[:12]}…",
            "Leave plan_id out to have it computed.",
        )


def _id_problems(subtasks: Subtasks) -> Iterator[Problem]:
    if len({s["id"] for s in subtasks}) == len(subtasks):
        return
    counts = Counter(s["id"] for s in subtasks)
    for n, s in enumerate(subtasks):
        if counts[s["id"]] > 1:
            said = f"{counts[s['id']]} subtasks are called {s['id']!r}"
            yield Problem("plan.duplicate_id", f"/subtasks/{n}/id", said, "Give each an id of its own.")


def _dependency_problems(subtasks: Subtasks) -> Iterator[Problem]:
    known = {s["id"] for s in subtasks}
    for n, s in enumerate(subtasks):
        for i, name in enumerate(s["dependencies"]):
            if name == s["id"]:
                at = f"/subtasks/{n}/dependencies/{i}"
                said = f"{name!r} waits for itself"
                yield Problem("plan.self_dependency", at, said, "Take it out of its own dependencies.")
            elif name not in known:
                at = f"/subtasks/{n}/dependencies/{i}"
                said = f"{s['id']!r} waits for {name!r}, which no subtask is called"
                yield Problem(
                    "plan.dangling_dependency", at, said, f"{_known_ids(subtasks)}, or add {name!r}."
                )


def _cycle_problem(found: CycleError) -> Problem:
    ring = list(reversed(found.args[1]))
    said = "subtasks wait for each other: " + " -> ".join(ring[:20])
    return Problem(
        "plan.cycle",
        "/subtasks",
        said,
        f"Take {ring[0]!r} out of {ring[1]!r}'s dependencies, or cut it elsewhere.",
    )


def _writer_problems(subtasks: Subtasks, inputs: Mapping[str, Any], result_key: Any) -> Iterator[Problem]:
    writers: dict[str, str] = {}
    for n, s in enumerate(subtasks):
        key = s["output_key"]
        if key in inputs:
            said = f"{s['id']!r} writes {key!r}, which the caller gives"
            hint = "Give it another output_key."
            yield Problem("plan.overwrites_input", f"/subtasks/{n}/output_key", said, hint)
        if key in writers:
            said = f"{writers[key]!r} and {s['id']!r} both write {key!r}"
            hint = f"Give {s['id']!r} another output_key."
            yield Problem("plan.two_writers", f"/subtasks/{n}/output_key", said, hint)
        writers.setdefault(key, s["id"])
    if result_key is not None and result_key not in writers and result_key not in inputs:
        said = f"the result is to be {result_key!r}, which nothing writes"
        yield Problem("plan.unknown_key", "/result_key", said, _known_keys(writers, inputs))


def _flow_problems(subtasks: Subtasks, inputs: Mapping[str, Any], ancestry: Ancestry) -> Iterator[Problem]:
    writers = {s["output_key"]: s["id"] for s in subtasks}
    for n, s in enumerate(subtasks):
        for i, key in enumerate(s["input_keys"]):
            if key in inputs:
                continue
            if key not in writers:
                said = f"{s['id']!r} reads {key!r}, which nothing writes"
                hint = _known_keys(writers, inputs)
                yield Problem("plan.unknown_key", f"/subtasks/{n}/input_keys/{i}", said, hint)
            elif not ancestry.waits_for(s["id"], writers[key]):
                yield Problem(
                    "plan.producer_not_ancestor",
                    f"/subtasks/{n}/input_keys/{i}",
                    f"{s['id']!r} reads {key!r} but does not wait for {writers[key]!r}, which writes it",
                    f"Add {writers[key]!r} to its dependencies.",
                )


def _bind_problems(subtasks: Subtasks) -> Iterator[Problem]:
    for n, s in enumerate(subtasks):
        listed = set(s["input_keys"])
        for tokens, source in _sources(s):
            if "key" in source and source["key"] not in listed:
                yield Problem(
                    "plan.bind_not_input",
                    join_pointer("subtasks", n, *tokens),
                    f"{s['id']!r} reads {source['key']!r}, which its input_keys do not list",
                    f"Add {source['key']!r} to its input_keys.",
                )
            pointer = source.get("pointer", "")
            if pointer and pointer[0] != "/":
                yield Problem(
                    "plan.bad_pointer",
                    join_pointer("subtasks", n, *tokens, "pointer"),
                    f"{s['id']!r}: a pointer begins with '/': {pointer[:200]!r}",
                    f"Write {'/' + pointer[:60]!r}, or leave it out for the whole value.",
                )


def _sources(subtask: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield where in the subtask each source stands, and the source."""
    for name, source in subtask.get("bind", {}).items():
        yield ("bind", name), source
    for field in ("foreach", "when"):
        if field in subtask:
            yield (field,), subtask[field]


def _known_ids(subtasks: Subtasks) -> str:
    return f"Name one of {', '.join(s['id'] for s in subtasks[:MOST_NAMED])}{_more(len(subtasks))}"


def _known_keys(writers: Mapping[str, str], inputs: Mapping[str, Any]) -> str:
    known = [*inputs, *writers]
    named = ", ".join(known[:MOST_NAMED])
    return f"There are {named}{_more(len(known))}; or give it in inputs."


def _more(count: int) -> str:
    return f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
