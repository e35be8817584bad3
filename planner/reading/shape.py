"""What of a read plan may be mended without guessing: only what the rest of the plan already says.

Ids that are numbers throughout become names; nulls for what may be left out
are left out; a key that is read is listed; a subtask waits for the one whose
output it reads. Everything else is for the checks to report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Final

from contracts.jsonvalue import join_pointer
from planner.reading.repairs import Repairs

MOST: Final = 200
"""Subtasks; a plan of more is too large for a model anyway."""
OPTIONAL: Final = (
    "bind", "output_schema", "foreach", "when", "on_failure", "fallback_agent", "retries", "timeout_s",
    "approval", "budget", "effect",
)  # fmt: skip
"""What a subtask may leave out; models that must fill every field write null."""

Subtasks = list[dict[str, Any]]


def mend_shape(document: Mapping[str, Any], inputs: Collection[str], repairs: Repairs) -> dict[str, Any]:
    """Return the plan with what is certain mended and logged; the document given stays as it is.

    Args:
        document: As a reply spells it, of any shape.
        inputs: The keys the caller gives.
        repairs: Gets what was done.
    """
    given = document.get("subtasks")
    if not isinstance(given, list) or len(given) > MOST or not all(isinstance(s, dict) for s in given):
        return dict(document)
    subtasks: Subtasks = [dict(s) for s in given]
    _drop_nulls(subtasks, repairs)
    _name_ids(subtasks, repairs)
    _rename_twins(subtasks, repairs)
    _list_keys(subtasks, inputs, repairs)
    _derive_dependencies(subtasks, inputs, repairs)
    return {**document, "subtasks": subtasks}


def _drop_nulls(subtasks: Subtasks, repairs: Repairs) -> None:
    for n, subtask in enumerate(subtasks):
        for name in OPTIONAL:
            if name in subtask and subtask[name] is None:
                del subtask[name]
                repairs.add("reply.null_dropped", join_pointer("subtasks", n, name))
        bind = subtask.get("bind")
        if isinstance(bind, dict):
            at = ("subtasks", n, "bind")
            subtask["bind"] = {p: _without_nulls(s, repairs, (*at, p)) for p, s in bind.items()}
        if "foreach" in subtask:
            subtask["foreach"] = _without_nulls(subtask["foreach"], repairs, ("subtasks", n, "foreach"))


def _without_nulls(source: Any, repairs: Repairs, at: tuple[str | int, ...]) -> Any:
    """Return a bind or a list's source without nulls; of a key and a literal the one that says something counts."""
    if not isinstance(source, dict):
        return source
    spare = {"pointer", "max_items"}
    if isinstance(source.get("key"), str):
        spare.add("literal")
    elif source.get("literal") is not None:
        spare.add("key")
    dropped = [name for name in source if name in spare and source[name] is None]
    for name in dropped:
        repairs.add("reply.null_dropped", join_pointer(*at, name))
    return {name: value for name, value in source.items() if name not in dropped}


def _name_ids(subtasks: Subtasks, repairs: Repairs) -> None:
    """Turn ids and dependencies that are all whole numbers, or all digits, into `s1`, `s2`, ..."""
    ids = [s.get("id") for s in subtasks]
    waits = [d for s in subtasks for d in _list(s.get("dependencies"))]
    if not ids or not all(isinstance(s.get("dependencies", []), list) for s in subtasks):
        return
    for is_one in (_is_number, _is_digits):
        if all(map(is_one, ids)) and all(map(is_one, waits)):
            break
    else:
        return
    for n, subtask in enumerate(subtasks):
        after = f"s{subtask['id']}"
        repairs.add("reply.ids_named", f"/subtasks/{n}/id", before=subtask["id"], after=after)
        subtask["id"] = after
        if "dependencies" in subtask:
            subtask["dependencies"] = [f"s{d}" for d in subtask["dependencies"]]


def _rename_twins(subtasks: Subtasks, repairs: Repairs) -> None:
    """Rename the later of two subtasks with one id that nothing waits for."""
    ids = [s["id"] for s in subtasks if isinstance(s.get("id"), str)]
    waited = {d for s in subtasks for d in _list(s.get("dependencies")) if isinstance(d, str)}
    counts = Counter(ids)
    seen: set[str] = set()
    for n, subtask in enumerate(subtasks):
        own = subtask.get("id")
        if not isinstance(own, str) or counts[own] < 2 or own in waited:
            continue
        if own in seen:
            fresh = next(f for k in range(2, MOST + 3) if (f := f"{own[:50]}_{k}") not in counts)
            counts[fresh] = 1
            subtask["id"] = fresh
            repairs.add("reply.id_renamed", f"/subtasks/{n}/id", before=own, after=fresh)
        seen.add(own)


def _list_keys(subtasks: Subtasks, inputs: Collection[str], repairs: Repairs) -> None:
    """List in `input_keys` what `bind`, `foreach` and `when` read, where something gives it."""
    known = {*inputs, *_writers(subtasks)}
    for n, subtask in enumerate(subtasks):
        listed = subtask.get("input_keys", [] if isinstance(subtask.get("bind"), dict) else None)
        if not isinstance(listed, list) or not _are_texts(listed):
            continue
        missing = [key for key in dict.fromkeys(_keys_read(subtask)) if key in known and key not in listed]
        if missing or "input_keys" not in subtask:
            subtask["input_keys"] = [*listed, *missing]
            repairs.add("reply.input_key_added", f"/subtasks/{n}/input_keys", after=", ".join(missing))


def _derive_dependencies(subtasks: Subtasks, inputs: Collection[str], repairs: Repairs) -> None:
    """Let each subtask wait for those whose outputs it reads, as long as nothing then waits for itself."""
    writers = _writers(subtasks)
    for n, subtask in enumerate(subtasks):
        if "dependencies" not in subtask and _are_texts(subtask.get("input_keys")):
            subtask["dependencies"] = []
            repairs.add("reply.dependencies_derived", f"/subtasks/{n}/dependencies")
    ids = [s["id"] for s in subtasks if isinstance(s.get("id"), str)]
    if len(ids) < len(subtasks) or len(set(ids)) < len(ids) or not _is_graph(subtasks, set(ids)):
        return
    direct: dict[str, list[str]] = {s["id"]: s["dependencies"] for s in subtasks}
    for n, subtask in enumerate(subtasks):
        for key in _list(subtask.get("input_keys")):
            writer = writers.get(key) if isinstance(key, str) and key not in inputs else None
            if writer is None or writer == subtask["id"] or _reaches(direct, subtask["id"], writer):
                continue
            if not _reaches(direct, writer, subtask["id"]):
                direct[subtask["id"]] = subtask["dependencies"] = [*subtask["dependencies"], writer]
                repairs.add("reply.dependency_added", f"/subtasks/{n}/dependencies", after=writer)


def _reaches(direct: Mapping[str, list[str]], start: str, goal: str) -> bool:
    waiting, seen = [start], {start}
    while waiting:
        for name in direct[waiting.pop()]:
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return False


def _writers(subtasks: Subtasks) -> dict[str, str]:
    """Return who writes each key that one subtask alone writes."""
    keys = Counter(s["output_key"] for s in subtasks if isinstance(s.get("output_key"), str))
    return {
        s["output_key"]: s["id"]
        for s in subtasks
        if isinstance(s.get("output_key"), str)
        and isinstance(s.get("id"), str)
        and keys[s["output_key"]] == 1
    }


def _keys_read(subtask: Mapping[str, Any]) -> list[str]:
    bind = subtask.get("bind")
    sources = [
        *(bind.values() if isinstance(bind, dict) else ()),
        subtask.get("foreach"),
        subtask.get("when"),
    ]
    return [s["key"] for s in sources if isinstance(s, dict) and isinstance(s.get("key"), str)]


def _is_graph(subtasks: Subtasks, ids: set[str]) -> bool:
    return all(_are_texts(s.get("dependencies")) and ids.issuperset(s["dependencies"]) for s in subtasks)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 6
