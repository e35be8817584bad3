"""What is wrong only with a plan that a model wrote: text copied from the prompt, a reference written as text.

Looks at documents of any shape, so that a plan whose shape is wrong is still
told everything at once. What the objective itself says is never suspect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import Problem
from contracts.jsonvalue import canonical_json, join_pointer
from planner.reading.references import reference_in

MAX_SUBTASKS: Final = 40
"""A model that gives more has lost the thread; a list is a `foreach`."""
MAX_PROBLEMS: Final = 30
MOST_TEXTS: Final = 2000
"""In one subtask's literals that are looked at."""
_NAMED: Final = (
    "url|link|text|path|file|filename|agent|objective|name|key|value|query|question|answer|image|photo|input|output"
    "|result|document|number|date|title|description|parameter|page"
)
_BLANK: Final = re.compile(
    r"\s*(?:\.{3,}|\u2026|_{3,}|x{3,}|\?{3,}|to ?do|tbd|tba|lorem ipsum.{0,200}|placeholder"
    r"|(?:your|insert|enter|replace)[ _](?:[a-z0-9]{1,20}[ _]){1,4}here|your_[a-z0-9_]{1,60}"
    r"|[<\[{]{1,2} ?(?:(?:your|the|some|insert|an?)[ _])?"
    rf"(?:{_NAMED})s?(?:[ _](?:here|goes[ _]here|{_NAMED}|\d{{1,2}}))? ?[>\]}}]{{1,2}}"
    r"|what it does(?:, one sentence)?|one sentence|(?:a new )?lower_snake_case(?: name)?|any json value)\s*",
    re.IGNORECASE,
)
"""Whole texts that stand where something was to be said."""
_BLANK_KEY: Final = re.compile(r"your_.{1,60}|.{1,60}_here|(?:a_)?(?:new_)?lower_snake_case(?:_name)?")
_NUMBERED: Final = re.compile(r"(?:step|task|subtask|node)?[ _-]?#?[0-9]{1,3}", re.IGNORECASE)

Subtasks = Sequence[Mapping[str, Any]]


def suspicions(
    document: Mapping[str, Any], cards: Sequence[AgentCard], *, objective: str = ""
) -> list[Problem]:
    """Return what a model's plan should not say, as far as it can be told whatever its shape.

    Args:
        document: As it was read, before or after sealing.
        cards: The agents at hand.
        objective: What was asked; text that stands in it may stand in the plan.
    """
    given = document.get("subtasks")
    if not isinstance(given, list):
        return []
    if len(given) > MAX_SUBTASKS:
        return [
            Problem(
                "plan.too_many_subtasks",
                "/subtasks",
                f"{len(given)} subtasks, a model's plan has at most {MAX_SUBTASKS}",
                "Let one subtask run for each element of a list with foreach.",
            )
        ]
    subtasks = [s if isinstance(s, dict) else {} for s in given]
    found = (
        *islice(_placeholders(subtasks, objective.lower()), MAX_PROBLEMS),
        *islice(_literal_references(subtasks, objective), MAX_PROBLEMS),
        *islice(_named_dependencies(subtasks, {card.name for card in cards}), MAX_PROBLEMS),
        *_duplicates(subtasks),
        *_unused(subtasks, document, cards),
    )
    return list(found)


def _placeholders(subtasks: Subtasks, objective: str) -> Iterator[Problem]:
    for n, subtask in enumerate(subtasks):
        said = [(("objective",), subtask.get("objective")), (("output_key",), subtask.get("output_key"))]
        for where, text in (*said, *_literals(subtask)):
            blank = _BLANK_KEY if where == ("output_key",) else _BLANK
            if not isinstance(text, str) or not blank.fullmatch(text[:300]):
                continue
            if text.strip().lower() not in objective:
                yield Problem(
                    "plan.placeholder",
                    join_pointer("subtasks", n, *where),
                    f"{_name(subtask, n)} says {text[:60]!r} where something was to be said",
                    "Write what is meant.",
                )


def _literal_references(subtasks: Subtasks, objective: str) -> Iterator[Problem]:
    ids = {s["id"] for s in subtasks if isinstance(s.get("id"), str)}
    keys = {s["output_key"] for s in subtasks if isinstance(s.get("output_key"), str)}
    for n, subtask in enumerate(subtasks):
        for where, text in _literals(subtask):
            meant = reference_in(text[:4000], ids=ids, keys=keys, count=len(subtasks))
            if meant is not None and meant not in objective:
                yield Problem(
                    "plan.literal_reference",
                    join_pointer("subtasks", n, *where),
                    f"{_name(subtask, n)} is given the text {meant[:60]!r}, not the result it speaks of",
                    'Bind it as {"key": K, "pointer": P}: text is never replaced.',
                )


def _named_dependencies(subtasks: Subtasks, agents: set[str]) -> Iterator[Problem]:
    ids = {s["id"] for s in subtasks if isinstance(s.get("id"), str)}
    keys = {s["output_key"] for s in subtasks if isinstance(s.get("output_key"), str)}
    for n, subtask in enumerate(subtasks):
        waits = subtask.get("dependencies")
        for i, name in enumerate(waits if isinstance(waits, list) else ()):
            if isinstance(name, str) and name in ids:
                continue
            if isinstance(name, int) or (
                isinstance(name, str) and (name in agents or name in keys or _NUMBERED.fullmatch(name))
            ):
                yield Problem(
                    "plan.dependency_by_name",
                    f"/subtasks/{n}/dependencies/{i}",
                    f"{_name(subtask, n)} waits for {name!r}, which is no subtask's id",
                    f"Ids are {', '.join(sorted(ids)[:20])}.",
                )


def _duplicates(subtasks: Subtasks) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for n, subtask in enumerate(subtasks):
        if not isinstance(subtask.get("required_agent"), str):
            continue
        does = canonical_json(
            [
                subtask["required_agent"],
                subtask.get("bind") or {},
                _sorted(subtask.get("input_keys")),
                subtask.get("foreach"),
                subtask.get("when"),
            ]
        )
        name = _name(subtask, n)
        if does in first:
            said = f"{name} does what {first[does]} does: the same agent with the same arguments"
            yield Problem("plan.duplicate_steps", f"/subtasks/{n}", said, "Leave one out.")
        first.setdefault(does, name)


def _unused(subtasks: Subtasks, document: Mapping[str, Any], cards: Sequence[AgentCard]) -> Iterator[Problem]:
    result_key, inputs = document.get("result_key"), document.get("inputs")
    keys = {s.get("output_key") for s in subtasks if isinstance(s.get("output_key"), str)}
    if not isinstance(result_key, str) or result_key not in {
        *keys,
        *(inputs if isinstance(inputs, dict) else ()),
    }:
        return
    acts = {card.name for card in cards if card.effect is Effect.EFFECTFUL}
    lists = [[*_texts(s.get("input_keys")), *_texts(s.get("dependencies")), *_bound(s)] for s in subtasks]
    read = {name for each in lists for name in each}
    for n, subtask in enumerate(subtasks):
        key, own, agent = (subtask.get(field) for field in ("output_key", "id", "required_agent"))
        if not all(isinstance(each, str) for each in (key, own, agent)) or agent in acts:
            continue
        if key != result_key and key not in read and own not in read:
            said = f"nothing reads what {own!r} writes, and it is not the result"
            yield Problem("plan.unused_step", f"/subtasks/{n}", said, "Leave it out, or read its output_key.")


def _literals(subtask: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where each text of a literal stands, and the text."""
    bind = subtask.get("bind")
    waiting: list[tuple[tuple[str | int, ...], Any]] = [
        (("bind", name, "literal"), source.get("literal"))
        for name, source in (bind.items() if isinstance(bind, dict) else ())
        if isinstance(source, dict)
    ]
    seen = 0
    while waiting and seen < MOST_TEXTS:
        where, value = waiting.pop()
        if isinstance(value, str):
            seen += 1
            yield where, value
        elif isinstance(value, dict):
            waiting.extend(((*where, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            waiting.extend(((*where, i), inner) for i, inner in enumerate(value))


def _bound(subtask: Mapping[str, Any]) -> list[str]:
    bind = subtask.get("bind")
    sources = [
        *(bind.values() if isinstance(bind, dict) else ()),
        subtask.get("foreach"),
        subtask.get("when"),
    ]
    return [s["key"] for s in sources if isinstance(s, dict) and isinstance(s.get("key"), str)]


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _sorted(value: Any) -> Any:
    return sorted(_texts(value)) if isinstance(value, list) else value


def _name(subtask: Mapping[str, Any], index: int) -> str:
    own = subtask.get("id")
    return repr(own[:60]) if isinstance(own, str) else f"subtask {index}"
