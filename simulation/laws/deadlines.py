"""When a run has to be over: as its plan, its caller and its operator say, and not a moment moved."""

from __future__ import annotations

from itertools import pairwise

from simulation.history import Call
from simulation.laws.evidence import Case, Evidence, Verdict, ms, seconds


def deadlines_are_what_was_said(evidence: Evidence) -> Verdict:
    """A run's deadline follows from its start, its plan and its caller; it moves only by the time a run was parked."""
    for case in evidence.cases.values():
        row = case.row
        if case.plan is None or row["started_ms"] is None or case.is_old:
            continue
        operator = row["started_ms"] + round(evidence.setting.limits.run_timeout_s * 1000)
        wall_s = case.plan.budget.wall_s if case.plan.budget is not None else None
        said = [operator, *(row["started_ms"] + round(s * 1000) for s in [wall_s] if s is not None)]
        callers = [ms for ms in case.deadlines if ms is not None]
        first = min([*said, *callers])
        may_move = wall_s is None and first >= operator
        trouble_ms = 1e9 if any(life.is_troubled for life in evidence.proof.lives) else 50
        latest = first + (_parked_ms(evidence, case) + trouble_ms if may_move else 0)
        found = row["deadline_ms"]
        stood_ms = _surely_parked_ms(evidence, case) - trouble_ms - 500 if may_move else 0
        if found is not None and found < first + stood_ms and not (callers and found in said):
            yield (
                "a person's time is not the run's",
                f"{case.run_id}: {found}, of {first} and {stood_ms:.0f} parked",
            )
        if found is None and row["left_ms"] is None:
            yield "deadlines are what was said", f"{case.run_id} has none, not {first}"
        elif found is not None and not first <= found <= latest and not (callers and found in said):
            yield "deadlines are what was said", f"{case.run_id}: {found}, not from {first} to {latest}"
        if found is not None and row["ended_ms"] is not None:
            yield from _ended_by_then(evidence, case)
        if case.error_code == "run.deadline" and row["ended_ms"] < (found or 0) - 3:
            yield (
                "deadlines are what was said",
                f"{case.run_id} ended {found - row['ended_ms']} ms before its deadline",
            )


def _parked_ms(evidence: Evidence, case: Case) -> float:
    """Return for how long somebody or something was waited for; at most, for others may have run meanwhile."""
    end_ms = float(case.row["ended_ms"] or 0)
    parked = [c for c in case.calls if c.end == "parked"]
    waits = [(ms(c.ended_s), _woken_ms(evidence, case, c) or end_ms) for c in parked]
    asked: float | None = None
    for event in case.events:
        if event["kind"] == "awaiting_approval":
            asked = asked or float(event["at_ms"])
        elif event["kind"] in ("approved", "signalled") and asked is not None:
            waits.append((asked, float(event["at_ms"])))
            asked = None
    if asked is not None:
        waits.append((asked, end_ms))
    total, reached = 0.0, 0.0
    for begin, end in sorted(waits):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _surely_parked_ms(evidence: Evidence, case: Case) -> float:
    """Return for how long a run was out of memory at least: from when it asked for somebody to what came next."""
    begun = [ms(call.at_s) for call in case.calls]
    begun += [ms(c.at_s + c.waits_until_s) for c in case.calls if c.waits_until_s is not None]
    told = sorted((e["event_id"], float(e["at_ms"]), e["kind"]) for e in case.events)
    total = 0.0
    for (_, at_ms, kind), (_, next_ms, _) in pairwise(told):
        until_ms = min([next_ms, *(moment for moment in begun if moment >= at_ms)])
        has_begun = case.row["started_ms"] is not None and at_ms >= case.row["started_ms"]
        if (
            kind == "awaiting_approval"
            and has_begun
            and evidence.sound_life_at(seconds(at_ms), seconds(until_ms))
        ):
            total += until_ms - at_ms
    return total


def _woken_ms(evidence: Evidence, case: Case, parked: Call) -> float | None:
    """Return when an element that parked went on for good: what a crash took back was not the end of its wait."""
    found = None
    for call in case.calls:
        if call.name == parked.name and call.number > parked.number:
            found = ms(call.at_s)
            if evidence.lives[call.life].is_orderly:
                break
    return found


def _ended_by_then(evidence: Evidence, case: Case) -> Verdict:
    late_s = (case.row["ended_ms"] - case.row["deadline_ms"]) / 1000
    slack_s = evidence.setting.limits.stop_grace_s + 2.0
    if late_s <= slack_s or not evidence.has_room:
        return
    for life in evidence.proof.lives:
        began_ms, ended_ms = ms(life.began_s), ms(life.ended_s)
        if (
            not life.is_troubled
            and began_ms < case.row["deadline_ms"]
            and ended_ms > case.row["deadline_ms"] + slack_s * 1000
        ):
            yield "a deadline ends a run", f"{case.run_id} ended {late_s:.1f} s late, in life {life.number}"
