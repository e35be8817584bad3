from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from service.logs import MAX_TEXT, configure_logs, logged_as
from traces.redaction import Redactor

CANARY = "canary-4f1d8c7e9b"


@pytest.fixture
def written(logs: io.StringIO) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logs("info", redactor=Redactor([CANARY]), stream=stream)
    yield stream
    configure_logs("info", redactor=Redactor(()), stream=logs)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_the_ids_of_its_run(written: io.StringIO) -> None:
    with logged_as(run_id="r1", subtask_id="s1"):
        structlog.stdlib.get_logger("x").info("started", attempt=2)
    (line,) = lines(written)
    assert (line["event"], line["run_id"], line["subtask_id"], line["attempt"]) == ("started", "r1", "s1", 2)
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_ids_end_with_their_block(written: io.StringIO) -> None:
    with logged_as(run_id="r1"):
        pass
    structlog.stdlib.get_logger("x").info("after")
    assert "run_id" not in lines(written)[0]


def test_hostile_text_forges_no_line_and_moves_no_cursor(written: io.StringIO) -> None:
    structlog.stdlib.get_logger("x").info("title\n{}", title="a\r\n\x1b[2J\u202e\x00b")
    raw = written.getvalue()
    assert raw.count("\n") == 1
    assert raw.rstrip("\n").isprintable()
    assert lines(written)[0]["title"] == "a\r\n\x1b[2J\u202e\x00b"


@pytest.mark.parametrize(
    "value", [CANARY, f"Bearer {CANARY}", {"deep": [CANARY]}, [CANARY], Exception(CANARY)]
)
def test_a_secret_is_never_written(written: io.StringIO, value: Any) -> None:
    structlog.stdlib.get_logger("x").warning(f"with {CANARY}", value=value)
    logging.getLogger("other").warning("with %s", value)
    try:
        int(CANARY)
    except ValueError:
        structlog.stdlib.get_logger("x").exception("crashed")
    assert len(lines(written)) == 3
    assert CANARY not in written.getvalue()


def test_libraries_log_in_the_same_form(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("started %d", 5)
    logging.getLogger("httpx").info("not ours to tell")
    assert [line["event"] for line in lines(written)] == ["started 5"]


def test_what_is_below_the_level_stays_out(written: io.StringIO) -> None:
    structlog.stdlib.get_logger("x").debug("detail")
    assert written.getvalue() == ""


def test_a_huge_field_is_cut(written: io.StringIO) -> None:
    structlog.stdlib.get_logger("x").info("page", text="x" * 1_000_000)
    assert len(lines(written)[0]["text"]) < MAX_TEXT + 10


def test_a_value_that_is_no_json_is_spelled_somehow(written: io.StringIO) -> None:
    structlog.stdlib.get_logger("x").info("odd", value={"set": {1}, "bytes": b"\xff"})
    assert lines(written)[0]["event"] == "odd"
