from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database
from tests.service.commands_at_hand import BIN, ECHO, FAILS, STEP, Done, process, ran, serving, typed


@pytest.fixture(scope="module")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("served")
    with serving(folder):
        yield folder


@pytest.fixture(params=["alone", "beside a server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a folder whose database nobody holds, or a server does."""
    if request.param == "alone":
        return tmp_path
    found: Path = request.getfixturevalue("served_folder")
    return found


def objectives(folder: Path, *words: str) -> Done:
    return typed(folder, "objectives", *words)


def shown(folder: Path, run_id: str) -> Any:
    return objectives(folder, "show", run_id, "--json").json


def go_on(folder: Path, run_id: str, told: Done) -> None:
    """Go on with a run where what it was told says that nobody does."""
    if "--resume" in told.err:
        process(folder, "run", "--resume", run_id, "--quiet")


def test_runs_are_listed_and_shown(place: Path) -> None:
    run_id = ran(place, ECHO)
    assert objectives(place, "list", "--state", "succeeded").out.startswith(f"{run_id}  succeeded")
    text = objectives(place, "show", run_id).out
    assert "wasm:echo" in text
    assert '"x": "hello"' in text
    assert set(shown(place, run_id)) >= {"run_id", "plan", "waits", "traces", "result"}


def test_a_list_goes_on_where_its_page_ended(place: Path) -> None:
    first, second = ran(place, ECHO), ran(place, ECHO)
    page = objectives(place, "list", "--limit", "1")
    assert page.out.split()[0] == second
    cursor = page.err.split()[-1]
    assert objectives(place, "list", "--limit", "1", "--after", cursor).out.split()[0] == first


def test_events_are_printed_once_each_to_the_exit_code(place: Path) -> None:
    run_id = ran(place, ECHO)
    done = objectives(place, "watch", run_id, "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [e["event_id"] for e in events] == list(range(1, len(events) + 1))
    assert (events[0]["kind"], events[-1]["kind"], done.code) == ("queued", "succeeded", 0)
    assert len(objectives(place, "watch", run_id, "--after", "1").out.splitlines()) == len(events) - 1
    assert objectives(place, "watch", run_id, "--after", str(len(events))).out == ""


def test_a_failed_run_is_tried_again_and_what_was_finished_is_kept(place: Path) -> None:
    run_id = ran(place, FAILS)
    assert objectives(place, "watch", run_id).code == 1
    told = objectives(place, "retry", run_id)
    child = told.out.strip()
    assert told.code == 0, told.err
    go_on(place, child, told)
    assert objectives(place, "watch", child).code == 1
    found = shown(place, child)
    attempts = {t["subtask_id"]: t["attempt"] for t in found["traces"]["traces"]}
    assert (found["parent_id"], attempts) == (run_id, {"a": 0, "b": 1})


def test_an_approved_plan_is_run_and_was_shown_before(place: Path) -> None:
    run_id = ran(place, ECHO, approval="plan")
    told = objectives(place, "approve", run_id, "--yes")
    assert told.code == 0, told.err
    assert "wasm:echo" in told.err
    go_on(place, run_id, told)
    assert objectives(place, "watch", run_id).code == 0


def test_a_plan_that_is_named_is_approved_without_being_asked_about(place: Path) -> None:
    run_id = ran(place, ECHO, approval="plan")
    plan_id = shown(place, run_id)["plan"]["plan_id"]
    told = objectives(place, "approve", run_id, "--plan", plan_id)
    assert told.code == 0, told.err
    assert f"plan_id: {plan_id}" in told.err
    go_on(place, run_id, told)
    assert objectives(place, "watch", run_id).code == 0


def test_a_step_that_would_act_on_a_guests_words_says_so_before_it_is_approved(place: Path) -> None:
    said = {"x": {"key": "said"}}
    acts = {**STEP, "id": "b", "effect": "effectful", "dependencies": ["a"], "input_keys": ["said"]}
    plan = {"objective": "echo", "subtasks": [STEP, {**acts, "bind": said, "output_key": "done"}]}
    run_id = ran(place, plan)
    told = objectives(place, "approve", run_id, "--yes")
    assert told.code == 0, told.err
    assert "b: its 'x' comes from the agent wasm:echo (a)" in told.err
    go_on(place, run_id, told)
    assert objectives(place, "watch", run_id).code == 0


def test_a_rejected_plan_ends_its_run(place: Path) -> None:
    run_id = ran(place, ECHO, approval="plan")
    told = objectives(place, "reject", run_id, "--yes")
    assert told.code == 0, told.err
    go_on(place, run_id, told)
    assert objectives(place, "watch", run_id).code == 4
    assert shown(place, run_id)["state"] == "rejected"


def test_a_waiting_run_is_cancelled_for_good(place: Path) -> None:
    run_id = ran(place, ECHO, approval="plan")
    assert "asked run" in objectives(place, "cancel", run_id).out
    assert objectives(place, "watch", run_id).code == 1
    assert shown(place, run_id)["state"] == "cancelled"
    again = objectives(place, "cancel", run_id)
    assert (again.code, again.err[:16]) == (5, "error[run.ended]")


def test_a_signal_is_kept_once_for_each_id(place: Path) -> None:
    run_id = ran(place, ECHO, approval="plan")
    words = ("signal", run_id, "paid", "--payload", '{"by": "A"}', "--id", "s1", "--json")
    sent = [objectives(place, *words).json for _ in "ab"]
    assert sent[0] == sent[1] == {"run_id": run_id, "signal_id": "s1", "name": "paid"}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory, served_folder: Path) -> dict[str, tuple[Path, str]]:
    """Return a run that waits, alone and beside a server."""
    alone = tmp_path_factory.mktemp("alone")
    return {
        "alone": (alone, ran(alone, ECHO, approval="plan")),
        "beside a server": (served_folder, ran(served_folder, ECHO, approval="plan")),
    }


@pytest.mark.parametrize("where", ["alone", "beside a server"])
@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("show", "nobody"), 7, "run.unknown"),
        (("watch", "nobody"), 7, "run.unknown"),
        (("cancel", "nobody"), 7, "run.unknown"),
        (("retry", "nobody"), 7, "run.unknown"),
        (("approve", "nobody", "--yes"), 7, "run.unknown"),
        (("signal", "nobody", "paid"), 7, "run.unknown"),
        (("signal", "RUN", "approve"), 3, "signal.bad_name"),
        (("signal", "RUN", "paid", "--payload", "{"), 3, "json."),
        (("approve", "RUN", "--yes", "--subtask", "b"), 5, "run.awaits_nothing"),
        (("approve", "RUN", "--plan", "0" * 64), 5, "approval.plan_changed"),
        (("reject", "RUN", "--yes", "--plan", "0" * 64), 5, "approval.plan_changed"),
        (("retry", "RUN"), 5, "run.not_ended"),
        (("list", "--after", "odd"), 3, "run.bad_cursor"),
    ],
)
def test_what_cannot_be_done_is_said_by_code(
    waiting: dict[str, tuple[Path, str]], where: str, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    folder, run_id = waiting[where]
    done = objectives(folder, *[run_id if word == "RUN" else word for word in words])
    assert (done.code, done.out) == (exit_code, ""), done.err
    assert f"error[{code}" in done.err


def test_without_a_database_the_first_step_is_named(tmp_path: Path) -> None:
    for words in (("list",), ("watch", "r1"), ("cancel", "r1")):
        done = objectives(tmp_path, *words)
        assert done.code == 7
        assert "callsheet run --example auction" in done.err


def test_a_database_that_a_run_holds_is_read_and_not_written(tmp_path: Path) -> None:
    run_id = ran(tmp_path, ECHO, approval="plan")
    with Database.open(tmp_path / ".callsheet" / "callsheet.db"):
        assert objectives(tmp_path, "list").code == 0
        assert shown(tmp_path, run_id)["state"] == "awaiting_approval"
        done = objectives(tmp_path, "approve", run_id, "--yes")
    assert (done.code, done.err.splitlines()[0][:21]) == (5, "error[storage.locked]")


def test_an_unfinished_run_that_nobody_runs_is_not_watched_for_ever(tmp_path: Path) -> None:
    run_id = ran(tmp_path, ECHO, approval="plan")
    done = objectives(tmp_path, "watch", run_id)
    assert done.code == 5
    assert f"error[run.unattended]: run {run_id!r}" in done.err
    assert f"--resume {run_id}" in done.err


def test_nobody_is_asked_where_nobody_sits(tmp_path: Path) -> None:
    done = process(tmp_path, "objectives", "approve", "r1")
    assert done.code == 2
    assert "--yes" in done.err


@pytest.mark.parametrize(("typed_in", "exit_code"), [("n\n", 130), ("y\n", 0)])
def test_a_person_at_a_terminal_is_asked_first(tmp_path: Path, typed_in: str, exit_code: int) -> None:
    run_id = ran(tmp_path, ECHO, approval="plan")
    ours, theirs = pty.openpty()
    os.write(ours, typed_in.encode())
    done = subprocess.run(
        [str(BIN / "callsheet"), "objectives", "approve", run_id],
        cwd=tmp_path, stdin=theirs, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert done.returncode == exit_code, done.stderr
    assert "[y/N]" in done.stderr
    assert ("approve is kept" in done.stdout) is (exit_code == 0)


@pytest.mark.parametrize("verb", ["list", "show", "watch", "cancel", "retry", "approve", "reject", "signal"])
def test_every_verb_explains_itself(tmp_path: Path, verb: str) -> None:
    text = objectives(tmp_path, verb, "--help").out
    assert "Examples:" in text
    assert "Exit codes:" in text
    assert "--json" in text
