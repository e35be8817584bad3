"""How runs and requests end, and what the last word on them is."""

from __future__ import annotations

import json
from itertools import pairwise

from simulation.laws.evidence import FINAL, Case, Evidence, Verdict, ms, stubborn_s

KNOWN = frozenset(
    {"run.failed", "run.deadline", "run.subtask_failed", "run.cancelled", "run.rejected", "plan.none"}
)

NEVER_BEGUN = frozenset({"budget.exhausted", "effect.unknown"})
"""What may have been said of an attempt that took its signal and did not come to begin."""


def ends_have_reasons(evidence: Evidence) -> Verdict:
    """A run is cancelled because somebody asked, and fails for a reason there is."""
    for case in evidence.cases.values():
        if case.is_old:
            continue
        asked = [r for r in case.requests if r.verb == "cancel"]
        if case.state == "cancelled" and not asked:
            yield "only who was asked to stop is cancelled", case.run_id
        if case.state == "failed" and case.error_code not in KNOWN:
            yield "a run fails for a reason", f"{case.run_id}: {case.error_code}"
        yield from _last_words(case)


def _last_words(case: Case) -> Verdict:
    if case.state not in FINAL or case.is_old:
        return
    last = [e for e in case.events if e["kind"] in FINAL]
    if len(last) != 1 or last[0]["kind"] != case.state:
        yield "an end is told once", f"{case.run_id} is {case.state}, told {[e['kind'] for e in last]}"
        return
    numbers = [row["event_id"] for row in [*case.events, *case.traces]]
    after = sorted(n for n in numbers if n > last[0]["event_id"])
    if after:
        yield "nothing happens after the end", f"{case.run_id}: events {after} after {last[0]['event_id']}"


def every_request_is_answered(evidence: Evidence) -> Verdict:
    """Who asks a process that lives on hears."""
    last = evidence.proof.lives[-1]
    for asked in evidence.history.requests:
        until_s = (last.drained_s or 0.0) - 0.5
        if asked.life == last.number and asked.answer is None and last.is_orderly and asked.at_s < until_s:
            yield "every request is answered", f"{asked.verb} of {asked.run_id}"
        if asked.verb == "wait" and asked.is_acknowledged and asked.fields["state"] not in FINAL:
            yield "who waits hears of the end, not before", f"{asked.run_id} was {asked.fields['state']}"


def a_decision_stands(evidence: Evidence) -> Verdict:
    """What was approved is not asked for again, and a no is not a yes."""
    for case in evidence.cases.values():
        yes = [json.loads(e["data"]) for e in case.events if e["kind"] == "approved"]
        approved = [(y["subtask_id"], "" if y["subtask_id"] else y.get("plan_id", "")) for y in yes]
        for name in sorted({n for n in approved if approved.count(n) > 1}):
            yield "a yes is asked for once", f"{case.run_id} {name!r}: {approved.count(name)} times"
        told = [json.loads(e["data"]) for e in case.events if e["kind"] == "signalled"]
        no = [
            r
            for r in case.requests
            if r.verb == "signal" and r.fields["name"] == "reject" and r.is_acknowledged
        ]
        heard = any(t.get("name") == "reject" and "ignored" not in t for t in told)
        refused = any(t["error_code"] == "approval.rejected" for t in case.traces)
        if heard and no and case.state == "succeeded" and not refused:
            yield "a no is a no", f"{case.run_id} succeeded"


def nothing_goes_on_after_the_end(evidence: Evidence) -> Verdict:
    """When a run is over its agents have been told to stop, and stop."""
    for case in evidence.cases.values():
        for call in case.calls:
            grace_s = stubborn_s(call) + 0.7
            ended_ms = case.row["ended_ms"]
            if ended_ms is not None and call.end != "lost" and ms(call.ended_s) > ended_ms + grace_s * 1000:
                late_s = (ms(call.ended_s) - ended_ms) / 1000
                yield "nothing goes on after the end", f"{call.name} attempt {call.attempt}: {late_s:.2f} s"


def a_signal_used_up_was_heard(evidence: Evidence) -> Verdict:
    """What is marked as used reached somebody."""
    for case in evidence.cases.values():
        heard = {json.dumps(payload) for call in case.calls for payload in call.signals.values()}
        said = {
            r.fields["signal_id"]: r.fields["payload"] for r in case.requests
            if r.verb == "signal" and r.fields["name"] not in ("approve", "reject")
        }  # fmt: skip
        if any(t["status"] == "cancelled" or t["error_code"] in NEVER_BEGUN for t in case.traces):
            continue  # given to an attempt that was stopped before it began
        for signal in case.signals:
            if signal["taken"] and signal["signal_id"] in said and said[signal["signal_id"]] not in heard:
                yield "a signal used up was heard", f"{case.run_id} {signal['signal_id']}"


def whoever_takes_over_raises_the_epoch(evidence: Evidence) -> Verdict:
    """A life that writes to a run of an earlier one has opened it."""
    for before, after in pairwise(evidence.proof.snapshots):
        then, runs = before.of_run("trace"), before.runs()
        for run_id, traces in after.of_run("trace").items():
            run, now = runs.get(run_id), after.runs().get(run_id)
            if run is None or now is None or len(traces) == len(then.get(run_id, [])):
                continue
            if now["epoch"] <= run["epoch"]:
                yield (
                    "whoever takes over raises the epoch",
                    f"{run_id}: {run['epoch']} before and after life {before.life}",
                )


def plans_stay(evidence: Evidence) -> Verdict:
    """What a run did, it did by its plan."""
    for case in evidence.cases.values():
        for trace in case.traces:
            plan_id = evidence.body(trace)["metadata"].get("plan_id", "")
            known = {plan.plan_id for plan in case.former} | {case.row["plan_id"]}
            if not case.is_old and plan_id not in known:
                yield "a trace names its plan", f"{case.run_id} {trace['subtask_id']}: {plan_id[:12]}"


def budgets_hold_over_everything(evidence: Evidence) -> Verdict:
    """What all kept attempts used together is within the run's budget."""
    for case in evidence.cases.values():
        whole = case.plan.budget.requests if case.plan is not None and case.plan.budget is not None else None
        used = sum(int(json.loads(t["usage"]).get("requests", 0)) for t in case.traces)
        if whole is not None and used > whole:
            yield "a budget holds", f"{case.run_id}: {used} of {whole}"
