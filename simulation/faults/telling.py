"""Faults in what people are told, and in what they are asked for: requests, retries, observers, ends."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from contracts.errors import Fenced
from contracts.run import RunState
from contracts.trace import TraceStatus
from dispatcher import finishing
from dispatcher.active import ActiveRuns
from dispatcher.approvals import Approvals
from dispatcher.attempt import Attempt
from dispatcher.course import Course
from dispatcher.engine import LocalEngine
from dispatcher.fan import Fan
from dispatcher.journal import StorageJournal
from dispatcher.judging import Judge
from dispatcher.purse import Purse
from dispatcher.slots import Slots
from dispatcher.telling import Audience
from dispatcher.timeouts import Timeouts
from dispatcher.waiting import Waiting
from dispatcher.work import Work
from simulation import client
from simulation.faults.plant import Fault, after, before, fault, instead


def _taken_up_twice(self: Any, run: Any, kept: Any, _: Any, error: Any) -> None:
    active = vars(self)["_runs"].active
    if error is None and not kept and run.run_id in active:
        active.pop(run.run_id)


def _over_in_a_drain(original: Any) -> Any:
    def cancel(self: Any, run_id: str, reason: str, done: Any) -> Any:
        return (
            False if self.is_draining and run_id not in self.active else original(self, run_id, reason, done)
        )

    return cancel


def _closed_at_once(original: Any) -> Any:
    def cancel(self: Any, reason: str, done: Any) -> None:
        if vars(self)["_is_over"]:
            done(Fenced("journal.closed", "the run has ended"))
        else:
            original(self, reason, done)

    return cancel


def _parks_whatever_comes(original: Any) -> Any:
    def judge(self: Any, work: Any, outcome: Any, entry: Any) -> None:
        course = vars(self)["_course"]
        stop, course.stop = course.stop, None if outcome.parked is not None else course.stop
        original(self, work, outcome, entry)
        course.stop = stop

    return judge


def _and_told(original: Any) -> Any:
    def put(self: Any, entry: Any, done: Any = None) -> None:
        original(self, entry, done)
        if not self.is_dead:
            self.office.audience.tell(entry, self.run)

    return put


def _shortest_first(rank: Any) -> Any:
    turn, number, length, place, index = rank
    return turn, number, -length, place, index


def _too_much(allowed: Any) -> Any:
    return allowed and {name: 2 * amount for name, amount in allowed.items()}


def _good_whatever_came(found: Any) -> Any:
    state, error = found
    return (RunState.SUCCEEDED, None) if state is RunState.FAILED else (state, error)


def _half_the_time(original: Any) -> Any:
    def init(self: Any, ask: Any, call: Any, **named: Any) -> None:
        original(self, ask, call, **named)
        self.due -= call.timeout_s / 2

    return init


def _whole(status: TraceStatus) -> TraceStatus:
    return TraceStatus.SUCCESS if status is TraceStatus.PARTIAL_SUCCESS else status


def _at_once(_: Any) -> Any:
    def flush(_: Any, done: Any) -> None:
        asyncio.get_running_loop().call_soon(done, None)

    return flush


def _without_root(found: Any) -> Any:
    run, kept = found
    return run.model_copy(update={"root_id": None}), kept


FAULTS: Final[tuple[Fault, ...]] = (
    fault("accepted_run_taken_up_twice", "a run is met twice", (LocalEngine, "_accept", before(_taken_up_twice))),
    fault("cancel_called_over_in_a_drain", "a drain says that runs are over", (ActiveRuns, "cancel", _over_in_a_drain)),
    fault("end_told_before_it_is_kept", "who cancels hears of an end to come", (Course, "cancel", _closed_at_once)),
    fault("stopped_run_parks", "a run that stops waits for a signal", (Judge, "_judge", _parks_whatever_comes)),
    fault("elements_forgotten_by_a_retry", "a retry makes elements anew", (client, "finished_elements", instead({}))),
    fault("unknown_forgotten_by_a_retry", "a retry asks nobody", (client, "unknown_effects", instead(()))),
    fault("root_forgotten_by_a_retry", "a retry's keys are its own", (client, "child_of", after(_without_root))),
    fault("told_before_it_is_kept", "observers hear before the commit", (Course, "put", _and_told)),
    fault("nobody_is_told", "observers hear nothing", (Audience, "tell", instead(None))),
    fault("who_waits_is_not_told", "an end is told to nobody", (LocalEngine, "_tell_waiters", instead(None))),
    fault("reload_forgotten", "what a full disk took is not read again", (ActiveRuns, "_reload_later", instead(None))),
    fault("alarms_do_not_ring", "a time in memory passes unseen", (Waiting, "_come_due", instead(None))),
    fault("deadline_not_armed", "no run's time is over", (Course, "_arm_deadline", instead(None))),
    fault("clock_runs_while_parked", "waiting costs time", (Waiting, "_paused_deadline", instead({}))),
    fault("more_than_the_budget", "an attempt is given twice what there is", (Purse, "reserve", after(_too_much))),
    fault("agent_limit_ignored", "an agent has as many places as it likes", (Slots, "_is_blocked", instead(value=False))),
    fault("place_not_given_back", "a place is lost with its attempt", (Slots, "release", instead(None))),
    fault("shortest_path_first", "the longest way is gone last", (Work, "rank", after(_shortest_first))),
    fault("result_lost", "a run gives nothing", (finishing, "result_of", instead(None))),
    fault("always_succeeds", "no run fails", (finishing, "verdict_of", after(_good_whatever_came))),
    fault("partial_is_success", "a list counts as whole", (Fan, "status", after(_whole))),
    fault("approval_not_asked", "nobody is asked", (Approvals, "_is_asked", instead(value=False))),
    fault("no_time_limits", "attempts have all the time there is", (Timeouts, "watch", instead(None))),
    fault("half_the_time", "attempts have half their time", (Attempt, "__init__", _half_the_time)),
    fault("flush_does_not_wait", "a drain does not wait for its writes", (StorageJournal, "flush", _at_once)),
)  # fmt: skip
