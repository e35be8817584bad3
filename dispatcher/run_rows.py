"""A run's row, time and again: what does not change of it is cleaned and written down once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from contracts.jsontext import json_text
from contracts.plan import Plan
from contracts.policy import Policy
from contracts.run import Run
from storage.blobs import Blob, blob_for
from storage.rows import RunRow, insert_plan
from storage.statement import Statement
from traces.redaction import Redactor
from traces.rows import plan_row, run_row

REMEMBERED: Final = 1024
"""Runs whose rows are at hand."""
PLANS: Final = 32
"""Plans that are: each takes some 13 KB."""


class KeptRow(NamedTuple):
    """A run's row, the plan's statement where it is to be kept too, and the blobs to store before them."""

    row: RunRow
    plan: Sequence[Statement]
    blobs: Sequence[Blob]


class _KnownPlan(NamedTuple):
    clean: Plan
    is_redacted: bool
    statement: Statement
    blobs: Sequence[Blob]


class RunRows:
    """Makes the rows of runs, clean of secrets.

    Args:
        redactor: Takes them out.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._plans: OrderedDict[str, _KnownPlan] = OrderedDict()
        self._rows: OrderedDict[str, RunRow] = OrderedDict()
        self._policy: Policy | None = None
        """The last that held nothing to take out."""

    def row(self, run: Run, epoch: int, *, is_new: bool = False) -> KeptRow:
        """Return what keeps a run as it stands now; a new one, and one with a new plan, with its plan."""
        known = self._rows.pop(run.run_id, None)
        plan_id = run.plan.plan_id if run.plan is not None else None
        if known is None or is_new or known.plan_id != plan_id:
            return self._whole(run, epoch)
        result, blobs = self._result(run)
        row = replace(
            known,
            epoch=epoch,
            state=run.state.value,
            started_ms=run.started_ms,
            ended_ms=run.ended_ms,
            deadline_ms=run.deadline_ms,
            left_ms=run.left_ms,
            cancel_reason=run.cancel_reason and self._redactor.text(run.cancel_reason),
            error=self._clean_json(run.error.model_dump(mode="json")) if run.error else None,
            subtasks=json_text({self._redactor.name(k): v.value for k, v in run.subtasks.items()}),
            result=None if blobs else result,
            result_blob=blobs[0].sha256 if blobs else None,
        )
        if not run.state.is_final:
            self._remember(row)
        return KeptRow(row, (), blobs)

    def _whole(self, run: Run, epoch: int) -> KeptRow:
        plan = self._plan(run.plan) if run.plan is not None else None
        clean = run if self._is_plain(run) else self._redactor.run(run, plan=plan.clean if plan else None)
        is_redacted = run.is_redacted or clean.inputs != run.inputs
        if is_redacted or (plan is not None and plan.is_redacted):
            clean = clean.model_copy(update={"is_redacted": True})
        row, blobs = run_row(clean, epoch=epoch)
        if not run.state.is_final:
            self._remember(row)
        if plan is None:
            return KeptRow(row, (), blobs)
        return KeptRow(row, (plan.statement,), (*blobs, *plan.blobs))

    def _is_plain(self, run: Run) -> bool:
        """Say whether a run that has done nothing yet surely holds nothing to take out."""
        if run.subtasks or run.error is not None or run.result is not None or run.cancel_reason is not None:
            return False
        look = self._redactor.is_plain_known
        if run.policy is not self._policy:  # one for many runs
            if not look(json_text(run.policy.model_dump(mode="json"))):
                return False
            self._policy = run.policy
        return look(run.objective) and (not run.inputs or self._redactor.is_plain(json_text(run.inputs)))

    def _plan(self, plan: Plan) -> _KnownPlan:
        known = self._plans.pop(plan.plan_id, None)
        if known is None:
            text = json_text(plan.as_json())
            clean = plan if self._redactor.is_plain(text) else self._redactor.plan(plan)
            row, blobs = plan_row(clean, text=text if clean is plan else None)
            known = _KnownPlan(clean, clean is not plan, insert_plan(row), blobs)
        self._plans[plan.plan_id] = known
        if len(self._plans) > PLANS:
            self._plans.popitem(last=False)
        return known

    def _remember(self, row: RunRow) -> None:
        self._rows[row.run_id] = row
        if len(self._rows) > REMEMBERED:
            self._rows.popitem(last=False)

    def _result(self, run: Run) -> tuple[str | None, Sequence[Blob]]:
        if run.result is None:
            return None, ()
        key = run.plan.result_key if run.plan is not None and run.plan.result_key is not None else ""
        text = json_text(run.result)
        if not (self._redactor.is_plain(text) and self._redactor.is_plain_under(key, text)):
            text = json_text(self._redactor.under(key, run.result))
        blob = blob_for(text)
        return text, () if blob is None else (blob,)

    def _clean_json(self, document: dict[str, object]) -> str:
        text = json_text(document)  # type: ignore[arg-type]  # what pydantic dumps as JSON is JSON
        return text if self._redactor.is_plain(text) else json_text(self._redactor.value(document))  # type: ignore[arg-type]  # likewise
