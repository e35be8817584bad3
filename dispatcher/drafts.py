"""What the journal keeps, written down as statements, secrets taken out: runs, receipts, values and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.journal import Entry, IdempotencyKey, Receipt, Signal, Value
from contracts.run import Run
from dispatcher.beginning import first_events
from dispatcher.run_rows import RunRows
from memory.rows import value_row
from storage.blobs import Blob
from storage.journal_rows import (
    KeyRow,
    WakeRow,
    clear_wake,
    delete_wait,
    insert_event,
    insert_intent,
    insert_key,
    insert_signal,
    insert_wait,
    set_wake,
    take_signal,
)
from storage.rows import insert_run, insert_trace, insert_value, update_run
from storage.statement import Statement
from traces.journal_rows import event_row, intent_row, signal_row, wait_row
from traces.receipts import KeptReceipt, receipt_row, value_text
from traces.redaction import Redactor


@dataclass(slots=True)
class Draft:
    """What becomes one unit."""

    statements: list[Statement] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)


class Drafting:
    """Writes drafts.

    Args:
        redactor: Takes secrets out.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._run_rows = RunRows(redactor)
        self._told: set[str] = set()
        """Runs that a signal has marked as due since they were last looked at."""

    def created(
        self, run: Run, key: IdempotencyKey | None, kept: Sequence[tuple[Receipt, Value | None]]
    ) -> tuple[Draft, Sequence[KeptReceipt]]:
        """Return what keeps a new run, its first event, its caller's key, and what it takes over."""
        draft = Draft()
        copies = []
        self._add_run(draft, run, 1, is_new=True)
        for event in first_events(run):
            draft.statements.append(insert_event(event_row(run.run_id, event, self._redactor)))
        for receipt, value in kept:
            copies.append(self._add_receipt(draft, run.run_id, receipt))
            if value is not None:
                self._add_value(draft, run.run_id, value)
        if key is not None:
            row = KeyRow(key.key, key.fingerprint, run.run_id, key.at_ms)
            draft.statements.append(insert_key(row))
        return draft, copies

    def opened(self, run: Run, epoch: int) -> Draft:
        """Return what raises a run's epoch and says that it is looked at."""
        self._told.discard(run.run_id)
        draft = Draft([clear_wake(run.run_id)])
        self._add_run(draft, run, epoch)
        return draft

    def entry(self, entry: Entry) -> tuple[Draft, Sequence[KeptReceipt]]:
        """Return what keeps an entry, and its receipts as they are kept.

        Raises:
            InvalidInput: `trace.not_json`, `trace.too_large`, `storage.too_large`.
        """
        draft = Draft()
        run_id = entry.run_id
        copies = [self._add_receipt(draft, run_id, receipt) for receipt in entry.receipts]
        for value in entry.values:
            # most values are what the one receipt beside them gave, which was looked at just now
            is_clean = bool(copies) and copies[0].is_whole and value.text is entry.receipts[0].output_text
            self._add_value(draft, run_id, value, is_clean=is_clean)
        if not entry.is_attempt:
            self._add_rarer(draft, entry)
        return draft, copies

    def signal(self, signal: Signal) -> Draft:
        """Return what keeps a signal and marks its run as due."""
        self._told.add(signal.run_id)
        row = signal_row(signal, self._redactor)
        return Draft([insert_signal(row), set_wake(WakeRow(signal.run_id, signal.at_ms))])

    def forget(self, run_id: str) -> None:
        """Forget a run that is over."""
        self._told.discard(run_id)

    def _add_run(self, draft: Draft, run: Run, epoch: int, *, is_new: bool = False) -> None:
        found = self._run_rows.row(run, epoch, is_new=is_new)
        draft.statements.extend(found.plan)
        draft.statements.append(insert_run(found.row) if is_new else update_run(found.row))
        draft.blobs.extend(found.blobs)

    def _add_receipt(self, draft: Draft, run_id: str, receipt: Receipt) -> KeptReceipt:
        kept = receipt_row(run_id, receipt, self._redactor)
        draft.statements.append(insert_trace(kept.row))
        if kept.blobs:
            draft.blobs.extend(kept.blobs)
        return kept

    def _add_value(self, draft: Draft, run_id: str, value: Value, *, is_clean: bool = False) -> None:
        text, is_redacted = value.text, False
        if not is_clean:
            text, is_redacted = value_text(self._redactor, value.key, value.text)
        key, by = self._redactor.name(value.key), self._redactor.name(value.by)
        row, blob = value_row(run_id, key, text, by=by, is_redacted=is_redacted)
        draft.statements.append(insert_value(row))
        if blob is not None:
            draft.blobs.append(blob)

    def _add_rarer(self, draft: Draft, entry: Entry) -> None:
        run_id, statements = entry.run_id, draft.statements
        statements.extend(insert_event(event_row(run_id, e, self._redactor)) for e in entry.events)
        statements.extend(insert_intent(intent_row(run_id, i)) for i in entry.intents)
        statements.extend(delete_wait(wait_row(run_id, w)) for w in entry.ended_waits)
        statements.extend(insert_wait(wait_row(run_id, w)) for w in entry.waits)
        statements.extend(take_signal(signal_row(s, self._redactor)) for s in entry.taken)
        is_over = entry.run is not None and entry.run.state.is_final
        if entry.is_awake or (is_over and run_id in self._told):
            self._told.discard(run_id)
            statements.append(clear_wake(run_id))
        if entry.run is not None:
            self._add_run(draft, entry.run, entry.epoch)
        if entry.wake_ms is not None:
            statements.append(set_wake(WakeRow(run_id, entry.wake_ms)))
