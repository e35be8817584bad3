"""A plan with its outlook: as JSON, as a table, as a Mermaid drawing; hostile names only show themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from planner.outlook.shape import Outlook, Reason, StepOutlook, rounded
from service.console import printable
from service.plan_formats import aligned, edges, node_name, nodes, shortened
from service.terminal import terminal_json

MAX_REASONS: Final = 8
MAX_NAMED: Final = 6
CLASSES: Final = (
    "    classDef low fill:#e6f4ea,stroke:#137333,color:#111",
    "    classDef medium fill:#fef7e0,stroke:#b06000,color:#111",
    "    classDef high fill:#fce8e6,stroke:#c5221f,color:#111",
    "    classDef critical stroke-width:4px",
)


def outlook_json(plan: Mapping[str, Any], found: Outlook) -> str:
    """Return both, indented."""
    return terminal_json({"plan": plan, "outlook": found.as_json()})


def outlook_table(plan: Mapping[str, Any], found: Outlook) -> str:
    """Return one line for each subtask, `*` on the critical path, and what is to be said of the whole."""
    head = ("ID", "AGENT", "RISK", "TAKES", "SELDOM OVER", "RESTS ON", "OBJECTIVE")
    rows = [_row(s, step) for s, step in zip(plan["subtasks"], found.steps, strict=True)]
    return "\n".join([*aligned([head, *rows]), "", *_summary(found)])


def outlook_mermaid(plan: Mapping[str, Any], found: Outlook) -> str:
    """Return a Mermaid flowchart, coloured by risk, the critical path thick."""
    extra = {step.id: f"risk {step.risk}, {seconds(step.seconds.p50)}" for step in found.steps}
    thick = frozenset(pairwise(found.critical_path))
    return "\n".join(
        ["flowchart TD", *nodes(plan, extra=extra), *edges(plan, thick=thick), *CLASSES, *_classes(found)]
    )


def seconds(amount: float) -> str:
    """Return a time as people say it."""
    if amount < 1:
        return f"{rounded(amount * 1000):g} ms"
    if amount < 120:
        return f"{rounded(amount):g} s"
    return f"{round(amount / 60)} min" if amount < 7200 else f"{rounded(amount / 3600):g} h"


def _row(subtask: Mapping[str, Any], step: StepOutlook) -> tuple[str, ...]:
    elements = f" x{step.elements.expected}" if step.elements else ""
    return (
        f"{step.id} *" if step.is_critical else step.id,
        printable(step.agent) + elements,
        f"{step.risk} {step.level}",
        seconds(step.seconds.p50),
        seconds(step.seconds.p95),
        _basis(step),
        shortened(subtask["objective"]),
    )


def _basis(step: StepOutlook) -> str:
    if step.basis.kind == "default":
        return "a guess"
    whose = "its own" if step.basis.kind == "step" else "the agent's"
    return f"{whose} past, {step.basis.attempts}x"


def _summary(found: Outlook) -> Iterator[str]:
    yield f"risk: {found.risk} of 100, {found.level}"
    yield from (_reason(reason, reason.steps) for reason in found.reasons[:MAX_REASONS])
    if len(found.reasons) > MAX_REASONS:
        yield f"  and {len(found.reasons) - MAX_REASONS} more reasons: --format json"
    span = found.seconds
    yield (
        f"takes: {seconds(span.p50)}, seldom over {seconds(span.p95)}, at most {seconds(span.most)};"
        f" one after the other {seconds(found.sequential_s)}"
    )
    yield f"critical path: {_named(found.critical_path, ' > ')}"
    yield f"costs: {_amount(found.tokens, 'tokens')}, {_amount(found.usd, 'USD')}"
    if found.hosts:
        hosts = [host.host if host.is_known else f"{host.host} (new here)" for host in found.hosts]
        yield f"hosts: {_named(hosts, ', ')}"
    for asked in found.approvals:
        when = "" if asked.when == "always" else " (where the run asks before effects)"
        yield f"waits for a person: {asked.step}: {printable(asked.text)}{when}"
    for text in found.unknown:
        yield f"not known: {printable(text)}"


def _reason(reason: Reason, steps: Sequence[str]) -> str:
    return f"  {reason.points:>2}  {printable(reason.text)} [{_named(steps, ', ')}]"


def _amount(amount: float | None, unit: str) -> str:
    return f"{unit} unknown" if amount is None else f"{amount:g} {unit}"


def _named(names: Sequence[str], between: str) -> str:
    shown = between.join(printable(name) for name in names[:MAX_NAMED])
    return shown + (f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else "")


def _classes(found: Outlook) -> Iterator[str]:
    for level in ("low", "medium", "high"):
        ids = [node_name(step.id) for step in found.steps if step.level == level]
        if ids:
            yield f"    class {','.join(ids)} {level}"
    if found.critical_path:
        yield f"    class {','.join(map(node_name, found.critical_path))} critical"
