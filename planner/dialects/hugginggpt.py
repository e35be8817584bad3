"""HuggingGPT: a list of `{task, id, dep, args}`; `dep: [-1]` waits for nothing, `<GENERATED>-N` is N's result."""

from __future__ import annotations

import re
from typing import Any, Final

from planner.dialects.drafting import MAX_STEPS, Draft, Step, texts_in

_RESULT: Final = re.compile(r"(?:<GENERATED>|<resource>)-(\d{1,6})|<resource-(\d{1,6})>")
NONE: Final = -1


def read_hugginggpt(plan: list[Any], draft: Draft) -> None:
    """Draft what a HuggingGPT plan says."""
    if not plan or len(plan) > MAX_STEPS:
        draft.wrong("plan.shape", "", f"a plan is a list of 1 to {MAX_STEPS} tasks")
        return
    tasks = [(n, task) for n, task in enumerate(plan) if _is_task(task, n, draft)]
    for n, task in tasks:
        agent = draft.agent(task["task"], f"/{n}/task")
        draft.add(Step(f"s{task['id']}", agent, task["task"] or "unknown"), f"/{n}")
    for n, task in tasks:
        step = draft.steps[f"s{task['id']}"]
        for i, before in enumerate(task["dep"]):
            if before != NONE:
                draft.edge(f"s{before}", step.id, f"/{n}/dep/{i}")
        for name, value in task["args"].items():
            _bind(str(name), value, step, draft, at=f"/{n}/args/{name}")


def _is_task(task: Any, n: int, draft: Draft) -> bool:
    if not isinstance(task, dict):
        draft.wrong("plan.shape", f"/{n}", "a task is an object")
        return False
    wants = {"task": str, "id": int, "dep": list, "args": dict}
    wrong = [
        name for name, kind in wants.items() if not isinstance(task.get(name), kind) or task[name] is True
    ]
    for name in wrong:
        draft.wrong("plan.shape", f"/{n}/{name}", f"task {n} has no {name} of the right type")
    if not wrong and not all(isinstance(b, int) and not isinstance(b, bool) for b in task["dep"]):
        draft.wrong("plan.shape", f"/{n}/dep", "dep is a list of ids")
        return False
    if not wrong and not 0 <= task["id"] < 10**6:
        draft.wrong("plan.shape", f"/{n}/id", "an id is a whole number from 0")
        return False
    return not wrong


def _bind(name: str, value: Any, step: Step, draft: Draft, *, at: str) -> None:
    plain = name.replace(".", "_")[:60] or "arg"
    if isinstance(value, list) and value and all(isinstance(v, str) and _RESULT.fullmatch(v) for v in value):
        value = ", ".join(value)
        draft.repairs.add("dialect.list_spread", at, before=value)
    found = list(_RESULT.finditer(value)) if isinstance(value, str) else []
    if not found and any(_RESULT.search(text) for text in texts_in(value)):
        said = f"{step.id!r} reads a result inside a list or an object, where nothing is replaced"
        draft.wrong("plan.literal_reference", at, said, "Give it as an argument of its own.")
        return
    if not found:
        step.bind[plain] = {"literal": value}
        return
    for number, match in enumerate(found):
        writer = f"s{int(match[1] or match[2])}"
        if writer == step.id:
            draft.wrong("plan.self_dependency", at, f"{step.id!r} reads its own result")
        elif writer not in draft.steps:
            draft.wrong(
                "plan.unknown_key", at, f"{step.id!r} reads the result of {writer!r}, which is not there"
            )
        else:
            step.bind[plain if number == 0 else f"{plain}_{number + 1}"] = {"key": f"{writer}_output"}
            if writer not in step.after:
                step.after[writer] = None
                draft.repairs.add("dialect.dependency_added", at, after=writer)
    if _RESULT.sub("", value).strip(" ,"):
        draft.repairs.add("dialect.text_beside_reference", at, before=value)
