"""The outlook of a plan: what each step and the whole may do, take and cost, before anything runs.

Nothing is run, fetched or asked; equal plans, cards and pasts have equal
outlooks. The plan itself is not touched, so its name stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from contracts.priors import NOTHING_KNOWN, Past
from planner.outlook.asking import approvals_of, unknown_of
from planner.outlook.risk import whole_reasons, whole_risk
from planner.outlook.schedule import Piece, critical_path, in_order, path_span, starts
from planner.outlook.shape import AgentOutlook, HostOutlook, Outlook, Span, StepOutlook, level_of
from planner.outlook.steps import Known, step_of
from planner.outlook.timing import Width

if TYPE_CHECKING:
    from contracts.card import AgentCard

RUN_S: Final = 3600.0
"""The most one run may take, unless the operator says otherwise."""
KEEPING_S: Final = (0.003, 0.010)
"""What the engine adds to each step until its end is on the disk, p50 and p95; measured on an SSD."""


def outlook(
    document: Mapping[str, Any],
    cards: Sequence[AgentCard],
    *,
    past: Past = NOTHING_KNOWN,
    width: Width | None = None,
    run_s: float = RUN_S,
) -> Outlook:
    """Return what is expected of a plan.

    Args:
        document: A plan that passed every check.
        cards: The agents at hand.
        past: What is known of earlier runs.
        width: How many attempts go at once.
        run_s: The most one run may take.
    """
    width = width or Width()
    subtasks = document["subtasks"]
    ordered = in_order(subtasks)
    known = Known.of(document, cards, past=past, width=width)
    found = {subtask["id"]: step_of(subtask, known) for subtask in ordered}
    pieces = {sid: _piece(step.seconds, timing.lanes) for sid, (step, timing) in found.items()}
    path = critical_path(ordered, pieces, lambda piece: piece.p50)
    begun = starts(ordered, pieces, width=width.whole)
    on_path = frozenset(path)
    shown = tuple(_placed(found[s["id"]][0], path=on_path, begun=begun) for s in subtasks)
    reasons = whole_reasons(shown)
    approvals = tuple(
        a for subtask, step in zip(subtasks, shown, strict=True) for a in approvals_of(subtask, step)
    )
    critical_s = path_span(path, pieces)[0]
    takes_s = max((begun[sid] + piece.p50 for sid, piece in pieces.items()), default=0.0)
    slowest = critical_path(ordered, pieces, lambda piece: piece.p95)
    slow_s = max(path_span(path, pieces)[1], path_span(slowest, pieces)[1]) + takes_s - critical_s
    risk = whole_risk(reasons)
    return Outlook(
        plan_id=document["plan_id"],
        risk=risk,
        level=level_of(risk),
        reasons=reasons,
        seconds=_bounded(takes_s, slow_s, sum(s.seconds.most for s in shown), _most_s(document, run_s)),
        sequential_s=sum(timing.alone_s for _, timing in found.values()),
        critical_path=path,
        critical_path_s=critical_s,
        width=width.whole,
        tokens=_sum([step.tokens for step in shown]),
        usd=_sum([step.usd for step in shown]),
        approvals=approvals,
        hosts=tuple(_hosts(shown, past)),
        agents=tuple(_agents(known, subtasks)),
        unknown=tuple(unknown_of(subtasks, shown, known, waits=bool(approvals))),
        runs=past.runs,
        steps=shown,
    )


def _piece(seconds: Span, lanes: int) -> Piece:
    return Piece(seconds.p50 + KEEPING_S[0], seconds.p95 + KEEPING_S[1], lanes)


def _placed(step: StepOutlook, *, path: frozenset[str], begun: Mapping[str, float]) -> StepOutlook:
    return replace(step, is_critical=step.id in path, starts_s=begun[step.id])


def _most_s(document: Mapping[str, Any], run_s: float) -> float:
    asked = (document.get("budget") or {}).get("wall_s")
    return run_s if asked is None else min(run_s, float(asked))


def _bounded(p50: float, p95: float, most: float, limit: float) -> Span:
    most = min(most, limit)
    return Span(min(p50, most), min(p95, most), most)


def _sum(amounts: Sequence[float | None]) -> Any:
    """Return the sum; None where a part of it is not known."""
    return None if None in amounts else sum(amount for amount in amounts if amount is not None)


def _hosts(steps: Sequence[StepOutlook], past: Past) -> Iterator[HostOutlook]:
    found: dict[str, list[str]] = {}
    for step in steps:
        for host in step.hosts:
            found.setdefault(host, []).append(step.id)
    for host, ids in sorted(found.items()):
        yield HostOutlook(host, host in past.hosts, tuple(ids))


def _agents(known: Known, subtasks: Sequence[Mapping[str, Any]]) -> Iterator[AgentOutlook]:
    names = {s[field] for s in subtasks for field in ("required_agent", "fallback_agent") if field in s}
    for name in sorted(names):
        card, prior = known.card(name), known.past.agents.get(name)
        yield AgentOutlook(
            name=name,
            version=card.version,
            effect=card.effect.value if name in known.cards else "",
            attempts=prior.attempts if prior else 0,
            failures=prior.failures if prior else 0.0,
        )
