from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from contracts.plan import load_plan
from contracts.policy import Grant
from contracts.run import RunEvent
from contracts.trace import TraceStatus
from service.answer import rows_of, show_result
from service.progress import Progress
from traces.redaction import Redactor


def printed(result: Any) -> str:
    page = io.StringIO()
    show_result(Console(file=page, width=100, force_terminal=True, color_system=None), result)
    return page.getvalue()


@pytest.mark.parametrize(
    ("result", "rows"),
    [
        ([{"a": 1}], [{"a": 1}]),
        ({"rows": [{"a": 1}]}, [{"a": 1}]),
        ([], None),
        ([1], None),
        ("x", None),
        (None, None),
    ],
)
def test_rows_are_found_where_there_are_some(result: Any, rows: Any) -> None:
    assert rows_of(result) == rows


def test_a_few_columns_are_a_table_and_many_are_records() -> None:
    assert "┃" in printed([{"a": 1, "b": None}])
    wide = printed([{f"c{i}": i for i in range(9)} | {"title": "A truck"}])
    assert "1. A truck" in wide
    assert "┃" not in wide


@pytest.mark.parametrize(
    "hostile", ["[/x]", "[link=http://evil.example]click[/link]", "[bold]b", "\x1b]0;t\x07", "\u009b2J"]
)
def test_what_a_page_says_is_printed_as_text(hostile: str) -> None:
    for result in (
        [{hostile: hostile}],
        {"x": hostile},
        [{hostile: i, "title": hostile} | {f"c{n}": n for n in range(9)} for i in range(2)],
    ):
        text = printed(result)
        assert "\x1b" not in text
        assert "\u009b" not in text
        assert hostile.startswith(("\x1b", "\u009b")) or hostile in text


def test_progress_prints_neither_secrets_nor_controls() -> None:
    page = io.StringIO()
    progress = Progress(Console(file=page, width=120), Redactor(["canary-123456789"]))
    step: dict[str, Any] = {
        "id": "a", "objective": "say canary-123456789 [/x] \x1b[2J", "required_agent": "data", "dependencies": [],
        "input_keys": [], "output_key": "k",
    }  # fmt: skip
    progress.grants((Grant(kind="host", value="canary-123456789", by="x"),))
    progress.plan(load_plan({"objective": "x", "subtasks": [step]}))
    event = RunEvent(
        kind="attempt_ended",
        run_id="r",
        at_ms=1,
        subtask_id="a",
        warnings=("canary-123456789",),
        status=TraceStatus.PARTIAL_SUCCESS,
    )
    progress(event)
    progress(
        RunEvent(
            kind="subtask_ended", run_id="r", at_ms=2, subtask_id="a", status=TraceStatus.PARTIAL_SUCCESS
        )
    )
    text = page.getvalue()
    assert "canary" not in text
    assert "\x1b" not in text
    assert "[/x]" in text
