"""What the file says fits together, whenever it is looked at."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Final

from contracts.plan import Plan
from simulation.connection import Row
from simulation.laws.evidence import FINAL, GOOD, Evidence, Verdict, former_plans
from simulation.snapshot import Snapshot

NAMING: Final = {
    "trace": ("input_blob", "output_blob"),
    "value": ("blob",),
    "plan": ("blob",),
    "run": ("result_blob", "inputs_blob"),
}
"""Columns that name a blob."""


def every_look_is_whole(evidence: Evidence) -> Verdict:
    """What each life found, and what the last one left, is whole: no half of anything."""
    for look in evidence.proof.snapshots:
        where = f"as life {look.life} found it" if look.life >= 0 else "in the end"
        for law, what in _whole(look, evidence):
            yield law, f"{what}, {where}"


def _whole(look: Snapshot, evidence: Evidence) -> Verdict:
    traces, events, values = look.of_run("trace"), look.of_run("event"), look.of_run("value")
    plans = {row["plan_id"] for row in look.rows["plan"]}
    yield from _blobs_are_there(look)
    for table in ("trace", "event", "value", "intent", "wait", "signal", "wake"):
        for run_id in sorted(look.of_run(table).keys() - look.runs().keys()):
            yield "no row without its run", f"{table} of {run_id}"
    for run_id, run in look.runs().items():
        if run["plan_id"] is not None and run["plan_id"] not in plans:
            yield "a run has its plan", f"{run_id} has none"
        yield from _numbered(run_id, traces.get(run_id, []), events.get(run_id, []))
        yield from _named_once(run_id, traces.get(run_id, []))
        plan = evidence.proof.plans.get(run["plan_id"] or "")
        if plan is not None:
            yield from _results(run_id, plan, traces.get(run_id, []), values.get(run_id, []), evidence)
            yield from _over(run, plan, traces.get(run_id, []), look)


def _blobs_are_there(look: Snapshot) -> Verdict:
    blobs = {row["sha256"] for row in look.rows["blob"]}
    for table, columns in NAMING.items():
        for row in look.rows[table]:
            for column in columns:
                if row[column] is not None and row[column] not in blobs:
                    yield (
                        "a blob is there before who names it",
                        f"{table} {row[0]} {row[1]} names {row[column][:12]}",
                    )


def _numbered(run_id: str, traces: list[Row], events: list[Row]) -> Verdict:
    numbers = sorted(row["event_id"] for row in [*traces, *events])
    if numbers != list(range(1, len(numbers) + 1)):
        yield "events are numbered without gaps", f"{run_id}: {numbers}"
    if events and events[0]["event_id"] == 1 and events[0]["kind"] != "queued":
        yield "a run begins queued", f"{run_id}: {events[0]['kind']}"


def _named_once(run_id: str, traces: list[Row]) -> Verdict:
    for (sid, index, attempt), n in Counter(
        (t["subtask_id"], t["item_index"], t["attempt"]) for t in traces if t["attempt"]
    ).items():
        if n > 1:
            yield (
                "attempt numbers are never reused",
                f"{run_id} {sid} {index}: {n} traces of attempt {attempt}",
            )
    for sid, n in Counter(t["subtask_id"] for t in traces if t["ended"]).items():
        if n > 1:
            yield "a subtask ends once", f"{run_id} {sid} ended {n} times"


def _results(run_id: str, plan: Plan, traces: list[Row], values: list[Row], evidence: Evidence) -> Verdict:
    kept = {v["key"]: v for v in values}
    endings = {t["subtask_id"]: t for t in traces if t["ended"]}
    for subtask in plan.subtasks:
        ending, value = endings.get(subtask.id), kept.pop(subtask.output_key, None)
        has_ended = ending is not None and ending["ended"] in GOOD
        if has_ended and value is None:
            yield (
                "a trace has its result",
                f"{run_id} {subtask.id} ended as {ending['ended'] if ending else ''} and wrote nothing",
            )
        elif value is not None and not has_ended:
            yield (
                "a result has its trace",
                f"{run_id} {subtask.id} wrote {subtask.output_key!r} and has not ended",
            )
        elif value is not None and ending is not None:
            yield from _same(
                run_id, subtask.id, value, [t for t in traces if t["subtask_id"] == subtask.id], evidence
            )
    for key in kept.keys() - plan.inputs.keys():
        yield "only subtasks write", f"{run_id}: {key!r}"


def _same(run_id: str, sid: str, value: Row, traces: list[Row], evidence: Evidence) -> Verdict:
    """Hold a value against the outputs its subtask's traces recorded."""
    found = evidence.value(value)
    if value["written_by"] != sid:
        yield "a value names who wrote it", f"{run_id} {value['key']}: {value['written_by']!r}, not {sid!r}"
    items: defaultdict[int | None, object] = defaultdict(lambda: None)
    for trace in traces:
        if trace["status"] in GOOD:
            items[trace["item_index"]] = evidence.body(trace)["output"]
    indexes = [i for i in items if i is not None]
    if not indexes:
        if items and found not in items.values():
            yield "a value is what was answered", f"{run_id} {sid}: {str(found)[:80]}"
        return
    if not isinstance(found, list) or any(found[i : i + 1] != [items[i]] for i in indexes):
        yield "elements stay complete and in order", f"{run_id} {sid}: {str(found)[:120]} for {dict(items)}"


def _over(run: Row, plan: Plan, traces: list[Row], look: Snapshot) -> Verdict:
    if run["state"] not in FINAL:
        return
    run_id = run["run_id"]
    statuses = {t["subtask_id"]: t["ended"] for t in traces if t["ended"]}
    if former_plans(look.of_run("event").get(run_id, [])):
        known = {s.id for s in plan.subtasks}
        statuses = {sid: status for sid, status in statuses.items() if sid in known}
    if statuses.keys() != {s.id for s in plan.subtasks}:
        never_begun = run["started_ms"] is None and not statuses
        if not never_begun or run["state"] == "succeeded":
            yield "every subtask ends", f"{run_id} is {run['state']}, and ended are only {sorted(statuses)}"
    told = json.loads(run["subtasks"])
    if statuses and told != statuses:
        yield "a run tells how its subtasks ended", f"{run_id}: {told} for {statuses}"
    if run["ended_ms"] is None:
        yield "an end has its time", run_id
    for table in ("wake",):
        if run_id in look.of_run(table):
            yield "who is over is not woken", f"{run_id} is {run['state']} and has a {table}"
