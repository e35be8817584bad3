"""Faults of the sort that is easily made: a condition left out, an order turned, a row forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from dispatcher import calling, calls, drafts
from dispatcher.approvals import Approvals
from dispatcher.attempt import Attempt
from dispatcher.calls import Calls
from dispatcher.ends import Ends
from dispatcher.kept import Kept
from dispatcher.slots import Slots
from simulation.faults.plant import Fault, after, before, fault, instead
from storage import batch
from storage.fences import Fences
from storage.statement import Statement

NOTHING: Final = Statement("SELECT 1")


def _with_the_attempt(original: Any) -> Any:
    return lambda course, work: f"{original(course, work)}-{work.attempt}"


def _without_waiting(original: Any) -> Any:
    def launch(self: Any, work: Any) -> Any:
        work.needs_event = 0
        return original(self, work)

    return launch


def _back_to_front(original: Any) -> Any:
    def write(connection: Any, units: Any, *more: Any) -> Any:
        if any(unit.fence is None or unit.fence.opens for unit in units):
            return original(connection, units, *more)
        return original(connection, units[::-1], *more)[::-1]

    return write


def _nothing_is_over(refused: Any) -> Any:
    return None if refused is not None and refused.code == "journal.closed" else refused


def _no_places(self: Any) -> None:
    self.taken = 0


def _forget_approvals(opened: Any) -> Any:
    return replace(opened, approved=frozenset())


def _yes_to_everything(original: Any) -> Any:
    def decide(self: Any, signal: Any) -> None:
        original(self, replace(signal, name="approve"))

    return decide


FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "key_of_each_attempt", "every attempt has a key of its own",
        (calls, "effect_key", _with_the_attempt), (calling, "effect_key", _with_the_attempt),
    ),
    fault("idempotent_runs_ahead", "an effect does not wait for what is before it", (Calls, "launch", _without_waiting)),
    fault("batch_back_to_front", "a batch is written in the wrong order", (batch, "_together", _back_to_front)),
    fault("late_entries_accepted", "a run that is over takes more", (Fences, "refusal", after(_nothing_is_over))),
    fault("request_key_not_kept", "a caller's key is forgotten", (drafts, "insert_key", instead(NOTHING))),
    fault("wake_not_kept", "who is told something while parked is not woken", (drafts, "set_wake", instead(NOTHING))),
    fault("wait_not_kept", "what is waited for is forgotten", (drafts, "insert_wait", instead(NOTHING))),
    fault("places_without_end", "there is always a place", (Slots, "pump", before(_no_places))),
    fault("agents_not_stopped", "whoever is cancelled goes on", (Attempt, "stop", instead(None))),
    fault("approvals_forgotten", "a restart asks again", (Kept, "open", after(_forget_approvals))),
    fault("a_no_is_a_yes", "whoever refuses approves", (Approvals, "decide", _yes_to_everything)),
    fault("skips_not_passed_on", "what waits for a failure waits for ever", (Ends, "_fail_or_skip", instead(None))),
)  # fmt: skip
