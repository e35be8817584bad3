"""Nobody stands about: while there is something to do and a place to do it in, it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from simulation.history import Call
from simulation.laws.evidence import Case, Evidence, LifeSpan, Verdict, ms, seconds

STILL_S: Final = 12.0
"""More than all the others together could hold somebody up."""
BEGIN_S: Final = 5.0
WASTE_S: Final = 1.0
DECIDED: Final = frozenset({"approved", "signalled", "cancel_requested"})

Span = tuple[float, float]


def nobody_stands_still(evidence: Evidence) -> Verdict:
    """A run in which nothing is under way, and nothing waited for, goes on."""
    if not evidence.has_room:
        return
    for life in evidence.sound_lives():
        ends_s = life.ended_s if life.drained_s is None else life.drained_s
        world = [_span(c, ends_s) for c in evidence.history.calls if c.life == life.number]
        for case in (c for c in evidence.cases.values() if not c.is_old):
            began = max(life.began_s, seconds(case.row["created_ms"]))
            over = min(ends_s, seconds(case.row["ended_ms"] or ms(ends_s)))
            for gap_s, until_s in _gaps([*world, *_naps(case)], began, over):
                if until_s - gap_s > STILL_S and not _waits(case, gap_s + 1.0, life):
                    yield (
                        "nobody stands still",
                        f"{case.run_id}: {gap_s:.1f} to {until_s:.1f}, life {life.number}",
                    )


def _span(call: Call, ends_s: float) -> Span:
    return call.at_s, ends_s if call.end == "lost" else call.ended_s


def _naps(case: Case) -> Iterator[Span]:
    for trace in case.traces:
        end_s = seconds(trace["started_ms"] + trace["duration_ms"])
        yield end_s, max(end_s, seconds(trace["next_ms"] or 0))
    for event in case.events:
        yield seconds(event["at_ms"]), seconds(event["at_ms"])


def _gaps(busy: Sequence[Span], began: float, over: float) -> Iterator[Span]:
    reached = began
    for start, end in sorted(busy):
        if start > over:
            break
        if start > reached:
            yield reached, start
        reached = max(reached, end)
    if over > reached:
        yield reached, over


def _waits(case: Case, at_s: float, life: LifeSpan) -> bool:
    """Say whether somebody or something is waited for at a moment."""
    asked = [e for e in case.events if seconds(e["at_ms"]) <= at_s]
    kinds = [e["kind"] for e in asked if e["kind"] == "awaiting_approval" or e["kind"] in DECIDED]
    if kinds and kinds[-1] == "awaiting_approval":
        return True
    last: dict[object, Call] = {}
    for call in case.calls:
        if call.at_s <= at_s and (call.life <= life.number):
            last[call.name] = call
    return any(c.end == "parked" and c.ended_s <= at_s for c in last.values())


def who_has_room_begins(evidence: Evidence) -> Verdict:
    """An accepted run is taken up at once where there is room for all."""
    if not evidence.has_room:
        return
    sound = {life.number: life for life in evidence.sound_lives()}
    for asked in evidence.history.requests:
        life = sound.get(asked.life)
        case = evidence.cases.get(asked.run_id)
        if asked.verb != "submit" or not asked.is_acknowledged or life is None or case is None:
            continue
        told_s = asked.answered_s or 0.0
        ends_s = life.ended_s if life.drained_s is None else life.drained_s
        begun = [seconds(e["at_ms"]) for e in case.events if e["kind"] != "queued"]
        if ends_s > told_s + BEGIN_S and (not begun or min(begun) > told_s + BEGIN_S):
            yield "who has room begins", f"{case.run_id}, accepted at {told_s:.1f}"


def who_is_due_is_called(evidence: Evidence) -> Verdict:
    """A retry, and who waits for a time, stands in line for a place when its time has come."""
    if not evidence.has_room:
        return
    for case in evidence.cases.values():
        if case.former and case.row["approval"] == "plan":
            continue  # a new plan waits for a person, and with it whatever parks
        by_start = {
            (t["subtask_id"], t["item_index"], t["started_ms"]): t for t in case.traces if t["attempt"]
        }
        for one, following in _steps(case):
            trace = by_start.get((*following.name[1:], round(ms(following.at_s))))
            due_s = _due(case, one)
            if (
                trace is None
                or due_s is None
                or evidence.sound_life_at(one.ended_s, due_s, following.at_s) is None
            ):
                continue
            queued_s = evidence.body(trace)["metadata"].get("queued_ms", 0) / 1000
            if following.at_s - queued_s > due_s + WASTE_S:
                yield (
                    "who is due is called",
                    f"{one.name}: due at {due_s:.1f}, {following.at_s - queued_s - due_s:.1f} s late",
                )


def _steps(case: Case) -> Iterator[tuple[Call, Call]]:
    """Yield each call with the one that follows it at the same element, in the same life."""
    last: dict[object, Call] = {}
    for call in case.calls:
        one = last.get(call.name)
        if one is not None and one.life == call.life and one.purpose == call.purpose == "run":
            yield one, call
        last[call.name] = call


def _due(case: Case, one: Call) -> float | None:
    if one.end == "parked" and one.was_in_time:
        return None if one.waits_until_s is None else max(one.ended_s, one.at_s + one.waits_until_s)
    kept = next((t for t in case.attempts(one.name) if t["attempt"] == one.attempt), None)
    return seconds(kept["next_ms"]) if kept is not None and kept["next_ms"] else None


def no_place_is_wasted(evidence: Evidence) -> Verdict:
    """Who waits for a place waits because all are taken."""
    limits = evidence.setting.limits
    for case in evidence.cases.values():
        if case.plan is None or case.plan.budget is not None:
            continue
        for trace in (t for t in case.traces if t["attempt"] and not case.is_old):
            queued = evidence.body(trace)["metadata"].get("queued_ms", 0)
            start, end = seconds(trace["started_ms"] - queued) + 0.3, seconds(trace["started_ms"]) - 0.3
            life = evidence.sound_life_at(start, end)
            if end - start < WASTE_S or life is None:
                continue
            for a, b, held in _held(evidence, life, start, end):
                same = sum(c.agent == trace["agent_type"] for c in held)
                most = limits.per_agent.get(trace["agent_type"], limits.slots)
                if b - a > WASTE_S and len(held) < limits.slots and same < most:
                    yield (
                        "no place is wasted",
                        f"{case.run_id} {trace['subtask_id']} waited, {len(held)} of {limits.slots} taken",
                    )


def _held(
    evidence: Evidence, life: LifeSpan, start: float, end: float
) -> Iterator[tuple[float, float, list[Call]]]:
    """Yield the calls under way, from one change to the next."""
    calls = [c for c in evidence.history.calls if c.life == life.number]
    spans = [(*_span(c, life.ended_s), c) for c in calls]
    changes = sorted({start, end, *(t for a, b, _ in spans for t in (a, b) if start < t < end)})
    for a, b in pairwise(changes):
        yield a, b, [c for begin, over, c in spans if begin <= a and over >= b]
