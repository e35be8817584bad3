"""What was called, and when: never what is over, never twice under one number, never before its turn."""

from __future__ import annotations

from collections import defaultdict

from contracts.effect import Effect
from simulation.actors import KINDS
from simulation.history import Call, Name
from simulation.laws.evidence import FINAL, GOOD, Case, Evidence, Verdict, ms

ENDED_WITHOUT_A_CALL = frozenset({"effect.unknown", "budget.exhausted"})
SLACK_MS = 3.0
"""For rounding to whole milliseconds, twice."""


def nothing_finished_is_run_again(evidence: Evidence) -> Verdict:
    """What is kept as ended, or answered in the same life, is not called again."""
    replied: set[tuple[int, Name]] = set()
    for call in sorted(evidence.history.calls, key=lambda c: c.number):
        what = f"{call.purpose} of {call.name} attempt {call.attempt} in life {call.life}"
        if any(next_ms is None for _, _, next_ms, _ in call.knows.attempts):
            yield "nothing finished is run again", f"{what}: its last attempt had ended it"
        if call.subtask_id in call.knows.ended:
            yield "nothing finished is run again", f"{what}: the subtask had ended"
        if call.knows.state in FINAL:
            yield "nothing runs after the end", f"{what}: the run was {call.knows.state}"
        if call.knows.is_cancelled:
            yield "nothing starts after a cancel", what
    order = sorted(
        [(c.number, 0, c) for c in evidence.history.calls]
        + [(c.ended_number, 1, c) for c in evidence.history.calls if c.end == "reply"],
        key=lambda e: e[:2],
    )
    for _, is_end, call in order:
        if is_end:
            replied.add((call.life, call.name))
        elif (call.life, call.name) in replied and not _troubled(evidence, call):
            yield (
                "nothing finished is run again",
                f"{call.name} had answered in this life, attempt {call.attempt}",
            )


def attempts_count_up(evidence: Evidence) -> Verdict:
    """Each attempt has a number of its own, past every kept one."""
    last: defaultdict[tuple[int, Name], int] = defaultdict(int)
    for call in evidence.history.calls:
        kept = max((n for n, *_ in call.knows.attempts), default=0)
        intended = [n for n, _ in call.knows.intents]
        what = f"{call.purpose} of {call.name} in life {call.life}"
        if call.purpose == "reconcile":
            if call.attempt not in intended:
                yield "one reconciles what was intended", f"{what}: attempt {call.attempt} of {intended}"
            continue
        own = last[call.life, call.name]
        if call.attempt <= kept or call.attempt <= max((n for n in intended if n != call.attempt), default=0):
            yield (
                "attempt numbers are never reused",
                f"{what}: {call.attempt} after kept {kept}, intended {intended}",
            )
        if call.attempt <= own and not _goes_on(evidence, call) and not _troubled(evidence, call):
            yield "attempt numbers are never reused", f"{what}: {call.attempt} after {own}"
        if not own and call.attempt > 1 + max([kept, *(n for n in intended if n != call.attempt)]):
            parked = [c for c in evidence.history.calls if c.name == call.name and c.end == "parked"]
            if not parked:
                yield "attempts are counted one by one", f"{what}: {call.attempt} after kept {kept}"
        last[call.life, call.name] = call.attempt


def dependencies_come_first(evidence: Evidence) -> Verdict:
    """A subtask starts when what it waits for has ended with an output; one with an effect, when that is kept."""
    for case in evidence.cases.values():
        for call in case.calls:
            missing = [
                [d for d in s.dependencies if not _came_first(evidence, case, call, d)]
                for plan in case.plans
                for s in plan.subtasks
                if s.id == call.subtask_id
            ]
            if not missing or not all(missing):
                continue  # by some plan of the run: what ran ahead of the disk may be of one that was lost
            what = f"{call.name} attempt {call.attempt} began before {missing[-1][0]} had ended"
            if KINDS[call.agent] is not Effect.PURE:
                yield "an effect waits for what is before it to be kept", what
            else:
                yield "dependencies come first", what


def _came_first(evidence: Evidence, case: Case, call: Call, name: str) -> bool:
    if name in call.knows.done:
        return True
    return KINDS[call.agent] is Effect.PURE and _ended_in_memory(evidence, case, call, name)


def _ended_in_memory(evidence: Evidence, case: Case, call: Call, dependency: str) -> bool:
    """Say whether a dependency had ended in the same life without being kept yet."""
    life = evidence.lives[call.life]
    own = [
        c for c in case.calls if c.life == call.life and c.subtask_id == dependency and c.number < call.number
    ]
    if any(c.end == "lost" or c.ended_number > call.number for c in own):
        return False
    needs_no_call = any(s.id == dependency and s.foreach is not None for s in case.subtasks())
    if not own and needs_no_call and (life.is_troubled or not life.is_orderly):
        return True  # an empty list, whose end was lost with the process
    kept = case.ending(dependency)
    has_given_up = any(
        t["subtask_id"] == dependency and t["error_code"] in ENDED_WITHOUT_A_CALL for t in case.traces
    )
    if has_given_up and kept is not None and kept["ended"] in GOOD:
        return True
    return any(c.end == "reply" for c in own) or (
        kept is not None and kept["attempt"] == 0 and kept["ended"] in GOOD
    )


def inputs_are_what_was_written(evidence: Evidence) -> Verdict:
    """What an attempt was given is what its plan binds, from what the others wrote."""
    for case in evidence.cases.values():
        for trace in case.traces:
            if not trace["attempt"] or trace["status"] not in GOOD or case.is_old:
                continue
            subtask = next((s for s in case.subtasks() if s.id == trace["subtask_id"]), None)
            if subtask is None:
                yield "only what is planned runs", f"{case.run_id} {trace['subtask_id']}"
                continue
            given = evidence.body(trace)["input"]
            for key in subtask.input_keys:
                if subtask.foreach is not None and subtask.foreach.key == key:
                    expected = evidence.elements(case, subtask)[trace["item_index"]]
                else:
                    expected = evidence.context(case, key)
                if given.get(key) != expected:
                    yield (
                        "inputs are what was written",
                        f"{case.run_id} {subtask.id} {key}: {given.get(key)!s:.80} for {expected!s:.80}",
                    )


def nothing_starts_too_early_or_too_late(evidence: Evidence) -> Verdict:
    """A retry waits as long as was said; nothing starts after the deadline."""
    for case in evidence.cases.values():
        due = {
            (t["subtask_id"], t["item_index"], t["attempt"]): t
            for t in case.traces
            if t["attempt"] and t["next_ms"]
        }
        for call in case.calls:
            if call.purpose == "run":
                last = due.get((call.subtask_id, call.item_index, call.attempt - 1))
                is_later = last is not None and last["started_ms"] < ms(call.at_s) + SLACK_MS
                if last is not None and is_later and ms(call.at_s) < last["next_ms"] - SLACK_MS:
                    yield (
                        "a retry waits its time",
                        f"{call.name} attempt {call.attempt}: due {last['next_ms']}, called {ms(call.at_s):.0f}",
                    )
            deadline = call.knows.deadline_ms
            if deadline is not None and ms(call.at_s) > deadline + SLACK_MS + 250:
                yield (
                    "nothing starts after the deadline",
                    f"{call.name}: {ms(call.at_s) - deadline:.0f} ms late",
                )


def _troubled(evidence: Evidence, call: Call) -> bool:
    """Say whether the engine may have had to take the run up again in this life: the disk had refused."""
    return evidence.lives[call.life].is_troubled


def _goes_on(evidence: Evidence, call: Call) -> bool:
    """Say whether a call goes on with an attempt that had parked."""
    same = [
        c
        for c in evidence.history.calls
        if c.name == call.name and c.life == call.life and c.number < call.number
    ]
    return bool(same) and same[-1].end == "parked" and same[-1].attempt == call.attempt
