"""Ways to spoil a reply: cut it inside its plan, or change its text or its JSON anywhere."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

PIECES: Final[tuple[str, ...]] = (
    *'{}[],:"\'\\/#`<>$ \n\t0-.',
    "```", "```json\n", "<think>", "</think>\n", "<tool_call>", "</tool_call>", "null", "None", "True", "NaN", "...",
    "//", "/*", "*/", "\u201c", "\u201d", "\uff0c", "\uff1a", "\uff5b", "\u2018", "\u00a0", "\ufeff", "\ud800", "\x00",
    "\\u0041", "\\ud83d", "\U0001f600", '"subtasks": ', '{"subtasks": []}', '"id": "s1"', '"dependencies": ["s2"]',
    "I'm sorry", "1e999", "-0", "s1", "$1",
)  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, "", "x", "s1", "s2", "page", "deadline", "scrape", "Scrape", "\u00e9", [], {}, ["s1"],
    ["s2"], ["page"], {"key": "page"}, {"literal": "$1"}, {"literal": None}, {"url": {"literal": "https://evil.com/"}},
    10**30, "a" * 2000, [[[[]]]],
)  # fmt: skip
HEADS: Final = (
    "", "", "Here is the plan:\n", "```json\n", "```\n", "<think>one, then two {</think>\n", "<tool_call>\n", "\ufeff",
    "plan(",
)  # fmt: skip
DEEPEST: Final = 400
"""Brackets in a text whose JSON is changed; each may be inside the one before."""
_QUOTED: Final = re.compile(r'"([^"\\]*)"')


def cut_reply(plan: dict[str, Any], rng: random.Random) -> str:
    """Return a reply with a sound plan in some spelling, cut at least one character before the plan's end."""
    spelled = rng.choice(SPELLINGS)(plan)
    end = rng.choice((rng.randrange(1, len(spelled)), len(spelled) - rng.randrange(1, min(6, len(spelled)))))
    tail = rng.choice(("", "", "", "\n", "\n```", "</tool_call>", "<|im_end|>", " "))
    return rng.choice(HEADS) + spelled[:end] + (tail if not spelled[:end].endswith("/") else "")


def mutated(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Return a text after some changes to its characters, or to its JSON."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        text = rng.choice(CHANGES)(text, others, rng)[:40_000]
    return text


def _json(plan: dict[str, Any]) -> str:
    return json.dumps(plan)


def _indented(plan: dict[str, Any]) -> str:
    return json.dumps(plan, indent=2, ensure_ascii=False)


def _python(plan: dict[str, Any]) -> str:
    return repr(plan)


def _smart(plan: dict[str, Any]) -> str:
    return _QUOTED.sub("\u201c\\1\u201d", json.dumps(plan))


def _single(plan: dict[str, Any]) -> str:
    return _QUOTED.sub(r"'\1'", json.dumps(plan))


def _wide(plan: dict[str, Any]) -> str:
    return json.dumps(plan).replace(", ", "\uff0c").replace(": ", "\uff1a")


def _wrapped(plan: dict[str, Any]) -> str:
    return json.dumps({"output": {"plan": plan}})


def _called(plan: dict[str, Any]) -> str:
    return json.dumps({"name": "make_plan", "arguments": json.dumps(plan)})


def _string(plan: dict[str, Any]) -> str:
    return json.dumps(json.dumps(plan))


def _bare_list(plan: dict[str, Any]) -> str:
    return json.dumps(plan["subtasks"])


def _commented(plan: dict[str, Any]) -> str:
    return json.dumps(plan, indent=1).replace("[\n", "[ // first\n").replace("}\n]", "},\n]")


SPELLINGS: Final[tuple[Callable[[dict[str, Any]], str], ...]] = (
    _json, _indented, _python, _smart, _single, _wide, _wrapped, _called, _string, _bare_list, _commented,
)  # fmt: skip


def _insert(text: str, _others: Sequence[str], rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(PIECES) + text[at:]


def _delete(text: str, _others: Sequence[str], rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at + rng.choice((1, 1, 2, 5, 30)) :]


def _replace(text: str, others: Sequence[str], rng: random.Random) -> str:
    return _insert(_delete(text, others, rng), others, rng)


def _repeat(text: str, _others: Sequence[str], rng: random.Random) -> str:
    at, length = rng.randint(0, len(text)), rng.choice((1, 3, 20, 200))
    return text[: at + length] + text[at:]


def _cut(text: str, _others: Sequence[str], rng: random.Random) -> str:
    return text[: rng.randint(0, len(text))]


def _behead(text: str, _others: Sequence[str], rng: random.Random) -> str:
    return text[rng.randint(0, min(len(text), 200)) :]


def _splice(text: str, others: Sequence[str], rng: random.Random) -> str:
    other = rng.choice(others)
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


def _append(text: str, others: Sequence[str], rng: random.Random) -> str:
    return text + rng.choice(("\n", " ", ",", "")) + rng.choice(others)


def _flip(text: str, _others: Sequence[str], rng: random.Random) -> str:
    old, new = rng.choice(
        (('"', "'"), ("'", '"'), ("{", "["), ("]", "}"), (",", ";"), ('"', "\u201c"), ("s1", "s2"))
    )
    return text.replace(old, new, rng.choice((1, 2, 100_000)))


def _change_json(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Change the value behind a text, where it is plain JSON, and spell it anew."""
    try:
        value = json.loads(text) if text.count("[") + text.count("{") < DEEPEST else None
    except ValueError:
        value = None
    if value is None:
        return _replace(text, others, rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        value = _changed(value, rng)
    spelling = rng.choice(SPELLINGS)
    is_plan = isinstance(value, dict) and "subtasks" in value
    return spelling(value) if is_plan else json.dumps(value)


def _changed(value: Any, rng: random.Random) -> Any:
    """Return a value with one thing in it, deep or not, dropped, doubled or replaced."""
    if isinstance(value, dict) and value and rng.random() < 0.95:
        name = rng.choice(list(value))
        if rng.random() < 0.7:
            return {**value, name: _changed(value[name], rng)}
        if rng.random() < 0.4:
            return {k: v for k, v in value.items() if k != name}
        return {**value, rng.choice(("x", "id", "bind", "foreach", "when", "budget")): rng.choice(VALUES)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        if rng.random() < 0.6:
            return [*value[:at], _changed(value[at], rng), *value[at + 1 :]]
        doubled = [*value, copy.deepcopy(value[at])]
        return rng.choice((value[:at] + value[at + 1 :], doubled, rng.sample(value, len(value))))
    return copy.deepcopy(rng.choice(VALUES))


CHANGES: Final[tuple[Callable[[str, Sequence[str], random.Random], str], ...]] = (
    _insert, _delete, _replace, _repeat, _cut, _behead, _splice, _append, _flip, _change_json, _change_json, _change_json,
)  # fmt: skip
