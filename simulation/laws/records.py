"""What is recorded is what was: a run as it was asked for, an attempt as long as it took, an end that follows."""

from __future__ import annotations

import json
from typing import Any, Final

from contracts.run import Run
from simulation.connection import Row
from simulation.history import Call
from simulation.laws.evidence import FINAL, GOOD, Case, Evidence, Verdict, ms

AS_ASKED: Final = ("objective", "priority", "approval", "parent_id", "root_id", "home_zone", "created_ms")
CARDS_S: Final = 20.0
"""What an attempt has where its subtask says nothing."""
WITHOUT_A_CALL: Final = frozenset({"budget.exhausted", "effect.unknown", "effect.not_done"})


def a_run_is_what_was_asked_for(evidence: Evidence) -> Verdict:
    """What is kept of a run is what its caller sent."""
    for asked in evidence.history.requests:
        case = evidence.cases.get(asked.run_id)
        if asked.verb != "submit" or case is None:
            continue
        run: Run = asked.fields["run"]
        wrong = [name for name in AS_ASKED if case.row[name] != getattr(run, name)]
        first = case.plans[0].plan_id if case.former else case.row["plan_id"]
        if run.plan is not None and first != run.plan.plan_id:
            wrong.append("plan_id")
        if wrong:
            yield "a run is what was asked for", f"{asked.run_id}: {wrong}"


def a_subtask_ends_as_its_elements_did(evidence: Evidence) -> Verdict:
    """One way for all of them is the subtask's; else some output is partial success, none is failure."""
    for case in evidence.cases.values():
        if case.plan is None:
            continue
        for subtask in case.plan.subtasks:
            ending = case.ending(subtask.id)
            if ending is None:
                continue
            own = [
                t for t in case.traces if t["subtask_id"] == subtask.id and _is_element(t, subtask.foreach)
            ]
            last = {t["item_index"]: t for t in own}
            if not last or (ending["attempt"] == 0 and ending["status"] != ending["ended"]):
                continue
            what = f"{case.run_id} {subtask.id} ended as {ending['ended']}"
            if ending["ended"] == "cancelled" or ending["error_code"] in (
                "approval.rejected",
                "run.redacted",
            ):
                continue
            left = [i for i, t in last.items() if t["next_ms"] is not None]
            if left:
                yield "nothing is left of what has ended", f"{what}: elements {left} had another try"
            expected = _status_of([t["status"] for t in last.values()])
            if ending["ended"] != expected and not _is_unfinished(evidence, case, subtask, last):
                yield "a subtask ends as its elements did", f"{what}, not {expected}"


def _is_element(trace: Row, foreach: object) -> bool:
    return bool(trace["item_index"] is not None if foreach is not None else trace["attempt"])


def _is_unfinished(evidence: Evidence, case: Case, subtask: Any, last: dict[Any, Row]) -> bool:
    """Say whether a list was given up before all of its elements had an end."""
    return subtask.foreach is not None and len(last) < len(evidence.elements(case, subtask))


def _status_of(statuses: list[str]) -> str:
    found = set(statuses)
    if len(found) == 1:
        return found.pop()
    if "cancelled" in found:
        return "cancelled"
    return "partial_success" if found & GOOD else "failure"


def a_trace_says_the_same_twice(evidence: Evidence) -> Verdict:
    """What lists show of a trace is what stands in it."""
    for case in evidence.cases.values():
        for trace in case.traces if not case.is_old else ():
            body = evidence.body(trace)
            about = body["metadata"]
            error = about.get("error")
            told: dict[str, object] = {
                "trace_id": body["trace_id"], "run_id": body["task_id"], "agent_type": body["agent_type"],
                "status": body["status"], "subtask_id": about["subtask_id"], "attempt": about.get("attempt", 1),
                "item_index": about.get("item_index"), "started_ms": about.get("started_ms", 0),
                "duration_ms": about.get("duration_ms", 0), "error_code": error["code"] if error else None,
            }  # fmt: skip
            wrong = [name for name, value in told.items() if trace[name] != value]
            if json.loads(trace["usage"]) != about.get("usage", {}):
                wrong.append("usage")
            if wrong:
                yield "a trace says the same twice", f"{case.run_id} {trace['subtask_id']}: {wrong}"


def attempts_take_the_time_that_is_recorded(evidence: Evidence) -> Verdict:
    """A trace is as long as its attempt; a timeout comes when the time is over, not before."""
    for case in evidence.cases.values():
        wanted = {s.id: s.timeout_s or CARDS_S for s in case.subtasks()}
        for call in case.calls:
            if call.timeout_s != wanted.get(call.subtask_id):
                yield (
                    "an attempt is given its time",
                    f"{call.name}: {call.timeout_s}, not {wanted.get(call.subtask_id)}",
                )
        for trace in case.traces:
            own = [c for c in case.calls if _is_of(c, trace)]
            calls = [c for c in own if c.purpose == "run" and abs(ms(c.at_s) - trace["started_ms"]) < 5]
            if (
                not calls
                or trace["error_code"] in WITHOUT_A_CALL
                or any(c.purpose == "reconcile" for c in own)
            ):
                continue
            if trace["status"] == "timeout":
                if trace["duration_ms"] < calls[-1].timeout_s * 1000 - 2:
                    yield "a timeout is not early", f"{calls[-1].name}: {trace['duration_ms']} ms"
            elif trace["status"] != "cancelled" and all(_lasted(c) for c in calls):
                spans = [(c.ended_s - c.at_s) * 1000 for c in calls]
                if not any(abs(span - trace["duration_ms"]) < 2 for span in spans):
                    yield (
                        "a trace is as long as its attempt",
                        f"{calls[-1].name}: {trace['duration_ms']}, not {spans}",
                    )


def _is_of(call: Call, trace: Row) -> bool:
    return call.name[1:] == (trace["subtask_id"], trace["item_index"]) and call.attempt == trace["attempt"]


def _lasted(call: Call) -> bool:
    return call.end in ("reply", "failed", "crashed")


def a_run_is_as_its_events_tell(evidence: Evidence) -> Verdict:
    """When it began and ended, and as what, stands in the row and in the events alike."""
    for case in evidence.cases.values():
        if case.is_old:
            continue
        began = [e["at_ms"] for e in case.events if e["kind"] == "running"]
        ended = [e["at_ms"] for e in case.events if e["kind"] in FINAL]
        if began and case.row["started_ms"] != began[0]:
            yield (
                "a run is as its events tell",
                f"{case.run_id}: began {case.row['started_ms']}, told {began}",
            )
        if len(began) > 1:
            yield "a run begins once", f"{case.run_id}: {began}"
        if ended and abs(case.row["ended_ms"] - ended[-1]) > 1:
            yield "a run is as its events tell", f"{case.run_id}: ended {case.row['ended_ms']}, told {ended}"
        asked = [e for e in case.events if e["kind"] == "cancel_requested"]
        if (case.row["cancel_reason"] is None) == bool(asked) and case.state == "cancelled":
            yield (
                "a run is as its events tell",
                f"{case.run_id}: {case.row['cancel_reason']!r}, {len(asked)} cancels",
            )
