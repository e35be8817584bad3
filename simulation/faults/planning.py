"""Faults in how a plan is carried out: elements, budgets, event numbers, queues, keys."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from dispatcher.course import Course
from dispatcher.engine import LocalEngine
from dispatcher.fan import Fan
from dispatcher.purse import Purse
from dispatcher.turns import RunQueue
from service.idempotency import Once
from simulation.faults.plant import Fault, after, before, fault


def _changed_list(change: Any) -> Any:
    def text(found: str) -> str:
        values = json.loads(found)
        return json.dumps(change(values)) if isinstance(values, list) and len(values) > 1 else found

    return after(text)


def _keep_reserved(original: Any) -> Any:
    return lambda self, _reserved, usage: original(self, {}, usage)  # the form it has


def _give_twice(original: Any) -> Any:
    return lambda self, reserved, usage: original(self, {n: 2 * a for n, a in reserved.items()}, usage)


def _number_again(self: Any, entry: Any, *_: Any) -> None:
    if entry.events and not entry.receipts and self.last_event > 2:
        self.last_event -= 1


def _skip_a_number(self: Any, entry: Any, *_: Any) -> None:
    if entry.receipts:
        self.last_event += 1


def _any_body(original: Any) -> Any:
    return lambda self, name, _fingerprint, submit: original(self, name, "", submit)  # likewise


def _no_limit(self: Any, *_: Any, **__: Any) -> None:
    limits = vars(self)["_limits"]
    if limits.max_runs < 10**6:
        vars(self)["_limits"] = replace(limits, max_runs=10**6)


def _last_first(original: Any) -> Any:
    def push(self: Any, run_id: str, *, created_ms: int, priority: int, run: Any = None) -> None:
        original(self, run_id, created_ms=-created_ms, priority=-priority, run=run)

    return push


FAULTS: Final[tuple[Fault, ...]] = (
    fault("foreach_item_lost", "the last element is left out", (Fan, "text", _changed_list(lambda v: v[:-1]))),
    fault("foreach_order_swapped", "elements come back to front", (Fan, "text", _changed_list(lambda v: v[::-1]))),
    fault("budget_not_released", "what was reserved stays reserved", (Purse, "settle", _keep_reserved)),
    fault("budget_released_twice", "what was reserved comes back twice", (Purse, "settle", _give_twice)),
    fault("event_id_reused", "two events have one number", (Course, "put", before(_number_again))),
    fault("event_gap", "a number is passed over", (Course, "put", before(_skip_a_number))),
    fault("key_answers_another_body", "a key answers whatever is sent with it", (Once, "submit", _any_body)),
    fault("queue_limit_ignored", "the queue takes everybody", (LocalEngine, "submit", before(_no_limit))),
    fault("priority_starvation", "who came last goes first", (RunQueue, "push", _last_first)),
)  # fmt: skip
