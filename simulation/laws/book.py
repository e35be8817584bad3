"""Every law there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulation.laws import (
    bounds,
    budgets,
    calls,
    deadlines,
    effects,
    ends,
    graph,
    hearing,
    keeping,
    promises,
    records,
    replans,
    rows,
    standing,
    traces,
    turns,
)
from simulation.laws.evidence import Evidence, Proof, Verdict

MOST_CALLS: Final = 300
"""Past this something spins, which is noted already."""
LAWS: Final[tuple[Callable[[Evidence], Verdict], ...]] = (
    keeping.nothing_kept_is_lost,
    keeping.what_was_acknowledged_is_kept,
    keeping.what_was_shown_is_kept,
    keeping.observers_hear_in_order,
    rows.every_look_is_whole,
    calls.nothing_finished_is_run_again,
    calls.attempts_count_up,
    calls.dependencies_come_first,
    calls.inputs_are_what_was_written,
    calls.nothing_starts_too_early_or_too_late,
    effects.no_effect_happens_twice,
    effects.keys_are_constant,
    effects.every_effect_is_accounted_for,
    effects.what_is_not_known_is_said_so_only_then,
    effects.what_was_found_out_is_honoured,
    effects.ambiguous_effects_are_asked_about,
    traces.every_attempt_has_its_trace,
    traces.every_trace_had_its_attempt,
    traces.times_are_true,
    traces.usage_is_kept,
    graph.a_plan_goes_as_it_says,
    graph.every_try_is_made,
    promises.every_run_ends,
    promises.a_cancel_is_final,
    promises.only_the_right_approval_counts,
    promises.a_signal_is_heard_once,
    budgets.budgets_are_kept,
    promises.one_key_is_one_run,
    turns.the_queue_is_bounded,
    turns.the_first_in_turn_is_first,
    promises.retries_keep_what_was_done,
    bounds.no_more_at_once_than_allowed,
    bounds.a_crash_costs_no_more_than_there_are_places,
    bounds.attempts_have_their_time,
    deadlines.deadlines_are_what_was_said,
    bounds.nobody_waits_for_ever,
    bounds.timers_are_not_early,
    bounds.a_drain_starts_nothing,
    turns.the_first_in_turn_has_its_place,
    ends.ends_have_reasons,
    ends.every_request_is_answered,
    ends.a_decision_stands,
    ends.nothing_goes_on_after_the_end,
    ends.a_signal_used_up_was_heard,
    ends.whoever_takes_over_raises_the_epoch,
    ends.plans_stay,
    ends.budgets_hold_over_everything,
    standing.nobody_stands_still,
    standing.who_has_room_begins,
    standing.who_is_due_is_called,
    standing.no_place_is_wasted,
    replans.new_plans_stay_within_the_old,
    replans.every_question_has_its_answer,
    records.a_run_is_what_was_asked_for,
    records.a_subtask_ends_as_its_elements_did,
    records.a_trace_says_the_same_twice,
    records.attempts_take_the_time_that_is_recorded,
    records.a_run_is_as_its_events_tell,
    hearing.everything_is_told,
    hearing.what_is_told_is_what_is_kept,
    hearing.answers_are_true,
)


def judge(proof: Proof) -> list[str]:
    """Return every broken promise of a world, those noted on the way first."""
    if not proof.is_whole or len(proof.history.calls) > MOST_CALLS:
        return proof.history.violations
    evidence = Evidence(proof)
    for law in LAWS:
        try:
            for name, what in law(evidence):
                proof.history.violate(name, what)
        except Exception as exc:  # noqa: BLE001  # the laws' border: what no law can read is evidence as well
            proof.history.violate("what is kept makes sense", f"to {law.__name__}: {exc!r:.200}")
    return proof.history.violations
