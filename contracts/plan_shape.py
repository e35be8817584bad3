"""Whether a document has the shape of `plan/1`, told in a bounded number of bounded problems.

A sound plan is looked at once. One that is not is looked at part by part, and
of its long lists only the beginning: what a document says is wrong with it may
cost no more than the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contracts.errors import InvalidInput, Problem
from contracts.jsonvalue import MAX_DEPTH, canonical_json, join_pointer, parse_json
from contracts.schemas import Checker, Fault, beginning

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_SHAPE_PROBLEMS: Final = 100
MAX_SUBTASKS: Final = 10_000
MOST_CONTAINERS: Final = 4_000_000
MAX_POINTER: Final = 300
MAX_MESSAGE: Final = 600
_STUB: Final = [
    {
        "id": "a",
        "objective": "a",
        "required_agent": "a",
        "dependencies": [],
        "input_keys": [],
        "output_key": "a",
    }
]
_WHOLE_NUMBERS: Final = ("tokens", "fuel", "memory_mb", "requests", "bytes")


@cache
def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of `plan/1`."""
    found: dict[str, Any] = parse_json((Path(__file__).parent / "plan.schema.json").read_bytes())  # type: ignore[assignment]  # our own file
    return found


def shape_problems(document: Mapping[str, JsonValue]) -> list[Problem]:
    """Return what keeps a document from being a plan at all."""
    whole = dict(document)
    first = _checker().first_fault(whole)
    if first is None:
        return list(islice(_fraction_problems(whole), MAX_SHAPE_PROBLEMS))
    found = list(islice(_faults(whole), MAX_SHAPE_PROBLEMS)) or [first]
    return [bounded(_problem(fault, whole)) for fault in found]


def refuse_no_json(document: Mapping[str, JsonValue]) -> None:
    """Refuse a mapping that no JSON text could have given.

    Raises:
        InvalidInput: `json.too_deep`, `json.too_large`, `json.malformed`, `json.encoding`.
    """
    level: list[Any] = [document]
    seen = depth = 0
    while level:
        depth, seen = depth + 1, seen + len(level)
        if depth > MAX_DEPTH:
            raise InvalidInput("json.too_deep", f"JSON nested deeper than {MAX_DEPTH} levels")
        if seen > MOST_CONTAINERS:
            raise InvalidInput("json.too_large", f"more than {MOST_CONTAINERS:,} lists and objects")
        for part in level:
            if isinstance(part, dict) and not all(type(name) is str for name in part):
                raise InvalidInput("json.malformed", "an object has a name that is no string")
        inner = (v for part in level for v in (part.values() if isinstance(part, Mapping) else part))
        level = [value for value in inner if isinstance(value, dict | list | tuple)]
    try:
        canonical_json(dict(document)).encode("utf-8")
    except UnicodeEncodeError as exc:
        raise InvalidInput("json.encoding", "a lone surrogate stands in a string") from exc
    except (ValueError, TypeError) as exc:
        raise InvalidInput("json.malformed", f"not JSON: {str(exc)[:200]}") from exc


def bounded(problem: Problem) -> Problem:
    """Return the problem in few words: at the nearest place around it with a short pointer, its message cut."""
    pointer, message = problem.pointer, problem.message
    if len(pointer) <= MAX_POINTER and len(message) <= MAX_MESSAGE:
        return problem
    if len(pointer) > MAX_POINTER:
        pointer = pointer[: pointer.rindex("/", 0, MAX_POINTER + 1)]
    if len(message) > MAX_MESSAGE:
        half = MAX_MESSAGE // 2
        message = f"{message[:half]} … {message[-half:]}"
    return Problem(problem.code, pointer, message, problem.hint)


@cache
def _checker() -> Checker:
    return Checker(plan_schema())


@cache
def _subtask_checker() -> Checker:
    return Checker({"$defs": plan_schema()["$defs"], "$ref": "#/$defs/subtask"})


def _faults(document: dict[str, Any]) -> Iterator[Fault]:
    subtasks = document.get("subtasks")
    if not isinstance(subtasks, list) or not 0 < len(subtasks) <= MAX_SUBTASKS:
        yield from _checker().faults(beginning(document))
        return
    yield from _checker().faults(beginning(document | {"subtasks": _STUB}))
    for number, subtask in enumerate(subtasks):
        first = _subtask_checker().first_fault(subtask)
        if first is None:
            continue
        for fault in list(_subtask_checker().faults(beginning(subtask))) or [first]:
            yield fault._replace(pointer=f"/subtasks/{number}{fault.pointer}")


def _fraction_problems(document: dict[str, Any]) -> Iterator[Problem]:
    # `1.0` is an integer to JSON Schema; read as one it would be written as `1`, and the plan would change its name.
    for place, value in _whole_numbers(document):
        if isinstance(value, float):
            pointer = join_pointer(*place)
            owner = _owner(pointer, document)
            said = f"{owner}{value!r} is a whole number, written as a fraction"
            yield Problem("plan.shape", pointer, said, f"Write {int(value)}.")


def _whole_numbers(document: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield from ((("budget", n), v) for n, v in document.get("budget", {}).items() if n in _WHOLE_NUMBERS)
    yield ("estimate", "tokens"), document.get("estimate", {}).get("tokens")
    yield ("origin", "llm_rounds"), document["origin"].get("llm_rounds")
    for n, s in enumerate(document["subtasks"]):
        if "retries" in s:
            yield ("subtasks", n, "retries"), s["retries"]
        if "foreach" in s:
            yield ("subtasks", n, "foreach", "max_items"), s["foreach"].get("max_items")
        if "budget" in s:
            budget = s["budget"].items()
            yield from ((("subtasks", n, "budget", k), v) for k, v in budget if k in _WHOLE_NUMBERS)


def _problem(fault: Fault, document: dict[str, Any]) -> Problem:
    said = f"{_owner(fault.pointer, document)}{fault.message}"
    return Problem("plan.shape", fault.pointer, said, _hint(fault))


def _owner(pointer: str, document: dict[str, Any]) -> str:
    """Return `'s1': ` where a pointer leads into that subtask."""
    _, field, number, *_ = [*pointer.split("/", 3), "", ""]
    if field != "subtasks" or not number:
        return ""
    subtask = document["subtasks"][int(number)]
    name = subtask.get("id") if isinstance(subtask, dict) else None
    return f"{name[:63]!r}: " if isinstance(name, str) else ""


def _hint(fault: Fault) -> str:
    tokens = fault.pointer.split("/")
    if "bind" in tokens:
        return 'A bind is {"key": K}, {"key": K, "pointer": "/a/b"} or {"literal": any value}.'
    if fault.keyword == "required":
        return "Add the field."
    if fault.keyword == "additionalProperties":
        part = "subtask" if len(tokens) > 2 and tokens[1] == "subtasks" else ""
        known = plan_schema()["$defs"][part] if part and len(tokens) == 3 else plan_schema()
        has = ", ".join(known["properties"]) if len(tokens) in {1, 3} else ""
        return f"Take it out; there are {has}." if has else "Take it out."
    if fault.keyword == "pattern":
        return "Ids and keys begin with a-z and hold a-z, 0-9 and _, 63 at most."
    return "Write it as the plan's reference says: docs/reference/plan.md."
