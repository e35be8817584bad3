"""A plan document without secrets that is a plan still.

Texts and values are cleaned. Names that other places refer to (ids, context
keys) keep their shape and change alike everywhere. What has one of few known
values, `plan_id` and the agents' names stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from traces.cleaning import Cleaner, unused

MAX_OBJECTIVE_CHARS: Final = 4000
"""What a plan may hold, as in `contracts.plan`; the mark may be longer than the secret."""
MAX_SUBTASK_CHARS: Final = 1000

_Clean = Callable[[Cleaner, Any], Any]


def clean_plan(document: Mapping[str, Any], cleaner: Cleaner) -> dict[str, Any]:
    """Return the plan document without secrets; its `plan_id` says still which plan it was."""
    return _fields(_OF_PLAN, cleaner, document)


def _fields(places: Mapping[str, _Clean], cleaner: Cleaner, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field: places[field](cleaner, value) if field in places and value is not None else value
        for field, value in document.items()
    }


def _text(cleaner: Cleaner, text: str, *, longest: int | None = None) -> str:
    return cleaner.text(text)[:longest]


def _origin(cleaner: Cleaner, origin: Mapping[str, Any]) -> dict[str, Any]:
    repairs = [_repair(cleaner, repair) for repair in origin.get("repairs", ())]
    clean: Any = cleaner.value({k: v for k, v in origin.items() if k != "repairs"})
    return {**clean, "planner": origin["planner"], **({"repairs": repairs} if "repairs" in origin else {})}


def _repair(cleaner: Cleaner, repair: Mapping[str, Any]) -> dict[str, Any]:
    changed = {f: cleaner.under(repair["path"], repair[f]) for f in ("before", "after") if f in repair}
    return {f: cleaner.text(repair[f]) for f in ("code", "path")} | changed


def _bind(cleaner: Cleaner, bind: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, source in bind.items():
        clean = _fields(_OF_SOURCE, cleaner, source)
        if "literal" in source:
            clean["literal"] = cleaner.under(name, source["literal"])
        found[unused(cleaner.text(name), found)] = clean
    return found


def _when(cleaner: Cleaner, when: Mapping[str, Any]) -> dict[str, Any]:
    clean = _fields(_OF_SOURCE, cleaner, when)
    return clean | ({"value": cleaner.under(when["key"], when["value"])} if "value" in when else {})


def _names(cleaner: Cleaner, names: list[str]) -> list[str]:
    return [cleaner.name(name) for name in names]


_OF_SOURCE: Final[dict[str, _Clean]] = {"key": Cleaner.name, "pointer": Cleaner.text}
_OF_SUBTASK: Final[dict[str, _Clean]] = {
    "id": Cleaner.name,
    "objective": partial(_text, longest=MAX_SUBTASK_CHARS),
    "dependencies": _names,
    "input_keys": _names,
    "bind": _bind,
    "output_key": Cleaner.name,
    "output_schema": Cleaner.value,
    "foreach": partial(_fields, _OF_SOURCE),
    "when": _when,
    "fallback_agent": Cleaner.text,
}
_OF_PLAN: Final[dict[str, _Clean]] = {
    "parent": Cleaner.text,
    "objective": partial(_text, longest=MAX_OBJECTIVE_CHARS),
    "inputs": Cleaner.values,
    "origin": _origin,
    "subtasks": lambda cleaner, subtasks: [_fields(_OF_SUBTASK, cleaner, s) for s in subtasks],
    "result_key": Cleaner.name,
    "estimate": Cleaner.value,
}
