"""The service talked to: what a run is answered with, however it ended or halted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from typing_extensions import override

from contracts.engine import Place
from contracts.errors import AttemptFailed, CallsheetError, InvalidInput
from contracts.journal import Wait
from contracts.plan import load_plan
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord
from providers.chat import Completion, Message, Options, Piece, ToolCall
from service.chat.ending import Halt, stop_run, wait_for
from service.chat.hiding import Hiding
from service.chat.objective_talk import MAX_CHARS, ObjectiveTalk, fenced, last_said, text_of
from service.chat.offered import ANY_OBJECT
from tests.service.desk_at_hand import NOON, PLAN, DeskAtHand
from tests.service.scripted_engine import ScriptedEngine

APPROVAL = Wait("photos", None, "approval", "p1", None, NOON, why="its input comes from a page")


def run(state: RunState = RunState.SUCCEEDED, **more: Any) -> Run:
    return Run(run_id="r1", objective="o", state=state, **more)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("Six words.", "Six words."),
        ({"words": 6}, '```json\n{\n  "words": 6\n}\n```'),
        (None, "Done: the run r1 succeeded, and has no result of its own."),
    ],
)
def test_a_result_is_text_or_fenced_json(result: Any, *, text: str) -> None:
    assert text_of(Halt(run(result=result))) == text


@pytest.mark.parametrize(
    ("result", "whole"), [({"a": 1}, {"a": 1}), ([1], {"result": [1]}), ("x", {"result": "x"})]
)
def test_who_asks_for_json_gets_an_object(result: Any, *, whole: Any) -> None:
    assert json.loads(text_of(Halt(run(result=result)), is_json=True)) == whole


def test_a_run_that_waits_is_json_too_where_json_was_asked_for() -> None:
    waiting = json.loads(text_of(Halt(run(RunState.AWAITING_APPROVAL), [APPROVAL]), is_json=True))
    assert (waiting["run_id"], waiting["state"]) == ("r1", "awaiting_approval")


def test_a_run_that_waits_for_a_person_says_for_what_and_how_to_decide() -> None:
    signal = Wait("s", 2, "signal", "paid", None, NOON)
    text = text_of(Halt(run(RunState.RUNNING), [APPROVAL, signal]))
    assert "photos: its input comes from a page" in text
    assert "the signal 'paid'" in text
    assert "callsheet objectives approve r1" in text


def test_a_run_that_is_under_way_says_where_its_end_will_be() -> None:
    assert "GET /objectives/r1" in text_of(Halt(run(RunState.RUNNING)))


def test_a_long_result_says_where_the_rest_is() -> None:
    text = text_of(Halt(run(result="x" * (MAX_CHARS + 5))))
    assert text.endswith(f"{MAX_CHARS + 5} characters; GET /objectives/r1 has them all")


def test_nothing_in_a_result_ends_its_fence() -> None:
    block = fenced({"a": "```\nnot the end\n````"})
    assert block.startswith("`````json\n")
    assert block.endswith("\n`````")


@pytest.mark.parametrize(
    ("ended", "kind", "code"),
    [
        (run(RunState.FAILED, error=ErrorRecord(code="plan.empty", message="m")), InvalidInput, "plan.empty"),
        (
            run(RunState.FAILED, error=ErrorRecord(code="scrape.down", message="m")),
            AttemptFailed,
            "scrape.down",
        ),
        (
            run(RunState.FAILED, plan=load_plan(PLAN), error=ErrorRecord(code="plan.x", message="m")),
            AttemptFailed,
            "plan.x",
        ),
        (run(RunState.CANCELLED), AttemptFailed, "talk.run_stopped"),
        (run(RunState.REJECTED), AttemptFailed, "talk.run_stopped"),
    ],
)
def test_a_run_that_did_not_succeed_is_an_error(ended: Run, *, kind: type[CallsheetError], code: str) -> None:
    with pytest.raises(kind) as told:
        text_of(Halt(ended))
    assert (type(told.value), told.value.code) == (kind, code)
    assert told.value.hint


def test_the_last_thing_a_user_said_is_the_objective() -> None:
    turns = [Message("user", "first"), Message("user", "second"), Message("assistant", "yes")]
    assert last_said(turns) == "second"


async def test_a_run_that_is_parked_for_a_person_is_not_waited_for(desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    desk.keep_wait("r1", "photos", name="p1")
    places = park(desk, "active", "parked")
    halt = await wait_for(desk, "r1", seconds=60)
    assert [wait.subtask_id for wait in halt.waits] == ["photos"]
    assert places == []


async def test_a_run_that_is_parked_until_a_time_is_waited_for(desk: DeskAtHand) -> None:
    desk.keep_run("r1", state=RunState.RUNNING)
    desk.keep_wait("r1", "photos", kind="timer", until_ms=NOON)
    park(desk, "parked", "parked")
    halt = await wait_for(desk, "r1", seconds=0.3)
    assert halt.waits == ()


async def test_a_run_that_has_ended_is_not_stopped(desk: DeskAtHand) -> None:
    desk.keep_run("r1")
    await stop_run(desk, "r1")
    assert desk.runs.get("r1").state is RunState.SUCCEEDED


async def test_the_facts_name_the_run_and_how_it_stood(desk: DeskAtHand) -> None:
    desk.scripted.ends_at_once = True
    talk = ObjectiveTalk(desk, wait_s=5)
    assert talk.facts == {}
    said = talk.stream([Message("user", "find")], max_tokens=5, options=Options(shape=ANY_OBJECT))
    found = [piece async for piece in said]
    assert talk.facts == {"runs": ["run1"], "state": "succeeded"}
    assert json.loads(found[-1].text) == {"result": None}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_a_secret_is_found_in_pieces_of_any_size(size: int) -> None:
    secret = "aab-aab-aac-secret"
    text = f"x aab-aab-{secret}{secret}y aab-aab"

    async def pieces() -> AsyncIterator[Piece]:
        for at in range(0, len(text), size):
            yield Piece(text[at : at + size])
        yield Piece(end=Completion(text, "stop", tool_calls=(ToolCall(secret, secret, secret),)))

    found = [piece async for piece in Hiding([secret, "short"]).pieces(pieces())]
    assert "".join(piece.text for piece in found) == "x aab-aab-[redacted][redacted]y aab-aab"
    end = found[-1].end
    assert end is not None
    assert secret not in end.text
    assert end.tool_calls == (ToolCall("[redacted]", "[redacted]", "[redacted]"),)


@dataclass
class _Parking(ScriptedEngine):
    """An engine whose run never ends, and stands where a test says."""

    places: list[Place] = field(default_factory=list)

    @override
    def status(self, run_id: str) -> Place:
        return self.places.pop(0)


def park(desk: DeskAtHand, *places: Place) -> list[Place]:
    """Have a desk's engine hold its runs in these places, one look after the other."""
    before = desk.scripted
    engine = _Parking(before.database, before.runs, before.hub, ended=before.ended, places=list(places))
    desk.engine = engine
    return engine.places
