"""Which step of one plan is which of another: by what it does, else by its name."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from hashlib import sha256
from typing import Any, Final

from contracts.jsonvalue import canonical_json

Subtask = Mapping[str, Any]
_Sign = Callable[[Subtask], object]
_STAYED: Final = (
    ("required_agent", "output_key"),
    ("required_agent", "objective"),
    ("id", "required_agent"),
    ("id", "output_key"),
)
"""What two steps must share to be one step that changed, the surest first; an id alone is often but a number."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The steps of two plans, side by side."""

    pairs: tuple[tuple[Subtask, Subtask], ...]
    """Each step of the old plan with the one it became, in the new plan's order."""
    added: tuple[Subtask, ...]
    removed: tuple[Subtask, ...]
    ids: Mapping[str, str]
    """Of the pairs, old -> new."""
    keys: Mapping[str, str]
    """What they write, old -> new."""


def match_steps(old: Mapping[str, Any], new: Mapping[str, Any]) -> Matched:
    """Return which steps are the same ones: by what they do, else by what stayed of agent, key, words and name."""
    was: Sequence[Subtask] = old["subtasks"]
    now: Sequence[Subtask] = new["subtasks"]
    does_old, does_new = _deeds(old), _deeds(new)
    signs: tuple[tuple[_Sign, _Sign], ...] = (
        (lambda s: (s["id"], does_old[s["id"]]), lambda s: (s["id"], does_new[s["id"]])),
        (lambda s: does_old[s["id"]], lambda s: does_new[s["id"]]),
        *((_sign_of(*fields),) * 2 for fields in _STAYED),
    )
    left = {s["id"]: s for s in was}
    partner: dict[str, Subtask] = {}
    for sign_old, sign_new in signs:
        alike: defaultdict[object, deque[Subtask]] = defaultdict(deque)
        for s in left.values():
            alike[sign_old(s)].append(s)
        for s in now:
            if s["id"] not in partner and alike.get(sign_new(s)):
                partner[s["id"]] = left.pop(alike[sign_new(s)].popleft()["id"])
    pairs = tuple((partner[s["id"]], s) for s in now if s["id"] in partner)
    return Matched(
        pairs=pairs,
        added=tuple(s for s in now if s["id"] not in partner),
        removed=tuple(left.values()),
        ids={a["id"]: b["id"] for a, b in pairs},
        keys={a["output_key"]: b["output_key"] for a, b in pairs},
    )


def _sign_of(*fields: str) -> _Sign:
    return lambda s: tuple(s[field] for field in fields)


def translated(subtask: Subtask, matched: Matched) -> dict[str, Any]:
    """Return a step of the old plan with the ids and keys the new plan uses."""
    keys = matched.keys

    def source(value: Mapping[str, Any]) -> dict[str, Any]:
        return {**value, "key": keys.get(value["key"], value["key"])} if "key" in value else dict(value)

    found = {
        **subtask,
        "dependencies": [matched.ids.get(name, name) for name in subtask["dependencies"]],
        "input_keys": [keys.get(key, key) for key in subtask["input_keys"]],
    }
    if "bind" in subtask:
        found["bind"] = {name: source(value) for name, value in subtask["bind"].items()}
    return found | {field: source(subtask[field]) for field in ("foreach", "when") if field in subtask}


def _deeds(plan: Mapping[str, Any]) -> dict[str, str]:
    """Return of each step what it does: its agent, with what, where a key stands for the deed that writes it."""
    subtasks: Sequence[Subtask] = plan["subtasks"]
    by_id = {s["id"]: s for s in subtasks}
    writes: dict[str, str] = {}
    found: dict[str, str] = {}
    for name in _in_order(by_id):
        s = by_id[name]
        reads = {key: writes.get(key, f"={key}") for key in s["input_keys"]}
        bind = {n: _meant(source, reads) for n, source in s.get("bind", {}).items()}
        loops = {field: _meant(s[field], reads) for field in ("foreach", "when") if field in s}
        deed = [s["required_agent"], bind, loops, sorted(reads.values())]
        found[name] = sha256(canonical_json(deed).encode()).hexdigest()
        writes[s["output_key"]] = found[name]
    return found


def _meant(source: Mapping[str, Any], reads: Mapping[str, str]) -> dict[str, Any]:
    return {**source, "key": reads.get(source["key"], source["key"])} if "key" in source else dict(source)


def _in_order(by_id: Mapping[str, Subtask]) -> Iterable[str]:
    graph = {name: [d for d in s["dependencies"] if d in by_id] for name, s in by_id.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        return list(by_id)
