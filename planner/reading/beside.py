"""What stands beside a plan and belongs to it: taking the plan without it would lose a part in silence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts.errors import InvalidInput

_RESULT: Final = re.compile(r"\bresult_key\b[\"'`*\\]{0,4}\s{0,4}[:=]")
_FIELD: Final = re.compile(r"(?:^|[(,])[ \t]{0,20}[\"'`]?subtasks[\"'`]?\s{0,9}[:=]\s{0,9}\Z", re.MULTILINE)
_CALLED: Final = re.compile(r"\b[A-Za-z_]\w{0,60}\(\s{0,9}\Z")
_CALL_ENDS: Final = re.compile(r"\s*+,?\s*+\)")
_BACK: Final = 100
"""Characters before a list that are looked at."""
_SUBTASK: Final = frozenset(
    {"id", "objective", "required_agent", "dependencies", "input_keys", "output_key", "bind"}
)


def is_subtask(value: Any) -> bool:
    """Say whether a value looks like a subtask, and not like a plan."""
    return isinstance(value, dict) and len(_SUBTASK & value.keys()) >= 3 and "subtasks" not in value


def is_field(text: str, start: int, end: int) -> bool:
    """Say whether the list from `start` to `end` is only a field of something: `plan(subtasks=[...]`."""
    back = max(0, start - _BACK)
    if _FIELD.search(text, back, start) is not None:
        return True
    return _CALLED.search(text, back, start) is not None and _CALL_ENDS.match(text, end) is None


def check_beside(plan: Mapping[str, Any], others: Sequence[Any], prose: str) -> None:
    """Refuse a plan when a step or the result's key stands beside it.

    Args:
        plan: As it was found.
        others: The reply's further values.
        prose: What is left of the text around all of them.

    Raises:
        InvalidInput: `plan.reply_malformed`.
    """
    steps = plan["subtasks"] if isinstance(plan["subtasks"], list) else []
    if any(is_subtask(other) and other not in steps for other in others):
        raise _lost("a subtask")
    if "result_key" in plan:
        return
    if any(isinstance(other, dict) and "result_key" in other for other in others) or _RESULT.search(prose):
        raise _lost("the result_key")


def _lost(what: str) -> InvalidInput:
    return InvalidInput(
        "plan.reply_malformed",
        f"{what} stands beside the plan, not in it",
        hint="Answer with one JSON object that holds all of the plan.",
    )
