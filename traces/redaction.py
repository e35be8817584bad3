"""Take secrets out of what is kept, logged or shown: of whole runs and traces, so that they load still."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from pydantic import JsonValue

from contracts.plan import Plan
from contracts.policy import Policy
from contracts.run import Run
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata
from traces.cleaning import MARK, Cleaner
from traces.plain import looks_plain
from traces.plan_cleaning import clean_plan
from traces.sensitive_names import is_sensitive

__all__ = ["MARK", "Redactor"]

_NOWHERE: Final = ""
_REMEMBERED: Final = 4096


class Redactor(Cleaner):
    """Replaces secrets by `[redacted]`, also in runs, plans and traces."""

    def __init__(self, secrets: Iterable[str] = (), *, finds: Literal["told", "all"] = "all") -> None:
        super().__init__(secrets, finds=finds)
        self._seen: dict[str, bool] = {}

    def is_plain(self, *texts: str) -> bool:
        """Say whether JSON texts surely hold nothing to take out; False only means that it must be looked at."""
        return not self._forms.may_stand_in(texts) and looks_plain(texts)

    def is_plain_known(self, text: str) -> bool:
        """Say the same of a text that comes again and again: it is looked at once."""
        known = self._seen.get(text)
        if known is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            known = self._seen[text] = self.is_plain(text)
        return known

    def is_plain_under(self, name: str, text: str) -> bool:
        """Say whether a JSON text that `is_plain` may also stand under a name."""
        return not name or not is_sensitive(name, [text])

    def trace(self, trace: ExecutionTrace, *, output_key: str = _NOWHERE) -> ExecutionTrace:
        """Return the trace without secrets in what went in, came out or was said of it.

        Args:
            trace: As it was made.
            output_key: Where its output stands in the run's context, if that is known.
        """
        metadata = trace.metadata.model_dump(mode="json", exclude_unset=True)
        clean = self.value(metadata)
        if isinstance(clean, dict) and "subtask_id" in metadata:
            clean["subtask_id"] = self.name(trace.metadata.subtask_id)
        if isinstance(clean, dict) and "guest" in metadata:
            _mark_guest(clean, metadata)
        return trace.model_copy(
            update={
                "input": self.value(trace.input),
                "output": self.under(output_key, trace.output),
                "expected_output": self.value(trace.expected_output),
                "metadata": trace.metadata if clean == metadata else TraceMetadata.model_validate(clean),
            }
        )

    def run(self, run: Run, *, plan: Plan | None = None) -> Run:
        """Return the run without secrets; ids and keys stay, so that it is the same run still.

        Args:
            run: As it stands.
            plan: Its plan, clean already, where that is at hand.
        """
        clean = plan or (run.plan and self.plan(run.plan))
        result_key = clean.result_key if clean is not None else None
        return run.model_copy(
            update={
                "objective": self.text(run.objective),
                "inputs": self.values(run.inputs),
                "plan": clean,
                "policy": self._policy(run.policy),
                "subtasks": {self.name(subtask): status for subtask, status in run.subtasks.items()},
                "result": self.under(result_key or _NOWHERE, run.result),
                "error": run.error
                and ErrorRecord.model_validate(self.value(run.error.model_dump(mode="json"))),
            }
        )

    def plan(self, plan: Plan) -> Plan:
        """Return the plan without secrets, under the name it had."""
        document = plan.as_json()
        clean = clean_plan(document, self)
        return plan if clean == document else Plan.model_validate(clean)

    def _policy(self, policy: Policy) -> Policy:
        document = policy.model_dump(mode="json")
        clean = self.value(document)
        return policy if clean == document else Policy.model_validate(clean)


def _mark_guest(clean: dict[str, JsonValue], before: dict[str, JsonValue]) -> None:
    """Say in a guest's recording that something was taken out of it: it cannot be played again."""
    guest = clean.get("guest")
    if isinstance(guest, dict) and guest != before.get("guest"):
        guest["is_redacted"] = True
