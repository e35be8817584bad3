"""Every fault there is, by name."""

from __future__ import annotations

from typing import Final

from simulation.faults import keeping, living, more, planning, replanning, resuming, storing, telling
from simulation.faults.plant import Fault

FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for room in (keeping, resuming, living, planning, replanning, more, storing, telling)
    for fault in room.FAULTS
}

NEAR: Final[dict[str, int]] = {
    "a_no_is_a_yes": 10,
    "accepted_run_taken_up_twice": 126,
    "agents_not_stopped": 24,
    "alarms_do_not_ring": 922,
    "backoff_reset": 9,
    "blob_named_by_its_start": 22,
    "budget_not_released": 20,
    "cancel_called_over_in_a_drain": 77,
    "cancel_in_memory_only": 5,
    "cancel_lost": 5,
    "cancel_overwritten_by_late_result": 5,
    "cancel_reason_not_kept": 5,
    "deadline_not_armed": 76,
    "drain_drops_a_run": 21,
    "elements_forgotten_by_a_retry": 271,
    "end_forgotten_in_its_batch": 17,
    "end_told_before_it_is_kept": 349,
    "fallback_skipped": 6,
    "flush_does_not_wait": 41,
    "half_the_time": 267,
    "idempotent_runs_ahead": 6,
    "migration_half_done": 11,
    "no_time_limits": 24,
    "priority_starvation": 66,
    "queue_limit_ignored": 52,
    "reconcile_result_ignored": 7,
    "refusals_forgotten": 46,
    "reload_forgotten": 82,
    "replans_forgotten": 62,
    "replans_without_end": 115,
    "retry_time_lost": 77,
    "root_forgotten_by_a_retry": 5,
    "root_not_kept": 12,
    "shortest_path_first": 626,
    "spending_forgotten": 10,
    "stopped_run_parks": 12,
    "unknown_effect_rerun": 6,
    "unknown_forgotten_by_a_retry": 37,
    "unread_pages": 24,
    "who_waits_is_not_told": 6,
}
"""Where the search for a fault begins that hides from the first worlds: shortly before one that once found it."""
