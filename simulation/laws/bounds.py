"""How much at once, how long, and how late: what limits say, held against what was called."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from contracts.effect import Effect
from simulation.actors import KINDS
from simulation.history import Call
from simulation.laws.evidence import Case, Evidence, LifeSpan, Verdict, ms, stubborn_s

STALL_S = 0.35
AHEAD_S = 0.001
"""Attempts shorter than this need not wait until the end of the one before is kept."""
LATE_S = 15.0
"""More than all the others together could hold somebody up."""


def no_more_at_once_than_allowed(evidence: Evidence) -> Verdict:
    """Places, places per agent and runs in memory are never more than their limits."""
    limits = evidence.setting.limits
    for life in evidence.proof.lives:
        running: dict[int, Call] = {}
        for is_start, call in _steps([c for c in evidence.history.calls if c.life == life.number]):
            if not is_start:
                running.pop(call.number, None)
                continue
            running[call.number] = call
            held = [c for c in running.values() if not evidence.is_left_behind(c, call.at_s)]
            if len(held) > limits.slots:
                yield (
                    "no more at once than allowed",
                    f"{len(held)} attempts for {limits.slots} places, life {life.number}",
                )
            by_agent = Counter(c.agent for c in held)
            for agent, most in limits.per_agent.items():
                if by_agent[agent] > most:
                    yield (
                        "no more at once than allowed",
                        f"{by_agent[agent]} of {agent} for {most}, life {life.number}",
                    )
            if len({c.run_id for c in held}) > limits.active_runs and not life.is_troubled:
                yield (
                    "no more at once than allowed",
                    f"more than {limits.active_runs} runs, life {life.number}",
                )


def _steps(calls: list[Call]) -> list[tuple[bool, Call]]:
    starts = [(c.number, True, c) for c in calls]
    ends = [(c.ended_number, False, c) for c in calls if c.end != "lost"]
    return [(is_start, c) for _, is_start, c in sorted([*starts, *ends], key=lambda s: s[0])]


def a_crash_costs_no_more_than_there_are_places(evidence: Evidence) -> Verdict:
    """What a crash took, and has to be done again, is no more than could be under way."""
    looks = {look.life: look for look in evidence.proof.snapshots}
    for life in evidence.proof.lives:
        after = looks.get(life.number + 1) or looks[-1]
        if life.is_orderly or life.is_troubled or life.was_stuck:
            continue
        kept = {(t["run_id"], t["subtask_id"], t["item_index"], t["attempt"]) for t in after.rows["trace"]}
        lost = [
            c for c in evidence.history.calls
            if c.life == life.number and c.purpose == "run" and c.end != "parked" and (*c.name, c.attempt) not in kept
            and KINDS[c.agent] is not Effect.EFFECTFUL
            and (c.end == "lost" or c.ended_s - c.at_s >= AHEAD_S) and not evidence.is_left_behind(c, life.ended_s)
        ]  # fmt: skip
        if len(lost) > evidence.setting.limits.slots:
            yield (
                "a crash costs no more than there are places",
                f"{len(lost)} attempts lost in life {life.number}, {evidence.setting.limits.slots} places",
            )


def attempts_have_their_time(evidence: Evidence) -> Verdict:
    """No attempt goes on past its time and the grace to stop."""
    for call in evidence.history.calls:
        took = call.ended_s - call.at_s
        if call.end != "lost" and took > call.timeout_s + stubborn_s(call) + STALL_S:
            yield (
                "attempts have their time",
                f"{call.name} attempt {call.attempt}: {took:.2f} s of {call.timeout_s}",
            )
    for case in evidence.cases.values():
        asked = {s.id: s.timeout_s for s in case.subtasks()}
        for call in case.calls:
            expected = asked.get(call.subtask_id) or 20.0
            if call.timeout_s > expected:
                yield "attempts have their time", f"{call.name}: given {call.timeout_s} s, not {expected}"


def nobody_waits_for_ever(evidence: Evidence) -> Verdict:
    """A time that has come, or a retry that is due, is not left lying."""
    if not evidence.has_room:
        return
    for case in evidence.cases.values():
        by_name: dict[object, list[Call]] = {}
        for call in case.calls:
            by_name.setdefault(call.name, []).append(call)
        for calls in by_name.values():
            for one, following in pairwise(calls):
                if one.life == following.life and _overdue(evidence, case, one, following):
                    yield "nobody waits for ever", f"{one.name}: attempt {following.attempt} came late"


def _overdue(evidence: Evidence, case: Case, one: Call, following: Call) -> bool:
    life: LifeSpan = evidence.lives[one.life]
    if life.is_troubled:
        return False
    if one.end == "parked" and one.waits_until_s is not None and one.was_in_time:
        return following.at_s > one.at_s + one.waits_until_s + LATE_S
    trace = next((t for t in case.attempts(one.name) if t["attempt"] == one.attempt), None)
    return (
        trace is not None and bool(trace["next_ms"]) and ms(following.at_s) > trace["next_ms"] + LATE_S * 1000
    )


def timers_are_not_early(evidence: Evidence) -> Verdict:
    """Who waits for a time alone is called when it has come."""
    for case in evidence.cases.values():
        parked: dict[object, Call] = {}
        for call in case.calls:
            last = parked.pop(call.name, None)
            same = last is not None and last.life == call.life and not evidence.lives[call.life].is_troubled
            if same and last is not None and last.waits_until_s is not None:
                if not call.signals and call.at_s < last.at_s + last.waits_until_s - 0.003:
                    yield (
                        "timers are not early",
                        f"{call.name}: {call.at_s - last.at_s:.3f} s of {last.waits_until_s}",
                    )
                if not call.signals and not call.is_due:
                    yield "who comes due is told so", f"{call.name}"
            if call.end == "parked" and call.was_in_time:
                parked[call.name] = call


def a_drain_starts_nothing(evidence: Evidence) -> Verdict:
    """Once it drains a process starts no attempt, but for those whose intent was on its way."""
    for life in evidence.proof.lives:
        for call in evidence.history.calls:
            is_late = call.life == life.number and life.drained_s is not None and call.at_s > life.drained_s
            if is_late and KINDS[call.agent] is not Effect.EFFECTFUL:
                yield "a drain starts nothing", f"{call.name} attempt {call.attempt} in life {life.number}"
