"""LLMCompiler: `1. tool(args)` a line, `$1` for an earlier result, `join()` at the end.

Arguments are text, lists, objects, or `$N` for a result as a whole. A `$N`
inside a text would have to be replaced there, which a plan never does: where N
is a step, that is a problem; `$100` is a price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from contracts.errors import InvalidInput
from planner.dialects.drafting import MAX_STEPS, Draft, Step, texts_in
from planner.reading.tokens import NotJson, next_token, truncated
from planner.reading.values import Broken, Meter, read_value

LINE: Final = re.compile(
    r"^[ \t]{0,8}(\d{1,6})[.)][ \t]{1,8}([A-Za-z_][\w. -]{0,80}?)[ \t]{0,4}\(", re.MULTILINE
)
_BEGUN: Final = re.compile(r"^[ \t]{0,8}\d{1,6}(?:[.)][ \t]{0,8}[A-Za-z_]?[\w. -]{0,80})?\Z", re.MULTILINE)
"""A line that ends the text before its call begins."""
_RESULT: Final = re.compile(r"\$\{?(\d{1,6})\}?(?![\d.,]*\d)")
_WHOLE: Final = re.compile(r"\$\{?(\d{1,6})\}?")
_NAMED: Final = re.compile(r"\s{0,8}([A-Za-z_]\w{0,60})\s{0,8}=(?!=)")
_QUOTES: Final = frozenset("\"'")


def read_llmcompiler(text: str, draft: Draft) -> None:
    """Draft what the text says.

    Raises:
        InvalidInput: `plan.reply_truncated`, a call is never closed; `plan.reply_too_large`.
    """
    calls = list(LINE.finditer(text))
    if _BEGUN.search(text, calls[-1].end() if calls else 0) is not None:
        raise truncated()
    if len(calls) > MAX_STEPS:
        raise InvalidInput("plan.reply_too_large", f"a plan of over {MAX_STEPS} steps")
    meter = Meter(len(text))
    read: list[tuple[Step, list[tuple[str, str]]]] = []
    for i, call in enumerate(calls):
        limit = calls[i + 1].start() if i + 1 < len(calls) else len(text)
        inside = _inside(text, call.end(), limit)
        if call[2].strip() == "join":
            draft.repairs.add("dialect.join_dropped", f"/{i}")
            continue
        agent = draft.agent(call[2].strip(), f"/{i}")
        step = Step(f"s{int(call[1])}", agent, text[call.start(2) : call.end() + len(inside) + 1].strip())
        draft.add(step, f"/{i}")
        read.append((step, list(_arguments(inside))))
    if not read:
        draft.wrong("plan.shape", "", "the text holds no line like `1. tool(...)`")
    for step, arguments in read:
        for name, said in arguments:
            _bind(name, said, step, draft, meter=meter)


def _inside(text: str, start: int, limit: int) -> str:
    """Return what stands between a call's parentheses.

    Raises:
        InvalidInput: `plan.reply_truncated`.
    """
    for end in _commas_and_end(text, start, limit):
        if text[end] == ")":
            return text[start:end]
    raise truncated()


def _commas_and_end(text: str, start: int, limit: int) -> Iterator[int]:
    """Yield where the commas of one call stand, and its closing parenthesis."""
    depth, quote, at = 0, "", start
    while at < limit:
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in _QUOTES and (char == '"' or not text[at - 1 : at].isalnum()):
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}" and depth:
            depth -= 1
        elif char == ")" or (char == "," and not depth):
            yield at
            if char == ")":
                return
        at += 1


def _arguments(inside: str) -> Iterator[tuple[str, str]]:
    closed, start = f"{inside})", 0
    for number, end in enumerate(_commas_and_end(closed, 0, len(closed)), 1):
        part = closed[start:end]
        start = end + 1
        if part.strip():
            named = _NAMED.match(part)
            yield (named[1], part[named.end() :].strip()) if named else (f"arg{number}", part.strip())


def _bind(name: str, said: str, step: Step, draft: Draft, *, meter: Meter) -> None:
    at = f"/{step.id}/{name}"
    value = _value(said, meter)
    if isinstance(value, list) and value and all(isinstance(v, str) and _WHOLE.fullmatch(v) for v in value):
        # A plan binds a parameter to one result: each of a list of results becomes a parameter of its own.
        draft.repairs.add("dialect.list_spread", at, before=said)
        for number, each in enumerate(value, 1):
            _bind(f"{name}_{number}", each, step, draft, meter=meter)
        return
    whole = _WHOLE.fullmatch(value.strip()) if isinstance(value, str) else None
    if whole is not None and (said[:1] == "$" or int(whole[1]) <= len(draft.steps) + 9):
        writer = f"s{int(whole[1])}"
        if writer == step.id:
            draft.wrong("plan.self_dependency", at, f"{step.id!r} reads its own result")
        elif writer not in draft.steps:
            draft.wrong("plan.unknown_key", at, f"{step.id!r} reads {whole[0]}, and there is no such step")
        else:
            step.bind[name] = {"key": f"{writer}_output"}
            step.after[writer] = None
        return
    for text in texts_in(value):
        for found in _RESULT.finditer(text):
            if f"s{int(found[1])}" in draft.steps:
                said_so = f"{step.id!r} has {found[0]} inside a text, where nothing is replaced"
                draft.wrong(
                    "plan.literal_reference", at, said_so, f"Give {found[0]} as an argument of its own."
                )
    step.bind[name] = {"literal": value}


def _value(said: str, meter: Meter) -> Any:
    """Return the list, object or string an argument spells; else its text."""
    try:
        if said[:1] in {"[", "{"}:
            found = read_value(said, 0, meter)
            return found.value if found.end == len(said) else said
        if said[:1] in _QUOTES:
            token = next_token(said, 0)
            return token.value if token.end == len(said) else said
    except (NotJson, Broken, InvalidInput):
        return said
    return said
