"""What a run may spend: set aside before an attempt, given back after it, never more than there is."""

from __future__ import annotations

import json
from typing import Final

from simulation.laws.evidence import Case, Evidence, Verdict, ms, stubborn_s

EFFECTFUL: Final = frozenset({"effect", "asks"})
SHARE: Final = 50
"""Requests an attempt is given where nothing says otherwise."""


def budgets_are_kept(evidence: Evidence) -> Verdict:
    """No attempt may use more than is left, and what was not used is there for the next."""
    for case in evidence.cases.values():
        own = {s.id: s.budget.requests for s in case.subtasks() if s.budget is not None}
        whole = case.plan.budget.requests if case.plan is not None and case.plan.budget is not None else None
        for call in case.calls:
            wanted = own.get(call.subtask_id) if call.purpose == "run" else None
            if wanted is not None and call.allowance.get("requests") != wanted:
                yield "a subtask has its own budget", f"{call.name}: {dict(call.allowance)}, not {wanted}"
        if whole is not None:
            yield from _spent(evidence, case, whole)
            yield from _refused(case, whole, own)
            if case.calls:
                yield from _unspent(case, whole, own)


def _spent(evidence: Evidence, case: Case, whole: int) -> Verdict:
    for life in sorted({c.life for c in case.calls}):
        if evidence.lives[life].is_troubled:
            continue  # what could not be kept counts no more, nor does what it spent
        calls = [c for c in case.calls if c.life == life]
        steps = sorted(
            [(c.number, 1, c) for c in calls] + [(c.ended_number, 0, c) for c in calls if c.end != "lost"],
            key=lambda s: s[:2],
        )
        held: dict[int, float] = {}
        spent: float = 0
        for _, is_start, call in steps:
            if not is_start:
                held.pop(call.number, None)
                spent += call.usage.get("requests", 0)
                continue
            held[call.number] = call.allowance.get("requests", 0)
            if any(stubborn_s(c) > 0 for c in calls):
                continue  # what was left behind has given its share back
            if sum(held.values()) + spent > whole:
                yield (
                    "no more is reserved than is left",
                    f"{call.name}: {sum(held.values())} held, {spent} spent of {whole}",
                )


def _unspent(case: Case, whole: int, own: dict[str, int | None]) -> Verdict:
    """In a run's first life, with nothing else under way, an attempt is given all there is left."""
    first = [c for c in case.calls if c.life == case.calls[0].life]
    if any(c.end == "parked" for c in first) or any(s.required_agent in EFFECTFUL for s in case.subtasks()):
        return  # something may be set aside for what has not begun
    for call in first:
        others = [c for c in first if c.number < call.number]
        alone = all(c.end != "lost" and c.ended_s < call.at_s for c in others)
        alone = alone and not any(0 <= c.at_s - call.at_s < 0.05 and c is not call for c in first)
        left = whole - sum(c.usage.get("requests", 0) for c in others)
        if (
            alone
            and own.get(call.subtask_id) is None
            and call.allowance.get("requests", 0) < min(SHARE, max(left, 1))
        ):
            yield "what was not used is given back", f"{call.name}: {dict(call.allowance)} of {left} left"


def _refused(case: Case, whole: int, own: dict[str, int | None]) -> Verdict:
    kept = 0
    for trace in case.traces:
        if trace["error_code"] == "budget.exhausted":
            # what an effect used counts at once, and stands in a trace when it is known what came of it
            ended = [c for c in case.calls if c.end != "lost" and ms(c.ended_s) <= trace["started_ms"] + 1]
            left = whole - max(kept, sum(c.usage.get("requests", 0) for c in ended))
            if left >= (own.get(trace["subtask_id"]) or 1):
                yield (
                    "what was not used is given back",
                    f"{case.run_id} {trace['subtask_id']}: refused with {left} of {whole} left",
                )
        kept += int(json.loads(trace["usage"]).get("requests", 0))
