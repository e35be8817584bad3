"""The quick way to a trace's row gives what the long way gives, and lets no secret by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue

from contracts.errors import InvalidInput
from contracts.journal import Receipt
from contracts.jsontext import json_text
from contracts.trace import ErrorRecord, ExecutionTrace, TraceStatus
from storage.blobs import BLOB_CHARS
from storage.rows import TraceRow
from traces.plain import looks_plain
from traces.receipts import receipt_row, value_text
from traces.redaction import MARK, Redactor
from traces.rows import trace_row

CANARY = "canary-7f3a9c51d2"
OPEN = Redactor(())
CLOSED = Redactor([CANARY, 'quo"te\nand more', "zürich/pass+word"])

NAMES = ("Authorization", "api_key", "X-API-Key", "password", "token", "session-id", "auth", "jwt", "pwd")
JOINTS = st.sampled_from(
    ["", "_", "-", ".", " ", "\n", "\t", "\x00", "é", "\u00a0", "\u200b", "/", '"', "\\"]
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        f"with {CANARY} in it",
        CANARY[:-1],
        "?key=hunter2&x=1",
        "http://me:hunter2@x.test/",
        "a@b.test",
        "Bearer abcdefghijklmnopqrstuvwx",
        "Basic aGVsbG8gd29ybGQ=",
        "authorization: abcdef",
        "sig=1",
        "x?Ke\u0059=hunter2",
        "?\u017fig=abcdef",
        "?to\u212aen=abcdef",
        "a\\u0041",
        "100%",
        "~0",
        "1+1",
        'quo"te\nand more',
        "z%C3%BCrich%2Fpass%2Bword",
    ]
)


@st.composite
def disguised(draw: st.DrawFn) -> str:
    """A sensitive name, something between its letters."""
    name = draw(st.sampled_from(NAMES))
    place = draw(st.integers(0, len(name)))
    return name[:place] + draw(JOINTS) + name[place:]


def json_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    names = st.text(max_size=8) | disguised() | st.sampled_from(["name", "value", "key"])
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=6,
    )


JSON = json_of(TEXTS)
OBJECTS = st.dictionaries(st.text(max_size=8) | disguised(), JSON, max_size=3)
TIMES = st.integers(1, 2**42)
SPANS = st.integers(0, 10**6) | st.floats(0, 1e6).map(lambda s: round(s, 3))


@st.composite
def errors(draw: st.DrawFn) -> ErrorRecord:
    return ErrorRecord(
        code=draw(st.sampled_from(["test.broken", "effect.unknown"])),
        message=draw(TEXTS),
        retryable=draw(st.booleans()),
        where=draw(TEXTS),
        hint=draw(TEXTS),
        data=draw(OBJECTS),
    )


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    status = draw(st.sampled_from(TraceStatus))
    needs_error = status in {TraceStatus.FAILURE, TraceStatus.TIMEOUT}
    output = draw(JSON)
    return Receipt(
        trace_id=draw(st.from_regex(r"[a-f0-9]{1,32}", fullmatch=True)),
        subtask_id=draw(st.sampled_from(["", "a", "look"])),
        agent_type=draw(st.sampled_from(["data", "wasm:echo"])),
        status=status,
        attempt=draw(st.integers(0, 9)),
        item_index=draw(st.none() | st.integers(0, 999)),
        started_ms=draw(TIMES),
        input=draw(OBJECTS),
        output=output,
        output_text=json_text(output) if draw(st.booleans()) else None,
        output_key=draw(st.sampled_from(["", "rows", "api_key", "page_token"])),
        queued_ms=draw(SPANS),
        duration_ms=draw(SPANS),
        agent_version=draw(st.sampled_from(["", "1.0.0"])),
        effect=draw(st.sampled_from(["", "pure", "effectful"])),
        objective=draw(TEXTS),
        plan_id=draw(st.sampled_from(["", "f" * 64])),
        score=draw(st.none() | st.floats(0, 1)),
        error=draw(errors() if needs_error else st.none() | errors()),
        warnings=tuple(draw(st.lists(TEXTS, max_size=2))),
        log=draw(TEXTS),
        usage=draw(OBJECTS),
        next_ms=draw(st.none() | TIMES),
        ended=draw(st.none() | st.sampled_from(TraceStatus)),
        event_id=draw(st.integers(1, 10**6)),
        guest=draw(OBJECTS),
    )


def the_long_way(receipt: Receipt, redactor: Redactor) -> tuple[TraceRow, tuple[str, ...]]:
    clean = redactor.trace(receipt.as_trace("r1"), output_key=receipt.output_key)
    kept = trace_row(clean, event_id=receipt.event_id, next_ms=receipt.next_ms, ended=receipt.ended)
    return kept.row, tuple(blob.sha256 for blob in kept.blobs)


def the_quick_way(receipt: Receipt, redactor: Redactor) -> tuple[TraceRow, tuple[str, ...]]:
    kept = receipt_row("r1", receipt, redactor)
    return kept.row, tuple(blob.sha256 for blob in kept.blobs)


def failed_with(**error: Any) -> Receipt:
    record = ErrorRecord(**{"code": "test.broken", "message": "m", **error})
    return Receipt("t", "a", "data", TraceStatus.FAILURE, 1, None, 0, error=record)


@given(receipts())
def test_a_receipt_makes_the_row_that_its_trace_makes(receipt: Receipt) -> None:
    assert the_quick_way(receipt, OPEN) == the_long_way(receipt, OPEN)


@given(receipts())
@example(failed_with(message=f"the server said {CANARY}"))
@example(failed_with(data={"usage": CANARY}))
def test_with_secrets_at_hand_the_row_is_that_of_the_cleaned_trace(receipt: Receipt) -> None:
    assert the_quick_way(receipt, CLOSED) == the_long_way(receipt, CLOSED)


@given(receipts())
def test_what_is_read_back_is_the_receipts_own_trace(receipt: Receipt) -> None:
    row = receipt_row("r1", receipt, OPEN).row
    assert ExecutionTrace.model_validate_json(row.body) == OPEN.trace(
        receipt.as_trace("r1"), output_key=receipt.output_key
    )


@given(receipts())
def test_what_a_receipt_says_it_kept_whole_is_whole(receipt: Receipt) -> None:
    if receipt_row("r1", receipt, CLOSED).is_whole:
        assert CLOSED.under(receipt.output_key, receipt.output) == receipt.output


@pytest.mark.parametrize(
    "receipt",
    [
        failed_with(message=f"no, {CANARY}"),
        failed_with(where=f"http://x.test/{CANARY}", hint=CANARY, data={CANARY: [CANARY]}),
        Receipt("t", "a", "data", TraceStatus.SUCCESS, 1, None, 0, {"x": CANARY}, {"y": CANARY}),
        Receipt("t", "a", "data", TraceStatus.SUCCESS, 1, None, 0, usage={"asked": CANARY}, log=CANARY),
        Receipt("t", "a", "data", TraceStatus.SUCCESS, 1, None, 0, warnings=(CANARY,), objective=CANARY),
        Receipt("t", "a", "data", TraceStatus.SUCCESS, 1, None, 0, guest={"calls": [{"given": CANARY}]}),
    ],
)
def test_no_column_of_a_row_holds_a_secret(receipt: Receipt) -> None:
    row = receipt_row("r1", receipt, CLOSED).row
    assert [name for name, value in zip(row.__slots__, _columns(row), strict=True) if CANARY in value] == []


def test_what_is_long_goes_to_a_blob_and_comes_back_under_its_name() -> None:
    given_text = "i" * (BLOB_CHARS + 1)
    gave: list[JsonValue] = ["o" * BLOB_CHARS]
    receipt = Receipt("t", "a", "data", TraceStatus.SUCCESS, 1, None, 0, {"x": given_text}, gave)
    row, blobs, _ = receipt_row("r1", receipt, OPEN)
    assert [blob.sha256 for blob in blobs] == [row.input_blob, row.output_blob]
    assert [json.loads(blob.raw) for blob in blobs] == [{"x": given_text}, gave]
    document = json.loads(row.body)
    assert (document["input"], document["output"]) == (None, None)


@pytest.mark.parametrize("bad", [object(), "\ud800"])
def test_what_is_no_json_is_refused_and_makes_no_row(bad: Any) -> None:
    for name in ("usage", "input", "guest"):
        receipt = Receipt("t", "a", "data", TraceStatus.SUCCESS, 1, None, 0)
        setattr(receipt, name, {"x": bad})
        with pytest.raises(InvalidInput) as refused:
            receipt_row("r1", receipt, OPEN)
        assert refused.value.code == "trace.not_json"


@given(JSON)
@example({"pass\nword": "hunter2"})
@example({"passéword": "hunter2"})
@example({"api\u200bkey": "hunter2"})
@example("http://x.test/?\u017fig=abcdef")
@example([{"name": "to\tken", "value": "hunter2"}])
def test_what_looks_plain_holds_nothing_to_take_out(value: Any) -> None:
    if looks_plain([json_text(value)]):
        assert OPEN.value(value) == value


@given(json_of(st.text(max_size=12)), st.lists(st.text(min_size=8, max_size=12), min_size=1, max_size=3))
def test_what_is_plain_beside_secrets_holds_none_of_them(value: Any, secrets: Sequence[str]) -> None:
    redactor = Redactor(secrets)
    if redactor.is_plain(json_text(value)):
        assert redactor.value(value) == value


@given(st.text(min_size=8, max_size=12), st.data())
def test_a_secret_never_passes_as_plain_however_json_spells_it(secret: str, data: st.DataObject) -> None:
    redactor = Redactor([secret])
    text = json.dumps([data.draw(st.text(max_size=3)) + secret], ensure_ascii=data.draw(st.booleans()))
    assert not redactor.is_plain(text)


@given(st.sampled_from(["rows", "api_key", "session_id", "auth", "my_token"]), JSON)
def test_a_value_is_kept_as_the_redactor_leaves_it_and_says_so(key: str, value: Any) -> None:
    for redactor in (OPEN, CLOSED):
        text, is_redacted = value_text(redactor, key, json_text(value))
        clean = redactor.under(key, value)
        assert json.loads(text) == json.loads(json_text(clean))
        assert is_redacted == (clean != value)


def test_a_value_under_a_secrets_name_goes_whole() -> None:
    assert value_text(OPEN, "api_key", '"hunter2"') == (f'"{MARK}"', True)
    assert value_text(OPEN, "api_key", "null") == ("null", False)
    assert value_text(OPEN, "rows", '"hunter2"') == ('"hunter2"', False)


def _columns(row: TraceRow) -> list[str]:
    return [str(getattr(row, name)) for name in row.__slots__]
