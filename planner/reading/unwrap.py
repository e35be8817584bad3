"""The plan inside what a reply wraps around it: `output`, a function call, a list, a string of JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, join_pointer
from planner.reading.beside import is_subtask
from planner.reading.repairs import Repairs

MAX_WRAPPERS: Final = 6
"""In each other."""
WRAPPERS: Final = (
    "plan",
    "output",
    "result",
    "response",
    "answer",
    "final",
    "final_answer",
    "final_plan",
    "json",
    "data",
    "arguments",
    "parameters",
    "args",
    "input",
    "function",
    "function_call",
    "tool_call",
    "tool_calls",
    "properties",
    "message",
    "choices",
    "content",
    "text",
)
"""Names under which a plan may stand; what stands alone may have any name."""

Decode = Callable[[str], Any]
"""Reads the JSON that a string spells; None where it spells none."""


def find_plan(value: Any, decode: Decode, repairs: Repairs, *, depth: int = 0) -> dict[str, Any] | None:
    """Return the object with `subtasks` that a value is or wraps, logging what was taken off; None without one.

    Raises:
        InvalidInput: `plan.reply_ambiguous`, it wraps several; what `decode` raises.
    """
    if depth > MAX_WRAPPERS:
        return None
    if isinstance(value, str):
        inner = decode(value) if value.lstrip()[:1] in {"{", "[", '"', "`"} and value.strip() else None
        found = None if inner is None else find_plan(inner, decode, repairs, depth=depth + 1)
        if found is not None:
            repairs.add("reply.string_decoded", before=value)
        return found
    if isinstance(value, list):
        return _in_list(value, decode, repairs, depth)
    if not isinstance(value, dict):
        return None
    return (
        _with_list(value, decode, repairs)
        if "subtasks" in value
        else _in_object(value, decode, repairs, depth)
    )


def _with_list(value: dict[str, Any], decode: Decode, repairs: Repairs) -> dict[str, Any]:
    spelled = value["subtasks"]
    if isinstance(spelled, str) and spelled.lstrip()[:1] == "[":
        inner = decode(spelled)
        if isinstance(inner, list):
            repairs.add("reply.string_decoded", "/subtasks", before=spelled)
            return {**value, "subtasks": inner}
    return value


def _in_list(value: list[Any], decode: Decode, repairs: Repairs, depth: int) -> dict[str, Any] | None:
    if value and all(is_subtask(each) for each in value):
        repairs.add("reply.list_wrapped", after="/subtasks")
        return {"subtasks": value}
    if not any(isinstance(each, dict) for each in value[:MAX_WRAPPERS]):
        return None
    inner = [(each, Repairs()) for each in value[:MAX_WRAPPERS]]
    return _one(
        [
            (find_plan(each, decode, log, depth=depth + 1), log, f"/{n}")
            for n, (each, log) in enumerate(inner)
        ],
        repairs,
    )


def _in_object(value: dict[str, Any], decode: Decode, repairs: Repairs, depth: int) -> dict[str, Any] | None:
    names = [name for name in WRAPPERS if name in value] if len(value) > 1 else list(value)
    inner = [(name, Repairs()) for name in names]
    found = _one(
        [
            (find_plan(value[name], decode, log, depth=depth + 1), log, join_pointer(name))
            for name, log in inner
        ],
        repairs,
    )
    return None if found is None else _with_result(found, value, repairs)


def _one(found: list[tuple[dict[str, Any] | None, Repairs, str]], repairs: Repairs) -> dict[str, Any] | None:
    plans = [(plan, log, at) for plan, log, at in found if plan is not None]
    if not plans:
        return None
    first, log, at = plans[0]
    if any(is_other(first, plan) for plan, _, _ in plans[1:]):
        raise InvalidInput("plan.reply_ambiguous", f"the reply holds {len(plans)} plans that differ")
    repairs.add("reply.wrapper_dropped", before=at)
    repairs.extend(log)
    return first


def is_other(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two values differ as JSON: 1 and true do."""
    return canonical_json(dict(one)) != canonical_json(dict(other))


def _with_result(plan: dict[str, Any], value: Mapping[str, Any], repairs: Repairs) -> dict[str, Any]:
    """Return a plan with the result's key that stands beside it: `{"plan": [...], "result_key": "x"}`."""
    if "result_key" not in value or plan.get("result_key") == value["result_key"]:
        return plan
    if "result_key" in plan:
        raise InvalidInput("plan.reply_ambiguous", "the plan and what wraps it name two result keys")
    repairs.add("reply.key_moved", "/result_key", after=value["result_key"])
    return {**plan, "result_key": value["result_key"]}
