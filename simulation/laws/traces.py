"""Traces tell what happened: every attempt has one, every one had an attempt, and says what came of it."""

from __future__ import annotations

import json
from typing import Final

from simulation.connection import Row
from simulation.history import Call
from simulation.laws.evidence import GOOD, Case, Evidence, Verdict, ms, stubborn_s

WITHOUT_A_CALL: Final = frozenset({"budget.exhausted", "effect.unknown"})
EXPECTED: Final = {
    "reply": GOOD | {"failure", "timeout"},
    "failed": frozenset({"failure", "timeout"}),
    "crashed": frozenset({"failure", "timeout"}),
    "bad": frozenset({"failure", "timeout"}),
    "cancelled": frozenset({"cancelled", "timeout", "failure"}),
    "parked": frozenset({"cancelled", "timeout", "failure"}),
    "not_done": frozenset({"failure"}),
    "lost": GOOD | {"failure", "timeout", "cancelled"},
}


def every_attempt_has_its_trace(evidence: Evidence) -> Verdict:
    """What was started and ended, in a process that ended in order, is kept when it has ended."""
    looks = {look.life: look for look in evidence.proof.snapshots}
    traced = {
        life: {(t["run_id"], t["subtask_id"], t["item_index"], t["attempt"]) for t in look.rows["trace"]}
        for life, look in looks.items()
    }  # fmt: skip
    for call in evidence.history.calls:
        if call.end == "parked" or not evidence.was_kept(call) or call.purpose == "reconcile":
            continue
        if call.agent in ("effect", "asks") and call.end in ("cancelled", "crashed", "bad"):
            continue  # it is not known what it did; the next process finds out
        if (*call.name, call.attempt) not in traced.get(call.life + 1, traced[-1]):
            yield (
                "every attempt has its trace",
                f"{call.name} attempt {call.attempt} ended as {call.end}, life {call.life}",
            )


def every_trace_had_its_attempt(evidence: Evidence) -> Verdict:
    """What a trace says is what the agent did."""
    for case in evidence.cases.values():
        for trace in case.traces:
            if not trace["attempt"] or case.is_old or trace["error_code"] in WITHOUT_A_CALL:
                continue
            name = (case.run_id, trace["subtask_id"], trace["item_index"])
            own = [c for c in case.calls if c.name == name and c.attempt == trace["attempt"]]
            what = f"{name} attempt {trace['attempt']}: {trace['status']} {trace['error_code'] or ''}"
            yield from _told(evidence, trace, own, what)


def _told(evidence: Evidence, trace: Row, own: list[Call], what: str) -> Verdict:
    if not own:
        if trace["status"] != "cancelled":
            yield "every trace had its attempt", what
    elif trace["status"] == "cancelled" and not any(evidence.was_kept(c) for c in own):
        return  # what they did was lost, and then it was stopped before it began anew
    elif trace["status"] == "cancelled" and any(stubborn_s(c) > 0 for c in own):
        return  # left behind, whatever it said in the end
    elif not any(trace["status"] in EXPECTED[c.end] for c in own):
        yield "a trace says what came of it", f"{what} for {[c.end for c in own]}"
    elif trace["status"] in GOOD and not any(_is_answer(evidence, trace, c) for c in own):
        yield (
            "a trace holds what was answered",
            f"{what}: {str(evidence.body(trace)['output'])[:100]}",
        )
    elif trace["agent_type"] not in {c.agent for c in own}:
        yield "a trace names its agent", what


def _is_answer(evidence: Evidence, trace: Row, call: Call) -> bool:
    is_told = call.purpose == "reconcile" or trace["status"] == call.status
    return bool(call.end == "reply" and is_told and evidence.body(trace)["output"] == call.output)


def times_are_true(evidence: Evidence) -> Verdict:
    """A trace's start and length are those of its attempt; its wait is what backoff says."""
    backoff = evidence.setting.limits.backoff
    for case in evidence.cases.values():
        for trace in case.traces:
            calls = [
                c for c in case.calls
                if c.name[1:] == (trace["subtask_id"], trace["item_index"])
                and c.attempt == trace["attempt"]
            ]  # fmt: skip
            if (
                not calls
                or any(c.purpose == "reconcile" for c in calls)
                or trace["error_code"] in WITHOUT_A_CALL | {"effect.not_done"}
            ):
                continue
            if trace["status"] != "cancelled" and not any(
                abs(ms(c.at_s) - trace["started_ms"]) < 5 for c in calls
            ):
                yield (
                    "times are true",
                    f"{case.run_id} {trace['subtask_id']} {trace['attempt']}: starts {trace['started_ms']}",
                )
            if trace["next_ms"] and trace["status"] != "cancelled":
                tries = _tries(case, trace)
                expected = min(backoff.ceiling_s, backoff.base_s * 2.0 ** (tries - 1)) * 1000
                waits = [trace["next_ms"] - ms(c.ended_s) for c in calls]
                if not any(abs(wait - expected) < 8 for wait in waits):
                    yield (
                        "backoff grows from attempt to attempt",
                        f"{case.run_id} {trace['subtask_id']} {trace['attempt']}: waits {waits}, not {expected}",
                    )


def _tries(case: Case, row: Row) -> int:
    """Count attempts by the same agent up to this one; one that was stopped to be gone on with does not count."""
    name = (case.run_id, row["subtask_id"], row["item_index"])
    return sum(
        1 for t in case.attempts(name)
        if t["agent_type"] == row["agent_type"] and t["status"] != "cancelled" and t["attempt"] <= row["attempt"]
    )  # fmt: skip


def usage_is_kept(evidence: Evidence) -> Verdict:
    """What an attempt used stands in its trace."""
    for case in evidence.cases.values():
        for trace in case.traces:
            used = json.loads(trace["usage"])
            own = [
                c for c in case.calls
                if c.name[1:] == (trace["subtask_id"], trace["item_index"]) and c.attempt == trace["attempt"]
            ]  # fmt: skip
            is_told = all(c.purpose == "run" and c.end == "reply" for c in own)
            if (
                trace["status"] in GOOD
                and own
                and is_told
                and not any(dict(c.usage).items() <= used.items() for c in own)
            ):
                yield (
                    "what was used is kept",
                    f"{case.run_id} {trace['subtask_id']}: {used} for {[dict(c.usage) for c in own]}",
                )
