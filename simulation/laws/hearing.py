"""Who is told what: everything that is kept, as it is kept, soon, and nothing that is not so."""

from __future__ import annotations

from typing import Final

from simulation.history import Request
from simulation.laws.evidence import FINAL, Evidence, LifeSpan, Verdict, seconds

SOON_S: Final = 2.0
MS: Final = 0.001
"""Kept times are cut to whole milliseconds."""
ANSWERS: Final = {
    "submit": frozenset({"ok", "engine.full", "request.key_mismatch", "request.key_in_flight"}),
    "cancel": frozenset({"ok"}),
    "signal": frozenset({"ok", "run.ended"}),
    "wait": frozenset({"ok", "not yet"}),
}
"""What a process says that is not stopping, on a good disk."""


def everything_is_told(evidence: Evidence) -> Verdict:
    """Whoever watches a process hears of all that it kept, by the time it ends in order; but what comes as it ends."""
    looks = {look.life: look for look in evidence.proof.snapshots}
    for life in evidence.sound_lives():
        before, after = looks[life.number], looks.get(life.number + 1) or looks[-1]
        if not life.is_orderly:
            continue
        known = {(row["run_id"], row["event_id"]) for t in ("trace", "event") for row in before.rows[t]}
        heard = {
            (s.run_id, s.event_id)
            for s in evidence.history.seen
            if s.by == "observer" and s.life == life.number
        }
        for table in ("trace", "event"):
            for row in after.rows[table]:
                name = (row["run_id"], row["event_id"])
                is_too_late = table == "event" and seconds(row["at_ms"]) + MS >= (life.drained_s or 0.0)
                if name not in known and name not in heard and not is_too_late:
                    yield "everything is told", f"{table} {name} of life {life.number}"


def what_is_told_is_what_is_kept(evidence: Evidence) -> Verdict:
    """An event says of an attempt what its trace says, to whoever hears of it."""
    traces = {(t["run_id"], t["event_id"]): t for t in evidence.last.rows["trace"]}
    events = {(e["run_id"], e["event_id"]): e for e in evidence.last.rows["event"]}
    for seen in evidence.history.seen:
        name = (seen.run_id, seen.event_id)
        if seen.by == "watcher":
            kept = events.get(name)
            if seen.kind != (kept["kind"] if kept is not None else "attempt_ended"):
                yield "what is told is what is kept", f"{name}: {seen.kind}"
        elif seen.kind in ("attempt_ended", "subtask_ended") and name in traces:
            row = traces[name]
            status = row["status"] if row["attempt"] else row["ended"] or row["status"]
            told = f"{row['subtask_id']} {row['attempt']} {row['item_index']} {status}"
            if seen.text != told:
                yield "what is told is what is kept", f"{name}: {seen.text}, not {told}"


def answers_are_true(evidence: Evidence) -> Verdict:
    """Who is told that a run has ended, or that it has not, is told the truth."""
    for asked in evidence.history.requests:
        life = evidence.lives[asked.life]
        if asked.answer is None:
            continue
        if _is_sound(evidence, life, asked) and asked.answer not in ANSWERS[asked.verb]:
            yield "a refusal has a reason", f"{asked.verb} of {asked.run_id}: {asked.answer}"
        said_over = asked.answer == "run.ended" or (
            asked.verb == "cancel" and asked.fields.get("found") is False
        )
        if said_over and not _was_over(evidence, asked):
            yield "answers are true", f"{asked.verb} of {asked.run_id} was told that it had ended"
        if asked.verb == "wait" and _is_sound(evidence, life, asked):
            yield from _waited(evidence, asked)


def _is_sound(evidence: Evidence, life: LifeSpan, asked: Request) -> bool:
    stops_s = life.drained_s if life.drained_s is not None else life.ended_s
    return life in evidence.sound_lives() and (asked.answered_s or 0.0) < stops_s


def _was_over(evidence: Evidence, asked: Request) -> bool:
    case = evidence.cases.get(asked.run_id)
    if case is None or case.state not in FINAL:
        return False
    return bool(seconds(case.row["ended_ms"]) <= (asked.answered_s or 0.0) + 0.01)


def _waited(evidence: Evidence, asked: Request) -> Verdict:
    case = evidence.cases.get(asked.run_id)
    if asked.answer == "not yet" and asked.fields["timeout_s"] is None:
        yield "who waits hears of the end", f"{asked.run_id}, at {asked.answered_s}"
    if asked.answer == "ok" and case is not None and case.row["ended_ms"] is not None:
        ended_s = max(asked.at_s, seconds(case.row["ended_ms"]))
        if (asked.answered_s or 0.0) - ended_s > SOON_S:
            yield "who waits hears soon", f"{asked.run_id}: {(asked.answered_s or 0.0) - ended_s:.1f} s late"
