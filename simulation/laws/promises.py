"""What people were promised: that a no is a no, that a yes is for one plan, that each is heard once and in turn."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise

from contracts.plan import Subtask
from simulation.history import Call, Request
from simulation.laws.evidence import FINAL, GOOD, Case, Evidence, Verdict, ms
from simulation.laws.keeping import DAY_MS

MS_PER_PRIORITY = 60_000
SHARE = 50
"""Requests an attempt is given where nothing says otherwise."""
STOPPED = frozenset({"run.cancelled", "run.deadline", "run.rejected", "run.subtask_failed"})


def every_run_ends(evidence: Evidence) -> Verdict:
    """In the end nothing is under way."""
    for case in evidence.cases.values():
        if case.state not in FINAL:
            yield "every run ends", f"{case.run_id} is {case.state}"


def a_cancel_is_final(evidence: Evidence) -> Verdict:
    """Who was told yes sees the run cancelled, soon, and nothing begun after that."""
    for asked in evidence.history.requests:
        if asked.verb != "cancel" or not asked.is_acknowledged or not asked.fields["found"]:
            continue
        case = evidence.cases.get(asked.run_id)
        if case is None:
            continue
        if case.state != "cancelled" and not _was_stopped_before(case, asked):
            yield "a cancel is final", f"{asked.run_id} ended as {case.state} {case.error_code}"
        for call in case.calls:
            if call.number > asked.answered_number:
                yield "nothing starts after a cancel", f"{call.purpose} of {call.name} attempt {call.attempt}"
        grace_ms = 1000 * (evidence.setting.limits.stop_grace_s + 1.5)
        life = evidence.lives[asked.life]
        late = case.row["ended_ms"] - ms(asked.answered_s or 0.0) if case.row["ended_ms"] else 0.0
        if (
            late > grace_ms
            and not life.is_troubled
            and ms(life.ended_s) > ms(asked.answered_s or 0.0) + grace_ms
        ):
            yield "a cancel is quick", f"{asked.run_id}: {late:.0f} ms"


def _was_stopped_before(case: Case, asked: Request) -> bool:
    """Say whether a run had been stopped for another reason when somebody asked to cancel it: the first one counts."""
    told_ms = ms(asked.answered_s or 0.0)
    if case.error_code == "run.deadline":
        return bool(case.row["deadline_ms"] <= told_ms)
    failing = {s.id for s in case.subtasks() if s.on_failure == "fail"}
    ends = [t for t in case.traces if t["subtask_id"] in failing and t["ended"] in ("failure", "timeout")]
    asks = [e["event_id"] for e in case.events if e["kind"] == "cancel_requested"]
    return (
        case.error_code == "run.subtask_failed" and bool(ends) and ends[0]["event_id"] < min(asks, default=0)
    )


def only_the_right_approval_counts(evidence: Evidence) -> Verdict:
    """What waits for a person starts after a yes to this very plan, and to no other."""
    for case in evidence.cases.values():
        if case.plan is None:
            continue
        yes = [
            (r.number, json.loads(r.fields["payload"]))
            for r in case.requests
            if r.verb == "signal" and r.fields["name"] == "approve"
        ]
        asks = {s.id for s in case.subtasks() if s.approval == "always"}
        for call in case.calls:
            right = {
                plan.plan_id for plan in case.plans if any(s.id == call.subtask_id for s in plan.subtasks)
            }
            given = {p["subtask"] for n, p in yes if n < call.number and p["plan_id"] in right}
            if call.subtask_id in asks and not given & {call.subtask_id, None}:
                yield "only the right approval counts", f"{call.name} attempt {call.attempt} began without"
            if case.row["approval"] == "plan" and None not in given:
                yield "only the right approval counts", f"{call.name} began before its plan was approved"
            is_effect = call.agent in ("effect", "asks") and case.row["approval"] == "effects"
            if is_effect and not given & {call.subtask_id, None} and not _is_fallback(case, call):
                yield "only the right approval counts", f"{call.name}, an effect, began without"
        no = [r for r in case.requests if r.verb == "signal" and r.fields["name"] == "reject"]
        if case.state == "rejected" and not no:
            yield "only a person rejects", case.run_id


def _is_fallback(case: Case, call: Call) -> bool:
    return any(s.id == call.subtask_id and s.required_agent != call.agent for s in case.subtasks())


def a_signal_is_heard_once(evidence: Evidence) -> Verdict:
    """Each signal reaches one element, and is marked as used when it was."""
    for case in evidence.cases.values():
        sent = {
            r.fields["payload"]: r.fields["signal_id"] for r in case.requests
            if r.verb == "signal" and r.fields["name"] not in ("approve", "reject")
        }  # fmt: skip
        heard: defaultdict[str, set[object]] = defaultdict(set)
        for call in case.calls:
            for payload in map(json.dumps, call.signals.values()):
                if payload not in sent:
                    yield "nobody hears what was not said", f"{call.name}: {payload}"
                elif _counts(evidence, case, call):
                    heard[sent[payload]].add(call.name)
        for signal_id, names in heard.items():
            if len(names) > 1:
                yield "a signal is heard once", f"{case.run_id} {signal_id}: {sorted(map(str, names))}"
        taken = {
            s["signal_id"] for s in case.signals if s["taken"] and s["name"] not in ("approve", "reject")
        }
        for signal_id in sorted(heard.keys() - taken) if case.error_code not in STOPPED else ():
            yield "a signal that was heard is used up", f"{case.run_id} {signal_id}"


def _counts(evidence: Evidence, case: Case, call: Call) -> bool:
    """Say whether what a call did is kept."""
    return any(t["attempt"] == call.attempt and evidence.was_kept(call) for t in case.attempts(call.name))


def one_key_is_one_run(evidence: Evidence) -> Verdict:
    """A key answers one request, with one run, for ever."""
    answers: dict[str, tuple[str, float]] = {}
    runs: defaultdict[str, set[str]] = defaultdict(set)
    for asked in evidence.history.requests:
        if asked.verb != "submit" or asked.fields["key"] is None:
            continue
        key, made = asked.fields["key"], asked.fields.get("made")
        if asked.fields["body"] == "" and asked.run_id in evidence.cases:
            runs[key].add(asked.run_id)
        if asked.is_acknowledged:
            known, known_ms = answers.setdefault(key, (f"{asked.fields['body']} {made}", ms(asked.at_s)))
            if known != f"{asked.fields['body']} {made}" and ms(asked.at_s) - known_ms < DAY_MS:
                yield "one key is one request", f"{key}: {known!r}, then {asked.fields['body']!r} {made}"
    for key, made_runs in runs.items():
        times = sorted(evidence.cases[run_id].row["created_ms"] for run_id in made_runs)
        if any(later - one < DAY_MS for one, later in pairwise(times)):
            yield "one key is one run", f"{key} made {sorted(made_runs)}"


def retries_keep_what_was_done(evidence: Evidence) -> Verdict:
    """A child run has its parent's outputs from the start and does not make them again."""
    for case in evidence.cases.values():
        parent = evidence.cases.get(case.row["parent_id"] or "")
        if parent is None:
            continue
        for subtask in parent.subtasks():
            ending = parent.ending(subtask.id)
            what = f"{case.run_id} {subtask.id}, of {parent.run_id}"
            if ending is None or ending["ended"] not in GOOD:
                yield from _elements_stay(evidence, case, parent, subtask)
                continue
            if _is_settled_anew(parent, subtask.id):
                continue
            if any(c.subtask_id == subtask.id for c in case.calls):
                yield "a retry runs nothing finished again", what
            if evidence.context(case, subtask.output_key) != evidence.context(parent, subtask.output_key):
                yield "a retry keeps what was done", what
        yield from _no_effect_again(evidence, case)


def _elements_stay(evidence: Evidence, case: Case, parent: Case, subtask: Subtask) -> Verdict:
    """What elements of a list gave is kept where the list as a whole gave nothing."""
    given = {
        t["item_index"]: t for t in parent.traces if t["subtask_id"] == subtask.id and t["status"] in GOOD
    }
    given.pop(None, None)
    if any(c.subtask_id == subtask.id and c.item_index in given for c in case.calls):
        yield "a retry runs nothing finished again", f"{case.run_id} elements of {subtask.id}"
    ending = case.ending(subtask.id)
    found = evidence.context(case, subtask.output_key)
    if ending is None or ending["ended"] not in GOOD or not isinstance(found, list):
        return
    for index, trace in given.items():
        if found[index : index + 1] != [evidence.body(trace)["output"]]:
            yield "a retry keeps what was done", f"{case.run_id} {subtask.id} {index}, of {parent.run_id}"


def _is_settled_anew(parent: Case, subtask_id: str) -> bool:
    """Say whether some element is gone on with because what was not known of it did not happen."""
    return any(t["error_code"] == "effect.unknown" for t in parent.traces if t["subtask_id"] == subtask_id)


def _no_effect_again(evidence: Evidence, case: Case) -> Verdict:
    ancestor = evidence.cases.get(case.row["parent_id"] or "")
    while ancestor is not None:
        done = {e.name[1:] for e in ancestor.effects if e.kind == "effectful"}
        for effect in case.effects:
            if effect.kind == "effectful" and effect.name[1:] in done:
                yield "no effect happens twice", f"{effect.name} happened in {ancestor.run_id} before"
        ancestor = evidence.cases.get(ancestor.row["parent_id"] or "")
