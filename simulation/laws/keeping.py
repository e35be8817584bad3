"""What was acknowledged is there ever after, and what is there never changes."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from simulation.connection import Row
from simulation.laws.evidence import FINAL, Evidence, Verdict, former_plans, ms
from simulation.snapshot import Snapshot

FOR_EVER: Final = {
    "trace": ("trace_id",),
    "value": ("run_id", "key"),
    "event": ("run_id", "event_id"),
    "intent": ("run_id", "subtask_id", "item_index", "attempt"),
    "plan": ("plan_id",),
    "blob": ("sha256",),
    "request_key": ("key",),
}
"""Tables whose rows are written once."""
DAY_MS: Final = 24 * 3600 * 1000
"""How long a caller's key is kept at least."""
OF_A_RUN: Final = (
    "run_id",
    "objective",
    "created_ms",
    "priority",
    "approval",
    "parent_id",
    "inputs",
    "home_zone",
)


def nothing_kept_is_lost(evidence: Evidence) -> Verdict:
    """Each life finds everything an earlier one found, unchanged."""
    for before, after in pairwise(evidence.proof.snapshots):
        kept_from_ms = ms(evidence.time_of(after)) - DAY_MS
        for table, key in FOR_EVER.items():
            found = {tuple(row[k] for k in key): tuple(row) for row in after.rows[table]}
            for row in before.rows[table]:
                name = tuple(row[k] for k in key)
                if table == "request_key" and row["at_ms"] < kept_from_ms:
                    continue  # it may be gone, and have been given anew
                if name not in found:
                    yield "nothing kept is lost", f"{table} {name} is gone after life {before.life}"
                elif found.get(name, tuple(row)) != tuple(row):
                    yield "nothing kept is changed", f"{table} {name} changed after life {before.life}"
        yield from _runs_go_on(before, after)
        yield from _signals_stay(before, after)


def _runs_go_on(before: Snapshot, after: Snapshot) -> Verdict:
    found = after.runs()
    for run_id, old in before.runs().items():
        new = found.get(run_id)
        if new is None:
            yield "nothing kept is lost", f"run {run_id} is gone after life {before.life}"
            continue
        if old["state"] in FINAL and tuple(old) != tuple(new):
            yield (
                "an end is final",
                f"run {run_id} had ended as {old['state']} and was changed to {new['state']}",
            )
        changed = [c for c in OF_A_RUN if old[c] != new[c]]
        changed += [c for c in ("cancel_reason", "started_ms") if old[c] is not None and old[c] != new[c]]
        if old["plan_id"] not in (None, new["plan_id"], *former_plans(after.of_run("event").get(run_id, []))):
            changed.append("plan_id")
        if changed:
            yield "a run stays the same run", f"{run_id}: {changed} changed"
        if new["epoch"] < old["epoch"]:
            yield "epochs only rise", f"{run_id}: {old['epoch']} became {new['epoch']}"
        yield from _deadline(run_id, old, new, after)


def _deadline(run_id: str, old: Row, new: Row, after: Snapshot) -> Verdict:
    one, other = old["deadline_ms"], new["deadline_ms"]
    if one is None or old["started_ms"] is None or other is None or one == other:
        return
    # Without a deadline of its own a run's time stands still while it is parked.
    kinds = {
        e["kind"] for e in after.rows["event"] if e["run_id"] == run_id and e["at_ms"] >= old["started_ms"]
    }
    if not kinds & {"awaiting_approval", "parked"}:
        yield "deadlines are absolute", f"{run_id}: {one} became {other}"


def _signals_stay(before: Snapshot, after: Snapshot) -> Verdict:
    found = {(s["run_id"], s["signal_id"]): s for s in after.rows["signal"]}
    for old in before.rows["signal"]:
        new = found.get((old["run_id"], old["signal_id"]))
        if new is None:
            yield "nothing kept is lost", f"signal {old['signal_id']} of {old['run_id']} is gone"
        elif new["taken"] < old["taken"] or new["payload"] != old["payload"]:
            yield "nothing kept is changed", f"signal {old['signal_id']} of {old['run_id']} changed"


def what_was_acknowledged_is_kept(evidence: Evidence) -> Verdict:
    """Every yes a client heard is in every later look at the file."""
    for asked in (r for r in evidence.history.requests if r.is_acknowledged):
        for look in evidence.proof.snapshots:
            if look.number < asked.answered_number:
                continue
            run = look.runs().get(asked.fields.get("made") or asked.run_id)
            if run is None:
                yield (
                    "an acknowledged run is kept",
                    f"{asked.verb} of {asked.run_id}: not in the file of life {look.life}",
                )
            elif asked.verb == "cancel" and asked.fields["found"] and run["cancel_reason"] is None:
                yield (
                    "an acknowledged cancel is kept",
                    f"{asked.run_id}: life {look.life} knows nothing of it",
                )
            elif asked.verb == "signal" and not _has_signal(look, asked.run_id, asked.fields["signal_id"]):
                yield (
                    "an acknowledged signal is kept",
                    f"{asked.fields['signal_id']} of {asked.run_id}: gone in life {look.life}",
                )
            elif asked.verb == "wait" and run["state"] not in FINAL:
                yield "an acknowledged end is kept", f"{asked.run_id} is {run['state']} in life {look.life}"


def _has_signal(look: Snapshot, run_id: str, signal_id: str) -> bool:
    return any((s["run_id"], s["signal_id"]) == (run_id, signal_id) for s in look.rows["signal"])


def what_was_shown_is_kept(evidence: Evidence) -> Verdict:
    """Every event somebody saw is in every later look, and says the same to all."""
    texts: dict[tuple[str, str, int], str] = {}
    for seen in evidence.history.seen:
        if seen.by == "watcher":
            name = (seen.by, seen.run_id, seen.event_id)
            if texts.setdefault(name, seen.text) != seen.text:
                yield (
                    "an event is always the same",
                    f"{seen.run_id} {seen.event_id}: {texts[name]} and {seen.text}",
                )
    for look in evidence.proof.snapshots:
        kept = {(row["run_id"], row["event_id"]) for table in ("trace", "event") for row in look.rows[table]}
        for seen in evidence.history.seen:
            if seen.number < look.number and (seen.run_id, seen.event_id) not in kept:
                shown = f"event {seen.event_id} of {seen.run_id}, shown to a {seen.by} in life {seen.life}"
                yield "what was shown is kept", f"{shown}, is gone in life {look.life}"


def observers_hear_in_order(evidence: Evidence) -> Verdict:
    """The observer hears each run's events by their numbers, in each life."""
    heard: dict[tuple[int, str], int] = {}
    for seen in evidence.history.seen:
        if seen.by == "observer":
            name = (seen.life, seen.run_id)
            if seen.event_id < heard.get(name, 0):
                yield (
                    "observers hear in order",
                    f"{seen.run_id}: {seen.event_id} after {heard[name]} in life {seen.life}",
                )
            heard[name] = seen.event_id
