"""Trace files: one each, whole or not at all, none written over."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest

from contracts.errors import InvalidInput, Unavailable
from contracts.trace import ExecutionTrace
from traces.files import TraceFiles, load_trace

MakeTrace = Callable[..., ExecutionTrace]

CHILD = """
import sys
from pathlib import Path
from contracts.trace import ExecutionTrace
from traces.files import TraceFiles
files = TraceFiles(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for i in range(200):
    files.write(ExecutionTrace(trace_id=f"{sys.argv[2]}-{i}", task_id="r", agent_type="a", status="success", timestamp=1))
"""


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_trace_is_written_under_its_task_and_time(tmp_path: Path, make_trace: MakeTrace) -> None:
    trace = make_trace(output={"é": [1.5, None]}, metadata={"usage": {"bytes": 3}})
    path = TraceFiles(tmp_path / "a" / "runs").write(trace)

    assert path == tmp_path / "a" / "runs" / "trace_r1_1763700000.json"
    assert load_trace(path) == trace
    assert json.loads(path.read_text()) == trace.as_json()
    assert names(path.parent) == [path.name]


def test_where_two_would_meet_the_later_gets_a_suffix(tmp_path: Path, make_trace: MakeTrace) -> None:
    files = TraceFiles(tmp_path)
    found = [files.write(make_trace(f"t{i}")).name for i in range(3)]
    found.append(files.write(make_trace("t3", timestamp=5)).name)

    assert found == [
        "trace_r1_1763700000.json",
        "trace_r1_1763700000_2.json",
        "trace_r1_1763700000_3.json",
        "trace_r1_5.json",
    ]


def test_a_file_of_an_earlier_process_is_never_written_over(tmp_path: Path, make_trace: MakeTrace) -> None:
    for name in ("trace_r1_1763700000.json", "trace_r1_1763700000_2.json"):
        (tmp_path / name).write_text("theirs")

    path = TraceFiles(tmp_path).write(make_trace())

    assert path.name == "trace_r1_1763700000_3.json"
    assert (tmp_path / "trace_r1_1763700000.json").read_text() == "theirs"
    assert len(names(tmp_path)) == 3


def test_two_processes_writing_at_once_lose_no_file(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), str(i)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.communicate("go\n", timeout=60)

    assert [child.returncode for child in children] == [0, 0]
    written = {load_trace(path).trace_id for path in tmp_path.iterdir()}
    assert written == {f"{child}-{i}" for child in range(2) for i in range(200)}
    assert len(names(tmp_path)) == 400


def test_many_threads_write_into_one_folder(tmp_path: Path, make_trace: MakeTrace) -> None:
    files = TraceFiles(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda i: files.write(make_trace(f"t{i}")), range(200)))

    assert len(set(paths)) == 200
    assert {load_trace(p).trace_id for p in paths} == {f"t{i}" for i in range(200)}


@pytest.mark.parametrize(
    "task", ["../../etc/passwd", "a/b", ".", "a\x00b", "😀", "x" * 128, "a b\n", "C:\\x"]
)
def test_a_tasks_name_never_leads_out_of_the_folder(tmp_path: Path, make_trace: MakeTrace, task: str) -> None:
    folder = tmp_path / "runs"
    path = TraceFiles(folder).write(make_trace(task_id=task))

    assert path.resolve().parent == folder
    assert load_trace(path).task_id == task
    assert names(tmp_path) == ["runs"]


def test_a_trace_that_is_no_json_leaves_no_file(tmp_path: Path, make_trace: MakeTrace) -> None:
    with pytest.raises(InvalidInput) as refused:
        TraceFiles(tmp_path).write(make_trace(output=[float("nan")]))

    assert refused.value.code == "trace.not_json"
    assert names(tmp_path) == []


def test_a_text_that_only_says_nan_is_written(tmp_path: Path, make_trace: MakeTrace) -> None:
    trace = make_trace(output="NaN and Infinity")

    assert load_trace(TraceFiles(tmp_path).write(trace)) == trace


def test_a_trace_is_not_indented_past_what_is_read_again(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traces.files.MAX_FILE_BYTES", 400)
    trace = make_trace(output=list(range(60)))
    path = TraceFiles(tmp_path).write(trace)

    assert path.read_text().count("\n") == 1
    assert load_trace(path) == trace


@pytest.mark.parametrize("folder", ["file", "file/runs", "/proc/callsheet/runs", "\0"])
def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(Unavailable) as refused:
        TraceFiles(tmp_path / folder)
    assert refused.value.code == "trace.folder_unwritable"
    assert refused.value.hint


def test_a_folder_that_vanishes_is_an_error_of_ours(tmp_path: Path, make_trace: MakeTrace) -> None:
    files = TraceFiles(tmp_path / "runs")
    (tmp_path / "runs").rmdir()

    with pytest.raises(Unavailable) as refused:
        files.write(make_trace())
    assert refused.value.code == "trace.write_failed"
    assert "'t1'" in refused.value.message


def test_a_full_disk_leaves_no_half_file(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = TraceFiles(tmp_path)

    def full(_descriptor: int, _text: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Unavailable) as refused:
        files.write(make_trace())
    assert "No space left" in refused.value.message
    assert names(tmp_path) == []


def test_a_write_cut_short_by_the_kernel_goes_on(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda fd, text: whole(fd, bytes(text)[:7]))
    trace = make_trace(output="x" * 100)

    assert load_trace(TraceFiles(tmp_path).write(trace)) == trace


@pytest.mark.parametrize("reason", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_links_still_keeps_every_file(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuse(_source: str, _target: str) -> NoReturn:
        raise OSError(reason, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "trace_r1_1763700000.json").write_text("theirs")
    files = TraceFiles(tmp_path)
    paths = [files.write(make_trace(f"t{i}")) for i in range(2)]

    assert [load_trace(p).trace_id for p in paths] == ["t0", "t1"]
    assert (tmp_path / "trace_r1_1763700000.json").read_text() == "theirs"
    assert len(names(tmp_path)) == 3


def test_a_trace_file_is_its_owners_alone(tmp_path: Path, make_trace: MakeTrace) -> None:
    before = os.umask(0o022)
    try:
        written = TraceFiles(tmp_path).write(make_trace())
    finally:
        os.umask(before)

    assert written.stat().st_mode & 0o777 == 0o600
