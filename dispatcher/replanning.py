"""A failed subtask that asks for a new plan: the planner is asked, its plan is held to the bounds, the run goes on by it.

What does not wait for the failed subtask goes on meanwhile. The new plan, and
the event that tells of it, become durable together: before that the run is
one with the old plan and a question to ask, after it one with the new plan,
whenever it is killed. A question without a usable answer skips what waited.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import JsonValue

from contracts.bounds import bounds_problems
from contracts.errors import AttemptFailed, CallsheetError, InvalidPlan, Unavailable
from contracts.journal import Entry, Opened
from contracts.plan import Plan, Subtask
from contracts.planning_call import PlanningCall, heard_by
from contracts.replanning import (
    MAX_REPLANS,
    NEVER_REPLANNED,
    Failed,
    by_name,
    changes,
    marked,
    plain_code,
    rounds_of,
    signature,
)
from contracts.taint import is_effectful
from contracts.trace import TraceStatus
from dispatcher.asking import Unanswered, answered
from dispatcher.planning_receipts import PlanningCalls

if TYPE_CHECKING:
    from dispatcher.course import Course

MakeReplan = Callable[[Failed], Awaitable[Plan]]
FAILED = (TraceStatus.FAILURE, TraceStatus.TIMEOUT)
ASKING: Final = ("tokens", "usd")
"""What a question to a model costs of a run's budget."""

_log = structlog.get_logger(__name__)


async def nobody_replans(_: Failed) -> Plan:
    """Refuse, where no planner is at hand."""
    raise Unavailable("plan.no_replanner", "nobody at hand makes a new plan")


class Replanning:
    """The new plans of one run.

    Args:
        course: Whose they are.
        opened: As the journal gave it.
    """

    def __init__(self, course: Course, opened: Opened) -> None:
        self._course = course
        rounds, tried = rounds_of(course.plan) if course.run.parent_id is not None else (0, ())
        self._rounds = max(rounds, len(opened.replanned))
        """Of a run that tries another again, with those of that one."""
        self._tried = list(dict.fromkeys((*tried, *opened.replanned)))
        self._given_up = set(opened.given_up)
        self._codes = {p.subtask_id: p.error_code for p in opened.past if p.ended is not None}
        self._waiting: deque[str] = deque()
        """Failed subtasks; the planner is asked about the first."""
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False
        self.is_changing = False
        """Whether a new plan is on its way to the disk: before it is there nothing more begins."""

    @property
    def is_idle(self) -> bool:
        """Whether no new plan is waited for."""
        return not self._waiting

    def takes(self, subtask: Subtask, status: TraceStatus, entry: Entry) -> bool:
        """Say whether a new plan is asked for in place of a failed subtask; from then on it is.

        Args:
            subtask: Ended without an output.
            status: How.
            entry: Where that is kept; why no new plan is asked for goes into it too.
        """
        if subtask.on_failure != "replan" or status not in FAILED or subtask.id in self._given_up:
            return False
        if subtask.id in self._waiting:
            return True
        for receipt in entry.receipts:
            if receipt.subtask_id == subtask.id and receipt.error is not None:
                self._codes[subtask.id] = receipt.error.code
        refusal = self._refusal(subtask)
        if refusal is not None:
            self._note(subtask.id, refusal, entry)
            return False
        entry.events.append(self._course.event("replanning", self._about(subtask.id)))
        self._waiting.append(subtask.id)
        if len(self._waiting) == 1:
            self._ask()
        return True

    def stop(self) -> None:
        """Wait for no plan any more."""
        self._is_stopped = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def _refusal(self, subtask: Subtask) -> CallsheetError | None:
        """Return why no plan is asked for, where none is."""
        code = self._code(subtask.id)
        if code in NEVER_REPLANNED:
            return AttemptFailed("plan.not_replanned", f"no other plan mends {code}")
        document = subtask.model_dump(mode="json", exclude_unset=True)
        if is_effectful(document, by_name(self._course.office.registry.cards())):
            return AttemptFailed("plan.not_replanned", f"{subtask.id!r} acts on the world")
        if self._rounds >= MAX_REPLANS:
            return AttemptFailed("plan.replan_limit", f"the run was replanned {MAX_REPLANS} times before")
        if spent := self._course.purse.spent(ASKING):
            return AttemptFailed(
                "budget.exhausted", f"the run's budget of {spent} leaves nothing to plan with"
            )
        return None

    def _code(self, subtask_id: str) -> str:
        return plain_code(self._codes.get(subtask_id, ""))

    def _ask(self) -> None:
        course = self._course
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._go(), context=course.task_context.copy())

    async def _go(self) -> None:
        course, name = self._course, self._waiting[0]
        calls = PlanningCalls(course.office.ids, course.office.clock, plan_id=course.plan.plan_id)
        try:
            with heard_by(lambda call: self._keep_call(calls, call)):
                failed, plan = await self._planned(name)
        except asyncio.CancelledError:
            if self._is_stopped:
                return
            step: Callable[[], None] = partial(self._give_up, name, _broken("the planner cancelled itself"))
        except CallsheetError as exc:
            step = partial(self._give_up, name, exc)
        except Exception as exc:  # noqa: BLE001  # the border: no run may wait for ever because of a defect
            _log.error("replanning_crashed", run_id=course.run.run_id, exc_info=exc)
            step = partial(self._give_up, name, _broken(type(exc).__name__))
        else:
            step = partial(self._adopt, failed, plan)
        if not self._is_stopped:
            course.guarded(step)

    async def _planned(self, name: str) -> tuple[Failed, Plan]:
        failed = self._failed(name)
        limit_s = self._course.office.limits.replan_timeout_s
        until = asyncio.get_running_loop().time() + limit_s
        while True:
            try:
                plan = await answered(self._course.office.replan(failed), until=until)
            except Unanswered as exc:
                raise Unavailable("plan.replan_timeout", f"no new plan within {limit_s:g} s") from exc
            before, failed = failed, self._failed(name)
            if failed.ended.keys() & failed.open == before.ended.keys() & before.open:
                break  # else some of it was skipped meanwhile, which no plan may bring back
        problems = bounds_problems(failed, plan)
        if problems:
            raise InvalidPlan(problems)
        return failed, plan

    def _keep_call(self, calls: PlanningCalls, call: PlanningCall) -> None:
        receipt = calls.receipt(call)
        self._course.purse.spend([receipt.usage])
        self._course.note(receipt)

    def _failed(self, name: str) -> Failed:
        course = self._course
        return Failed(
            objective=course.plan.objective,
            inputs=course.plan.inputs,
            plan=course.plan,
            cards=course.office.registry.cards(),
            ended={**course.history.ended, **course.progress.statuses},
            subtask_id=name,
            code=self._code(name),
            round=self._rounds + 1,
            tried=tuple(self._tried),
        )

    def _adopt(self, failed: Failed, plan: Plan) -> None:
        course = self._course
        mark = signature(failed.subtask(), by_name(failed.cards))
        about = self._about(failed.subtask_id)
        self._rounds += 1
        self._tried.append(mark)
        plan = marked(plan, failed, self._tried)
        about |= {
            "from": failed.plan.plan_id,
            "to": plan.plan_id,
            "by": plan.origin.planner,
            "changes": [*changes(failed.plan, plan)[:50]],
            "signature": mark,
        }
        entry = course.entry(event=course.event("replanned", about))
        self.is_changing = True
        course.go_by(plan, entry, self._kept)

    def _kept(self, error: CallsheetError | None) -> None:
        if error is None and not self._is_stopped:
            self.is_changing = False
            self._waiting.popleft()
            self._course.guarded(self._next)

    def _give_up(self, name: str, why: CallsheetError) -> None:
        course = self._course
        entry = course.entry()
        self._note(name, why, entry)
        self._waiting.popleft()
        course.ends.skip_after(name, entry)
        course.put(entry)
        self._next()

    def _next(self) -> None:
        """Ask about the next that failed, where a further plan may be asked for."""
        course = self._course
        while self._waiting and course.stop is None:
            subtask = course.graph.subtasks[self._waiting[0]]
            refusal = self._refusal(subtask)
            if refusal is None:
                self._ask()
                break
            entry = course.entry()
            self._note(self._waiting.popleft(), refusal, entry)
            course.ends.skip_after(subtask.id, entry)
            course.put(entry)
        course.advance()

    def _note(self, name: str, why: CallsheetError, entry: Entry) -> None:
        self._given_up.add(name)
        run_id, code = self._course.run.run_id, self._code(name)
        _log.warning("not_replanned", run_id=run_id, subtask_id=name, code=code, refused=why.code)
        about = self._about(name)
        about |= {"refused": why.code, "why": why.message[:500], "problems": [*_codes(why)]}
        entry.events.append(self._course.event("not_replanned", about))

    def _about(self, name: str) -> dict[str, JsonValue]:
        """Return what every event of a replanning tells: which subtask failed, of what, for the how-manieth plan."""
        return {"subtask_id": name, "code": self._code(name), "round": self._rounds + 1}


def _codes(why: CallsheetError) -> Sequence[str]:
    return [p.code for p in why.problems[:20]] if isinstance(why, InvalidPlan) else ()


def _broken(what: str) -> CallsheetError:
    return CallsheetError("internal.error", what)
