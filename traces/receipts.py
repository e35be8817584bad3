"""A receipt as the row that keeps it: its trace's JSON written once, straight from its parts.

Most of what is kept holds no secret and nothing that looks like one: a quick
look at the text says so. Whatever else is cleaned the long way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring as quoted
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from contracts.errors import InvalidInput
from contracts.journal import Receipt
from contracts.jsontext import json_text
from contracts.trace import TraceMetadata
from storage.blobs import Blob, blob_for
from storage.rows import TraceRow
from traces.redaction import Redactor
from traces.rows import MAX_TRACE_CHARS, trace_row
from traces.summary import preview_text

_NULL: Final = "null"
_NO_USAGE: Final = "{}"
_NO_BLOBS: Final = (None, None)
_DIGESTS: Final = frozenset({
    "format", "digest", "abi", "limits", "seed", "clock_us", "input_sha256", "code", "output_sha256", "fuel",
    "engine", "sum",
})  # fmt: skip
"""What a recording always has: hashes and numbers, in which there is nothing to look for."""


class KeptReceipt(NamedTuple):
    """One receipt's row, the blobs to store before it, and whether its output surely is kept as it was."""

    row: TraceRow
    blobs: Sequence[Blob]
    is_whole: bool


def receipt_row(run_id: str, receipt: Receipt, redactor: Redactor) -> KeptReceipt:
    """Return what keeps a receipt, without secrets.

    Raises:
        InvalidInput: `trace.not_json`, `trace.too_large`.
    """
    given = _json_text(receipt.input, receipt.trace_id) if receipt.input else "{}"
    gave = receipt.output_text
    if gave is None:
        gave = _NULL if receipt.output is None else _json_text(receipt.output, receipt.trace_id)
    about = _metadata(receipt)
    if _is_plain(receipt, given, gave, about, redactor):
        return _row(run_id, receipt, given, gave, about)
    trace = redactor.trace(receipt.as_trace(run_id), output_key=receipt.output_key)
    row, blobs = trace_row(trace, event_id=receipt.event_id, next_ms=receipt.next_ms, ended=receipt.ended)
    return KeptReceipt(row, blobs, is_whole=False)


def _is_plain(receipt: Receipt, given: str, gave: str, about: str, redactor: Redactor) -> bool:
    more = receipt.error is not None or receipt.usage or receipt.warnings or receipt.log
    if more or receipt.guest or receipt.planning:
        if receipt.guest_text and receipt.guest.keys() <= _DIGESTS:
            about = about.replace(receipt.guest_text, "")
        looked_at = redactor.is_plain(given, gave, about)
    else:  # all that `about` has of other people's words is the plan's, the same for every run of it
        known = redactor.is_plain_known(f"{receipt.subtask_id}\n{receipt.objective}\n{receipt.agent_version}")
        looked_at = known and redactor.is_plain(given, gave)
    return looked_at and redactor.is_plain_under(receipt.output_key, gave)


def _row(run_id: str, receipt: Receipt, given: str, gave: str, about: str) -> KeptReceipt:
    if len(given) + len(gave) + len(about) > MAX_TRACE_CHARS:
        raise InvalidInput(
            "trace.too_large",
            f"trace {receipt.trace_id!r} has over {MAX_TRACE_CHARS} characters",
        )
    blobs = (blob_for(given), blob_for(gave))
    error = receipt.error
    body = (
        f'{{"trace_id":{quoted(receipt.trace_id)},"task_id":{quoted(run_id)},'
        f'"agent_type":{quoted(receipt.agent_type)},"input":{given if blobs[0] is None else _NULL},'
        f'"output":{gave if blobs[1] is None else _NULL},"expected_output":null,'
        f'"status":"{receipt.status.value}","timestamp":{receipt.started_ms // 1000},"metadata":{about}}}'
    )
    row = TraceRow(
        receipt.trace_id,
        run_id,
        receipt.event_id,
        receipt.subtask_id,
        receipt.attempt,
        receipt.item_index,
        receipt.agent_type,
        receipt.status.value,
        receipt.started_ms,
        float(receipt.duration_ms),
        preview_text(gave, error),
        error.code if error is not None else None,
        receipt.next_ms,
        receipt.ended.value if receipt.ended is not None else None,
        receipt.usage_text or (_json_text(receipt.usage, receipt.trace_id) if receipt.usage else _NO_USAGE),
        blobs[0].sha256 if blobs[0] is not None else None,
        blobs[1].sha256 if blobs[1] is not None else None,
        body,
    )
    kept = () if blobs == _NO_BLOBS else [blob for blob in blobs if blob is not None]
    return KeptReceipt(row, kept, is_whole=True)


def _metadata(receipt: Receipt) -> str:
    """Return the metadata's JSON: what `ExecutionTrace.as_json` gives, in its order, without defaults."""
    found = [f'"subtask_id":{quoted(receipt.subtask_id)}'] if receipt.subtask_id else []
    if receipt.attempt != 1:
        found.append(f'"attempt":{receipt.attempt}')
    if receipt.item_index is not None:
        found.append(f'"item_index":{receipt.item_index}')
    if receipt.started_ms:
        found.append(f'"started_ms":{receipt.started_ms}')
    if receipt.queued_ms:
        found.append(f'"queued_ms":{receipt.queued_ms!r}')
    if receipt.duration_ms:
        found.append(f'"duration_ms":{receipt.duration_ms!r}')
    found.extend(_of_plan(receipt))
    if receipt.score is not None or receipt.error is not None or receipt.warnings or receipt.log:
        found.extend(_rarer(receipt))
    if receipt.usage:
        found.append(f'"usage":{receipt.usage_text or _json_text(receipt.usage, receipt.trace_id)}')
    if receipt.guest:
        found.append(f'"guest":{receipt.guest_text or _json_text(receipt.guest, receipt.trace_id)}')
    if receipt.planning:
        found.append(f'"planning":{_json_text(receipt.planning, receipt.trace_id)}')
    return "{" + ",".join(found) + "}"


def _of_plan(receipt: Receipt) -> Iterator[str]:
    if receipt.agent_version:
        yield f'"agent_version":{quoted(receipt.agent_version)}'
    if receipt.effect:
        yield f'"effect":"{receipt.effect}"'
    if receipt.objective:
        yield f'"objective":{quoted(receipt.objective)}'
    if receipt.plan_id:
        yield f'"plan_id":{quoted(receipt.plan_id)}'


def _rarer(receipt: Receipt) -> list[str]:
    rarer = TraceMetadata(
        score=receipt.score, error=receipt.error, warnings=receipt.warnings, log=receipt.log
    ).model_dump(mode="json", exclude_defaults=True)
    return [f'"{name}":{_json_text(value, receipt.trace_id)}' for name, value in rarer.items()]


def value_text(redactor: Redactor, key: str, text: str) -> tuple[str, bool]:
    """Return what may be kept of a context value, and whether something was taken out."""
    if redactor.is_plain(text) and redactor.is_plain_under(key, text):
        return text, False
    value: JsonValue = json.loads(text)
    clean = redactor.under(key, value)
    return (text, False) if clean == value else (_json_text(clean, key), True)


def _json_text(value: Any, name: str) -> str:
    try:
        return json_text(value)
    except ValueError as exc:
        raise InvalidInput("trace.not_json", f"{name!r} holds what is no JSON: {str(exc)[:200]}") from exc
