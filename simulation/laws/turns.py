"""Whose turn it is: how many may wait, and who goes first."""

from __future__ import annotations

from typing import Final

from simulation.laws.evidence import FINAL, Case, Evidence, Verdict, ms

MS_PER_PRIORITY: Final = 60_000
GOING: Final = frozenset({"queued", "planning", "running"})
FEW: Final = 1
"""Unfinished runs that any process reads at once."""


def the_queue_is_bounded(evidence: Evidence) -> Verdict:
    """One run more than allowed is refused; one less is not."""
    most, unread = evidence.setting.limits.max_runs, _with_unread(evidence)
    for asked in evidence.history.requests:
        if asked.verb != "submit" or evidence.lives[asked.life].is_troubled:
            continue
        is_new = asked.is_acknowledged and not asked.fields["is_replay"]
        if is_new and asked.fields["before"] >= most and asked.life not in unread:
            yield (
                "the queue is bounded",
                f"{asked.run_id} was accepted with {asked.fields['before']} of {most} there",
            )
        so_far = sum(r.verb == "submit" and r.number <= asked.number for r in evidence.history.requests)
        if asked.answer == "engine.full" and so_far <= most:
            yield "the queue has room", f"{asked.run_id} was refused with {so_far} of {most} asked for so far"


def _with_unread(evidence: Evidence) -> set[int]:
    """Return the lives that found more unfinished runs than are read at once: they do not know of all at first."""
    return {
        look.life for look in evidence.proof.snapshots
        if sum(run["state"] in GOING for run in look.rows["run"]) > FEW
    }  # fmt: skip


def the_first_in_turn_is_first(evidence: Evidence) -> Verdict:
    """Runs leave the queue by priority and age, attempts get their place by the run's."""
    turns = {
        c.run_id: c.row["created_ms"] - c.row["priority"] * MS_PER_PRIORITY for c in evidence.cases.values()
    }
    accepted = {
        r.run_id: r for r in evidence.history.requests
        if r.verb == "submit" and r.is_acknowledged and not r.fields["is_replay"]
    }  # fmt: skip
    begun = {c.run_id: _begun(c) for c in evidence.cases.values()}
    for one, first in accepted.items():
        for other, second in accepted.items():
            if turns.get(other, 0) >= turns.get(one, 0) or first.life != second.life:
                continue
            life, mine, theirs = evidence.lives[first.life], begun.get(one), begun.get(other)
            if (
                mine is None
                or mine > ms(life.ended_s)
                or life.is_troubled
                or _was_stopped(first.run_id, evidence, mine)
            ):
                continue
            if (
                ms(second.answered_s or 0.0) + 5 < mine
                and (theirs is None or theirs > mine + 5)
                and not _was_stopped(second.run_id, evidence, mine)
            ):
                yield (
                    "the first in turn is first",
                    f"{one} began before {other}, which waited and had its turn first",
                )


def _begun(case: Case) -> float | None:
    """Return when a run left the queue."""
    kinds = FINAL | {"planning", "running", "awaiting_approval"}
    return next((float(e["at_ms"]) for e in case.events if e["kind"] in kinds), None)


def _was_stopped(run_id: str, evidence: Evidence, before_ms: float) -> bool:
    return any(
        r.run_id == run_id and r.verb == "cancel" and ms(r.at_s) < before_ms + 5
        for r in evidence.history.requests
    )


def the_first_in_turn_has_its_place(evidence: Evidence) -> Verdict:
    """Among attempts that wait for a place, the run that came first by age and priority goes first."""
    if evidence.setting.limits.per_agent:
        return
    turns = {c.run_id: c.row["created_ms"] - c.row["priority"] * 60_000 for c in evidence.cases.values()}
    ways = {c.run_id: _ways(c) for c in evidence.cases.values()}
    waits = []
    for case in evidence.cases.values():
        if case.plan is not None and case.plan.budget is None:
            for trace in case.traces:
                if (
                    trace["attempt"]
                    and trace["agent_type"] in ("pure", "other")
                    and trace["status"] == "success"
                ):
                    queued = evidence.body(trace)["metadata"].get("queued_ms", 0)
                    waits.append((trace["started_ms"] - queued, trace["started_ms"], case.run_id, trace))
    for _, start, run_id, one in waits:
        for other_ready, other_start, other_id, trace in waits:
            is_better = turns[other_id] < turns[run_id]
            if other_id == run_id:
                is_better = ways[run_id][trace["subtask_id"]] > ways[run_id][one["subtask_id"]]
            if (
                is_better
                and other_ready + 3 < start < other_start - 3
                and _same_life(evidence, start, other_ready)
            ):
                yield (
                    "the first in turn has its place",
                    f"{other_id} {trace['subtask_id']} waited while {run_id} began",
                )


def _ways(case: Case) -> dict[str, int]:
    """Return how many subtasks stand on the longest way from each to an end."""
    found: dict[str, int] = {}
    subtasks = case.subtasks()
    while len(found) < len(subtasks):
        for subtask in subtasks:
            after = [s.id for s in subtasks if subtask.id in s.dependencies]
            if all(name in found for name in after):
                found[subtask.id] = 1 + max((found[name] for name in after), default=0)
    return found


def _same_life(evidence: Evidence, *moments_ms: float) -> bool:
    return any(
        not life.is_troubled and all(ms(life.began_s) <= m <= ms(life.ended_s) for m in moments_ms)
        for life in evidence.proof.lives
    )
