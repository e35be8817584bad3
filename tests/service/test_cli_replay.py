"""`callsheet traces replay` says whether a guest did the same again, by its exit code too."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database, Reader
from storage.rows import insert_trace
from storage.statement import Statement
from tests.service.commands_at_hand import ECHO, FAILS, ran, typed
from traces.rows import trace_row
from traces.store import TraceStore
from wasm_agents.recording import Recording


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("replayed")
    ran(found, ECHO)
    ran(found, FAILS)
    return found


def trace_of(folder: Path, agent: str) -> str:
    listed = typed(folder, "traces", "list", "--agent", agent, "--json").json
    found: str = listed["traces"][-1]["trace_id"]
    return found


def changed(folder: Path, trace_id: str, tmp_path: Path, **fields: Any) -> tuple[Path, str]:
    """Keep the same trace in another database, with its guest's recording changed."""
    with closing(Reader.open(folder / ".callsheet/callsheet.db")) as reader:
        trace = TraceStore(reader).get(trace_id)
    guest = dict(trace.metadata.guest)
    if set(fields) <= set(Recording.__slots__):
        told = Recording.read(guest)
        for name, value in fields.items():
            object.__setattr__(told, name, value)
        guest = told.as_json()
    else:
        guest = fields["guest"]
    other = trace.model_copy(update={"metadata": trace.metadata.model_copy(update={"guest": guest})})
    path = tmp_path / "other.db"
    with Database.open(path) as database:
        statements: list[Statement] = [insert_trace(trace_row(other, event_id=1).row)]
        database.commit(statements).result(30)
    return path, trace_id


def test_a_guests_trace_replays_to_the_same_bytes(folder: Path) -> None:
    done = typed(folder, "traces", "replay", trace_of(folder, "wasm:echo"))
    assert done.code == 0, done.err
    assert done.out.startswith("identical: wasm:echo ")


def test_json_tells_what_came_of_it(folder: Path) -> None:
    trace_id = trace_of(folder, "wasm:echo")
    told = typed(folder, "traces", "replay", trace_id, "--json").json
    assert (told["trace_id"], told["is_identical"], told["difference"]) == (trace_id, True, None)
    assert told["fuel"] > 0
    assert told["engine"].startswith("wasmtime ")


def test_a_difference_is_told_and_exits_one(folder: Path, tmp_path: Path) -> None:
    path, trace_id = changed(folder, trace_of(folder, "wasm:echo"), tmp_path, fuel=1)
    done = typed(folder, "traces", "replay", trace_id, "--db", str(path))
    assert done.code == 1
    assert "fuel, recorded: 1" in done.out


@pytest.mark.parametrize(
    ("fields", "exit_code", "code"),
    [
        ({"digest": "0" * 64}, 7, "replay.module_missing"),
        ({"is_complete": False}, 3, "replay.incomplete"),
        ({"instance": "pooled"}, 3, "replay.not_deterministic"),
        ({"guest": {}}, 3, "replay.no_recording"),
        ({"guest": {"format": "recording/1", "is_redacted": True}}, 3, "replay.redacted"),
        ({"guest": {"format": "recording/1", "sum": "x"}}, 3, "replay.bad_recording"),
    ],
)
def test_what_cannot_be_replayed_says_why_by_its_exit_code(
    folder: Path, tmp_path: Path, fields: dict[str, Any], exit_code: int, code: str
) -> None:
    path, trace_id = changed(folder, trace_of(folder, "wasm:echo"), tmp_path, **fields)
    done = typed(folder, "traces", "replay", trace_id, "--db", str(path))
    assert (done.code, code in done.err) == (exit_code, True), done.err


def test_a_native_agents_trace_has_no_recording(folder: Path) -> None:
    done = typed(folder, "traces", "replay", trace_of(folder, "scrape"))
    assert (done.code, "replay.no_recording" in done.err) == (3, True)


def test_an_unknown_trace_exits_seven(folder: Path) -> None:
    assert typed(folder, "traces", "replay", "nobody").code == 7


def test_the_recording_stands_in_the_trace_and_in_its_file(folder: Path) -> None:
    trace_id = trace_of(folder, "wasm:echo")
    shown = typed(folder, "traces", "show", trace_id).json
    files = [json.loads(path.read_text()) for path in (folder / "traces/runs").rglob("*.json")]
    found = [file["metadata"]["guest"] for file in files if file["trace_id"] == trace_id]
    assert found == [shown["metadata"]["guest"]]
