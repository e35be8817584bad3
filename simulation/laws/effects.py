"""What was done to the world outside: once, announced, and never left in the dark."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from contracts.effect import Effect
from simulation.actors import KINDS
from simulation.connection import Row
from simulation.history import Call
from simulation.laws.evidence import FINAL, GOOD, Case, Evidence, Verdict, stubborn_s


def no_effect_happens_twice(evidence: Evidence) -> Verdict:
    """The ledger has each effect once, and each after its committed intent."""
    for case in evidence.cases.values():
        real = [e for e in case.effects if not e.is_repeat]
        for (name, kind), n in Counter((e.name, e.kind) for e in real if e.kind == "effectful").items():
            if n > 1:
                yield "no effect happens twice", f"{name}: {n} times ({kind})"
        for effect in case.effects:
            if effect.kind == "effectful" and not effect.had_intent:
                yield "no effect without a committed intent", f"{effect.name} attempt {effect.attempt}"


def keys_are_constant(evidence: Evidence) -> Verdict:
    """Attempts at one element on the same inputs share a key, in a retry of the run as well; nobody else has it."""
    owners: dict[str, tuple[object, ...]] = {}
    for call in evidence.history.calls:
        if not call.key:
            yield "every call has a key", f"{call.name}"
        owner = (evidence.root(call.run_id), call.subtask_id, call.item_index, call.agent)
        if KINDS[call.agent] is Effect.PURE:
            continue
        if owners.setdefault(call.key, owner) != owner:
            yield "a key is one element's", f"{call.key[:12]}: {owners[call.key]} and {owner}"
    keys: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for call in evidence.history.calls:
        if call.agent in ("idem", "effect", "asks"):
            element = (evidence.root(call.run_id), *call.name[1:], call.agent)
            keys[(*element, json.dumps(dict(call.inputs), sort_keys=True))].add(call.key)
    for what, found in keys.items():
        if len(found) > 1:
            yield "keys are constant", f"{what[:4]}: {len(found)} keys"


def every_effect_is_accounted_for(evidence: Evidence) -> Verdict:
    """Each intent and each effect of a run that is over ends in a trace: what it gave, or that it is not known."""
    for case in evidence.cases.values():
        if case.state not in FINAL:
            continue
        for effect in case.effects:
            if effect.kind == "effectful" and not any(
                _accounts(t, effect.attempt) for t in case.attempts(effect.name)
            ):
                yield (
                    "every ambiguous effect is surfaced",
                    f"{effect.name} attempt {effect.attempt} has no trace",
                )
        for intent in case.intents:
            index = None if intent["item_index"] == -1 else intent["item_index"]
            name = (case.run_id, intent["subtask_id"], index)
            own = [t for t in case.attempts(name) if t["attempt"] == intent["attempt"]]
            if not own and not _has_parked(case, name, intent["attempt"]):
                yield "every intent has its end", f"{name} attempt {intent['attempt']}"


def _accounts(trace: Row, attempt: int) -> bool:
    found = trace["attempt"], trace["status"], trace["error_code"]
    return found[0] == attempt and (found[1] in GOOD or found[2] == "effect.unknown")


def _has_parked(case: Case, name: object, attempt: int) -> bool:
    return any(c.name == name and c.attempt == attempt and c.end == "parked" for c in case.calls)


def what_is_not_known_is_said_so_only_then(evidence: Evidence) -> Verdict:
    """`effect.unknown` is for attempts that were cut off, and what an agent could tell is believed."""
    for case in evidence.cases.values():
        for trace in case.traces:
            if trace["error_code"] != "effect.unknown":
                continue
            name = (case.run_id, trace["subtask_id"], trace["item_index"])
            own = [c for c in case.calls if c.name == name and c.attempt == trace["attempt"]]
            runs = [c for c in own if c.purpose == "run"]
            grace_s = evidence.setting.limits.stop_grace_s
            if runs and all(evidence.was_kept(c) and _is_clear(c) and stubborn_s(c) < grace_s for c in runs):
                yield (
                    "what is known is not called unknown",
                    f"{name} attempt {trace['attempt']}: {runs[-1].end}",
                )
            told = [c for c in own if c.purpose == "reconcile" and c.end in ("reply", "not_done")]
            if any(evidence.was_kept(c) for c in told):
                yield (
                    "a reconcile result is honoured",
                    f"{name} attempt {trace['attempt']} is unknown, and was found out",
                )


def _is_clear(call: Call) -> bool:
    """Say whether a call said in time what came of it."""
    return call.end in ("reply", "failed", "parked") and call.was_in_time


def what_was_found_out_is_honoured(evidence: Evidence) -> Verdict:
    """What `reconcile` answered is how the attempt ends; no attempt follows one that took effect."""
    for case in evidence.cases.values():
        for call in case.calls:
            if call.purpose != "reconcile" or not evidence.was_kept(call):
                continue
            own = [t for t in case.attempts(call.name) if t["attempt"] == call.attempt]
            if call.end == "reply" and not any(_says(evidence, t, call) for t in own):
                yield (
                    "a reconcile result is honoured",
                    f"{call.name} attempt {call.attempt}: it took effect, and that is not kept",
                )
            if call.end == "not_done" and any(t["status"] in GOOD for t in own):
                yield (
                    "a reconcile result is honoured",
                    f"{call.name} attempt {call.attempt}: it never happened, and counts as done",
                )
            if call.end == "reply":
                later = [
                    c
                    for c in case.calls
                    if c.name == call.name and c.purpose == "run" and c.number > call.number
                ]
                if later:
                    yield (
                        "a reconcile result is honoured",
                        f"{call.name}: run again as attempt {later[0].attempt}",
                    )


def ambiguous_effects_are_asked_about(evidence: Evidence) -> Verdict:
    """An effectful attempt that was cut off is never followed by another before somebody found out."""
    for case in evidence.cases.values():
        for call in case.calls:
            if call.agent not in ("effect", "asks") or call.purpose != "run":
                continue
            if call.end not in ("lost", "cancelled", "crashed", "bad"):
                continue
            later = [
                c
                for c in case.calls
                if c.name == call.name and c.number > call.number and c.agent == call.agent
            ]
            nexts = [c for c in later if c.purpose == "run"]
            asked = [c for c in later if c.purpose == "reconcile" and c.end == "not_done"]
            if nexts and (not asked or asked[0].number > nexts[0].number):
                yield (
                    "an unknown effect is not run again",
                    f"{call.name} attempt {call.attempt} was {call.end}, then {nexts[0].attempt} began",
                )


def _says(evidence: Evidence, trace: Row, call: Call) -> bool:
    return trace["status"] in GOOD and evidence.body(trace)["output"] == call.output
