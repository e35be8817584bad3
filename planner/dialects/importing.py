"""The door for foreign plans: whose dialect it is, read by its reader, checked like every plan."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json
from planner.dialects import hugginggpt, llmcompiler, taskbench, worfbench
from planner.dialects.drafting import Draft, Imported
from planner.dialects.names import Names
from planner.reading.decode import body_of, values_of
from planner.reading.values import Meter

Dialect = Literal["auto", "taskbench", "worfbench", "llmcompiler", "hugginggpt"]
DIALECTS: Final[tuple[str, ...]] = get_args(Dialect)
_EDGES: Final = re.compile(r"^[ *#]{0,8}edges?\b[ *]{0,4}:", re.IGNORECASE | re.MULTILINE)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NODES: Final = re.compile(r"^[ *#]{0,8}nodes?\b[ *]{0,4}:", re.IGNORECASE | re.MULTILINE)


def import_plan(
    plan: str | Mapping[str, Any] | Sequence[Any],
    dialect: Dialect = "auto",
    *,
    agents: Sequence[str],
    objective: str = "",
    count_from: Literal[0, 1] = 0,
) -> Imported:
    """Return the plan document a foreign plan amounts to, or everything wrong with it.

    Args:
        plan: Its text, or its JSON read already.
        dialect: Whose it is; `auto` tells by its shape.
        agents: The names of the agents at hand, as the foreign plan spells them.
        objective: What it is for, where the dialect does not say.
        count_from: The number of the first node in TaskBench's references.
    """
    draft = Draft(dialect, Names(agents))
    try:
        read = _value(plan, dialect, draft)
        draft.dialect = _told(read) if dialect == "auto" else dialect
        _read(read, draft, count_from)
    except InvalidInput as exc:
        draft.wrong(exc.code, "", exc.message, exc.hint)
    return draft.imported(objective)


def _value(plan: Any, dialect: str, draft: Draft) -> Any:
    """Return what a text spells where it spells JSON; else the plan as it is."""
    if not isinstance(plan, str):
        return _as_json(dict(plan) if isinstance(plan, Mapping) else list(plan))
    if _SURROGATE.search(plan):
        raise InvalidInput("plan.reply_malformed", "the text holds half of a surrogate pair")
    if dialect == "llmcompiler" or (dialect in {"auto", "worfbench"} and _is_text(plan)):
        return body_of(plan)
    meter = Meter(len(plan))
    values, _ = values_of(body_of(plan), meter, draft.repairs)
    found = [value for value, _ in values if isinstance(value, dict | list) and value]
    if len(found) != 1:
        raise InvalidInput("plan.reply_malformed", f"the text holds {len(found)} plans", hint="Give one.")
    for value, repairs in values:
        if value is found[0]:
            draft.repairs.extend(repairs)
    return found[0]


def _as_json(plan: Any) -> Any:
    """Return a plan somebody read already as JSON has it.

    Raises:
        InvalidInput: `plan.reply_malformed`, no JSON spells it; what `parse_json` raises.
    """
    try:
        text = json.dumps(plan, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidInput("plan.reply_malformed", f"the plan holds what JSON does not: {exc}") from exc
    return parse_json(text)


def _is_text(plan: str) -> bool:
    """Say whether a text is of a dialect that is no JSON."""
    return bool(
        (_NODES.search(plan) and _EDGES.search(plan)) or llmcompiler.LINE.search(plan)
    ) and plan.lstrip()[:1] not in {"{", "["}


def _told(plan: Any) -> str:
    if isinstance(plan, str):
        return "worfbench" if _EDGES.search(plan) else "llmcompiler"
    if isinstance(plan, dict) and not plan.keys().isdisjoint(("task_nodes", "task_links", "task_steps")):
        return "taskbench"
    if isinstance(plan, dict) and "nodes" in plan:
        return "worfbench"
    if isinstance(plan, list) and plan and isinstance(plan[0], dict) and "dep" in plan[0]:
        return "hugginggpt"
    is_ours = isinstance(plan, dict) and "subtasks" in plan
    raise InvalidInput(
        "plan.unknown_dialect",
        "this is a plan already" if is_ours else "nothing here reads this plan",
        hint="Check it." if is_ours else f"Say which it is: {', '.join(DIALECTS[1:])}.",
    )


def _read(plan: Any, draft: Draft, count_from: int) -> None:
    if draft.dialect == "taskbench" and isinstance(plan, dict):
        taskbench.read_taskbench(plan, draft, count_from=count_from)
    elif draft.dialect == "worfbench" and isinstance(plan, dict):
        worfbench.read_worfbench_graph(plan, draft)
    elif draft.dialect == "worfbench" and isinstance(plan, str):
        worfbench.read_worfbench_text(plan, draft)
    elif draft.dialect == "llmcompiler" and isinstance(plan, str):
        llmcompiler.read_llmcompiler(plan, draft)
    elif draft.dialect == "hugginggpt" and isinstance(plan, list):
        hugginggpt.read_hugginggpt(plan, draft)
    else:
        draft.wrong("plan.shape", "", f"{type(plan).__name__} is no form a {draft.dialect} plan has")
