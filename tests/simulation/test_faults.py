"""Planted faults: each is found by some world, and leaves production as it was."""

from __future__ import annotations

import pytest

from dispatcher.course import Course
from simulation.faults.catalogue import FAULTS, NEAR
from simulation.faults.plant import fault, instead, swapped
from simulation.searching import hunt
from simulation.seed import run_seed

ASKED_FOR = {
    "ack_before_commit", "result_without_trace", "trace_without_result", "lost_blob", "torn_blob", "missing_fence",
    "epoch_reused", "stale_writer_accepted", "retry_time_lost", "backoff_reset", "attempt_number_reused",
    "dependency_ignored_on_resume", "skipped_subtask_run", "finished_subtask_run_again", "intent_missing",
    "intent_after_effect", "unknown_effect_rerun", "reconcile_result_ignored", "cancel_lost",
    "cancel_overwritten_by_late_result", "deadline_shifted_by_restart", "timer_lost", "signal_lost",
    "signal_delivered_twice", "approval_for_another_plan", "child_without_outputs", "write_once_key_overwritten",
    "foreach_item_lost", "foreach_order_swapped", "budget_not_released", "budget_released_twice", "event_id_reused",
    "event_gap", "key_answers_another_body", "drain_drops_a_run", "group_commit_acks_a_failed_batch",
    "checksum_unchecked", "migration_half_done", "queue_limit_ignored", "priority_starvation",
}  # fmt: skip

RARE = {
    "accepted_run_taken_up_twice", "alarms_do_not_ring", "cancel_called_over_in_a_drain", "deadline_not_armed",
    "elements_forgotten_by_a_retry", "end_told_before_it_is_kept", "flush_does_not_wait", "half_the_time", "priority_starvation",
    "queue_limit_ignored", "reload_forgotten", "retry_time_lost", "shortest_path_first", "signal_repeated_is_news",
    "unknown_forgotten_by_a_retry",
}  # fmt: skip
"""They hide from forty worlds and more; `make simulate` looks for them."""


def test_the_catalogue_has_every_fault_by_its_name() -> None:
    assert FAULTS.keys() >= ASKED_FOR
    assert all(name == fault.name and fault.what for name, fault in FAULTS.items())
    assert FAULTS.keys() >= NEAR.keys() | RARE


@pytest.mark.slow
@pytest.mark.parametrize("bug", sorted(FAULTS.keys() - RARE))
def test_some_world_finds_the_fault(bug: str) -> None:
    found = hunt(bug)
    assert found.seed is not None
    assert run_seed(found.seed, bug=bug).violations != ()


def test_a_fault_is_gone_when_its_world_is_over() -> None:
    original = vars(Course)["cancel"]
    with FAULTS["cancel_lost"].planted():
        assert vars(Course)["cancel"] is not original
    assert vars(Course)["cancel"] is original


def test_a_fault_whose_place_has_gone_fails_loudly() -> None:
    gone = fault("gone", "nobody is there", (Course, "no_such_method", instead(None)))
    with pytest.raises(KeyError), gone.planted():
        pass


def test_what_was_swapped_comes_back_after_a_crash() -> None:
    original = vars(Course)["halt"]
    with pytest.raises(ZeroDivisionError), swapped((Course, "halt", instead(None))):
        raise ZeroDivisionError
    assert vars(Course)["halt"] is original
