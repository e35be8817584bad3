"""What the steps so far give, and which of it suits a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.catalogue_terms import stem
from planner.chaining.schemas import ANY, Part, flows, parts_of, properties_of, types_of
from planner.rules.draft import Bind, Draft, key
from planner.rules.guest_names import CONVERT
from planner.rules.lexicon import Words

TEXTUAL: Final = Words(
    "text content contents body document message html markup markdown description letter input article page "
    "prose corpus string passage paragraph"
).exact
TABULAR: Final = Words(
    "rows items records table tables lots listings lines entries data list values events products results"
).exact
PICTORIAL: Final = frozenset(["image", "images", "photo", "photos", "picture", "pictures"])
_LEAST: Final = 0.5


@dataclass(frozen=True)
class Output:
    """What one subtask gives."""

    key: str
    agent: str
    gives: Mapping[str, Any]
    is_list: bool
    """Whether it ran once for each element of a list, and gives a list."""
    columns: tuple[str, ...] = ()
    """Columns of its rows, where its steps say so."""
    is_one_row: bool = False


@dataclass(frozen=True)
class Source:
    """Where a parameter may come from."""

    bind: Bind
    foreach: Bind | None
    score: float
    agent: str


def outputs_of(draft: Draft, since: int = 0) -> list[Output]:
    """Return what the subtasks from `since` on give, in their order."""
    return [_output(s, draft.cards[s["required_agent"]].gives) for s in draft.subtasks[since:]]


def _output(subtask: Mapping[str, Any], gives: Mapping[str, Any]) -> Output:
    steps = subtask["bind"].get("steps", {}).get("literal") or [{}]
    agent, is_list = subtask["required_agent"], "foreach" in subtask
    is_one_row = any(step.get("op") == "aggregate" for step in steps)
    return Output(
        subtask["output_key"], agent, _of_call(subtask, gives), is_list, columns_of(steps), is_one_row
    )


def _of_call(subtask: Mapping[str, Any], gives: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a conversion gives: one value, or as many as it was given."""
    if subtask["required_agent"] != CONVERT:
        return gives
    other = "value" if "values" in subtask["bind"] else "values"
    return {**gives, "properties": {n: s for n, s in properties_of(gives).items() if n != other}}


def columns_of(steps: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the columns of what the steps of `data` leave, what was reckoned first; none where they do not say."""
    columns: list[str] = []
    for step in steps:
        match step.get("op"):
            case "from" | "concat" | "zip" | "join" | "flatten":
                columns = []
            case "select":
                columns = [*step["columns"]]
            case "aggregate" | "group":
                columns = [*step["aggregates"], *(c.rpartition("/")[2] for c in step.get("by", ()))]
            case "derive" | "group_stat" if columns:
                columns.append(step.get("into") or step["column"])
            case _:
                pass
    return tuple(columns)


def source_for(
    name: str, schema: Any, outputs: Sequence[Output], *, may_fan: bool = True, each: bool = False
) -> Source | None:
    """Return where a parameter is best taken from; None when nothing given suits it.

    Args:
        name: The parameter's.
        schema: The parameter's.
        outputs: What there is; later ones are preferred.
        may_fan: Whether the call may run once for each element of a list.
        each: Whether it is asked to: once for each thing that a page lists.
    """
    best: Source | None = None
    for place, output in enumerate(outputs):
        for found in _sources(name, schema, output):
            if found.foreach is not None and not may_fan:
                continue
            wanted = each and found.foreach is not None and found.foreach.get("pointer") == "/listings"
            score = found.score + 0.01 * place + (1.5 if wanted else 0.0)
            if best is None or score > best.score:
                best = Source(found.bind, found.foreach, score, found.agent)
    return best if best is not None and best.score >= _LEAST else None


def named_source(name: str, schema: Any, outputs: Sequence[Output]) -> Bind | None:
    """Return a place that is called as the parameter is, and may flow into it."""
    for output in reversed(outputs):
        if output.is_list or output.agent in {"scrape", "vision", "time"}:
            continue
        if output.agent == "data" and name != "rows":
            continue
        for part in parts_of(output.gives):
            if part.each is None and part.pointer == f"/{name}" and flows(part.schema, schema):
                return key(output.key, part.pointer)
    return None


def _sources(name: str, schema: Any, output: Output) -> Iterator[Source]:
    for part in parts_of(output.gives):
        score = _score(name, schema, part, output)
        if score < _LEAST or not flows(part.schema, schema):
            continue
        if output.is_list and part.each is None:
            yield Source(key(output.key, part.pointer), key(output.key), score, output.agent)
        elif part.each is not None and not output.is_list:
            yield Source(key(output.key, part.pointer), key(output.key, part.each), score - 0.4, output.agent)
        elif part.each is None:
            yield Source(key(output.key, part.pointer), None, score, output.agent)
    if output.agent == "data" and types_of(schema) <= {"number", "integer"}:
        first = next(
            (c for c in output.columns if c in {"price", "value", "total", "sum"}),
            next(iter(output.columns), "value"),
        )
        each = None if output.is_one_row else key(output.key, "/rows")
        yield Source(key(output.key, f"/rows/0/{first}" if each is None else f"/{first}"), each, 1.6, "data")
    if output.agent == "scrape" and "string" in types_of(schema) and name not in TEXTUAL | {"from", "to"}:
        fact = name.upper() if len(name) <= 3 else name.replace("_", " ").capitalize()
        yield Source(
            key(output.key, f"/facts/{fact}"), key(output.key) if output.is_list else None, 1.2, "scrape"
        )


def _score(name: str, schema: Any, part: Part, output: Output) -> float:
    said = part.pointer.rpartition("/")[2]
    own = name.lower()
    if said and said == own:
        return 3.0
    if said and stem(said) == stem(own):
        return 2.5
    words = set(own.split("_"))
    types = types_of(schema)
    kind = types_of(part.schema)
    if part.pointer == "" and part.each is None and kind == ANY:
        return _LEAST
    if "string" in types and len(types) < 6:
        return _text_score(words, said, part, output)
    if types == {"array"} and kind == {"array"}:
        return _list_score(words, said, part)
    if types <= {"number", "integer"} and said in {"amount", "price", "value", "total", "number", "count"}:
        return _number_score(part)
    if "object" in types and part.pointer == "" and part.each is None:
        return 1.2
    return _LEAST if part.pointer == "" and len(types) == 6 and part.each is None else 0.0


def _number_score(part: Part) -> float:
    if part.each == "/prices":
        return 1.55  # a page's own; its listings may be of other things
    return 1.5 if part.each in {"/listings", "/rows", None} else 1.0


def _text_score(words: set[str], said: str, part: Part, output: Output) -> float:
    if part.each is not None and output.agent == "scrape" and part.each not in {"/listings", "/tables"}:
        return 0.0
    if words & TEXTUAL and said in TEXTUAL | {"cleaned", "csv"}:
        return (2.0 if part.each is None else 1.0) + (0.1 if said == "text" else 0.0)
    if words & PICTORIAL and said in {"image", "url"}:
        return 1.0
    if types_of(part.schema) != {"string"} or part.each is not None:
        return 0.0
    return 0.8 if said in {"text", "utc", "csv"} else 0.0


def _list_score(words: set[str], said: str, part: Part) -> float:
    if part.each is not None:
        return 0.0
    if words & PICTORIAL and said in PICTORIAL:
        return 2.2
    if said in {"rows", "listings", "items", "lines", "records", "events"}:
        return 2.0 if words & TABULAR else 1.0
    return 0.6
