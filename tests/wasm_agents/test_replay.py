"""A recorded call goes the same way again; whatever differs is told where it first does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.card import AgentCard
from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, CallsheetError, NotFound
from memory.kv import GuestValues
from storage.database import Database
from tests.wasm_agents.asking import asking
from wasm_agents.agent import Around, create
from wasm_agents.catalogue import card_of
from wasm_agents.doors.outside import Outside
from wasm_agents.grants import OperatorPolicy
from wasm_agents.host import Host
from wasm_agents.recorder import HostCall
from wasm_agents.recording import Recording
from wasm_agents.replay import Answers, check_playable, input_of, recorded_module, replay
from wasm_agents.shelf import Shelf

NOW = datetime(2026, 5, 8, 20, 0, tzinfo=UTC)
NOTE = {"namespace": "notes", "key": "k", "value": [1, 2.5, "é"]}
TRAP, LOOP = "(unreachable)", "(loop (br 0))"


class Played:
    """A guest's call, recorded, with all that is needed to play it again."""

    def __init__(self, recording: Recording, inputs: dict[str, Any], module: Path, host: Host) -> None:
        self.recording = recording
        self.inputs = inputs
        self.module = module
        self.host = host

    async def again(self, **changed: Any) -> Any:
        """Return what comes of playing it, with some of the recording changed."""
        recording = replace(self.recording, **changed)
        return await replay(recording, input_of(recording, self.inputs), host=self.host, module=self.module)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with Database.open(tmp_path / "kv.db") as database:
        yield Outside(values=GuestValues(database, database.reader(), SystemClock()))


def card(wasm: bytes, folder: Path, **limits: int) -> AgentCard:
    module = folder / "guest.wasm"
    module.write_bytes(wasm)
    manifest = {
        "name": "guest", "version": "1.0.0", "abi": "agent/1", "module": "guest.wasm",
        "sha256": hashlib.sha256(wasm).hexdigest(), "description": "asks", "takes": {"type": "object"}, "gives": {},
        "capabilities": {"kv": [{"namespace": "notes", "access": "rw"}]},
        "limits": {"fuel": 1_000_000} | limits,
    }  # fmt: skip
    return card_of(manifest, where="agent.toml", module=module)


Play = Callable[..., Any]


@pytest.fixture
def play(tmp_path: Path, host: Host, outside: Outside) -> Play:
    async def _play(wasm: bytes, inputs: dict[str, Any] | None = None, **limits: int) -> Played:
        given = card(wasm, tmp_path, **limits)
        agent = create(given, Around(operator=OperatorPolicy(kv="all"), outside=outside), host=host)
        call = AgentCall(inputs or {}, "x", NOW, 30.0, run_id="r", subtask_id="s")
        try:
            found = (await agent.run(call)).guest
        except AttemptFailed as failure:
            found = failure.data["guest"]
        kept = json.loads(json.dumps(dict(found)))
        return Played(Recording.read(kept), inputs or {}, tmp_path / "guest.wasm", host)

    return _play


ASKS = asking(
    ("time.now", "{}"), ("random.bytes", '{"n": 8}'), ("kv.put", None), ("kv.list", '{"namespace": "notes"}')
)


async def test_a_call_that_asked_its_host_plays_again_to_the_byte(play: Play) -> None:
    played = await play(ASKS, NOTE)
    made = await played.again()
    assert (made.difference, made.host_calls, made.code) == (None, 4, "")
    assert made.output_sha256 == hashlib.sha256(b'{"ok":{"keys":["k"],"next":null}}').hexdigest()
    assert made.fuel == played.recording.fuel > 0


async def test_playing_a_call_again_changes_nothing(play: Play, outside: Outside) -> None:
    played = await play(ASKS, NOTE)
    assert outside.values is not None
    await outside.values.delete("notes", "k")
    assert (await played.again()).difference is None
    assert outside.values.get("notes", "k") == (False, None)


@pytest.mark.parametrize(
    ("wasm", "limits", "code"),
    [
        (asking(("time.now", "{}"), more=TRAP), {}, "guest.trap"),
        (asking(more=LOOP), {}, "limit.fuel"),
        (asking(("time.now", "{}"), ("time.now", "{}")), {"host_calls": 1}, "limit.host_calls"),
        (asking(("none.such", "{}")), {}, ""),
        (asking(), {}, ""),
    ],
    ids=["trap", "fuel", "host_calls", "guest_error", "no_envelope"],
)
async def test_a_call_that_failed_fails_again_the_same_way(
    play: Play, wasm: bytes, limits: dict[str, int], code: str
) -> None:
    played = await play(wasm, **limits)
    made = await played.again()
    assert (made.difference, made.code) == (None, code)
    assert played.recording.code


async def test_what_a_call_did_with_its_chance_and_clock_is_the_same_again(play: Play) -> None:
    asks = asking(("random.bytes", '{"n": 4}'), ("time.now", "{}"))
    first, second = await play(asks), await play(asks)
    assert first.recording == second.recording


async def test_a_host_call_that_differs_is_told_with_its_place(play: Play) -> None:
    played = await play(ASKS, NOTE)
    calls = list(played.recording.calls)
    calls[1] = HostCall("random.bytes", b'{"n": 9}', calls[1].gave)
    made = await played.again(calls=tuple(calls))
    assert made.difference.what == "host call 2"
    assert made.difference.recorded == 'random.bytes {"n": 9}'
    assert made.difference.replayed == 'random.bytes {"n": 8}'


async def test_a_host_call_too_many_or_too_few_is_told(play: Play) -> None:
    played = await play(ASKS, NOTE)
    calls = played.recording.calls
    more = await played.again(calls=(*calls, HostCall("time.now", b"{}", b"{}")))
    assert (more.difference.what, more.difference.replayed) == ("host call 5", "")
    fewer = await played.again(calls=calls[:3])
    assert (fewer.difference.what, fewer.difference.recorded) == ("host call 4", "")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"fuel": 1}, "fuel"),
        ({"output_sha256": "0" * 64}, "output's sha256"),
        ({"output_sha256": "", "code": "guest.trap"}, "error code"),
    ],
)
async def test_what_came_of_a_call_is_compared(play: Play, changed: dict[str, Any], what: str) -> None:
    made = await (await play(ASKS, NOTE)).again(**changed)
    assert made.difference.what == what


async def test_another_engine_is_named_where_something_differs(play: Play) -> None:
    made = await (await play(ASKS, NOTE)).again(fuel=1, engine="wasmtime 1.0.0")
    assert "wasmtime 1.0.0" in made.hint


async def test_another_answer_of_the_hosts_leads_to_another_output(play: Play) -> None:
    played = await play(asking(("time.now", "{}")))
    call = played.recording.calls[0]
    made = await played.again(calls=(call._replace(gave=b'{"ok":1}'),))
    assert made.difference.what == "output's sha256"


async def code_of(played: Played, **changed: Any) -> str:
    with pytest.raises(CallsheetError) as caught:
        await played.again(**changed)
    return caught.value.code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"is_complete": False}, "replay.incomplete"),
        ({"code": "limit.time", "output_sha256": ""}, "replay.not_deterministic"),
        ({"code": "guest.interrupted", "output_sha256": ""}, "replay.not_deterministic"),
        ({"instance": "session"}, "replay.not_deterministic"),
        ({"digest": "0" * 64}, "load.digest"),
    ],
)
async def test_what_cannot_be_played_says_why(play: Play, changed: dict[str, Any], code: str) -> None:
    assert await code_of(await play(ASKS, NOTE), **changed) == code


async def test_an_input_that_is_not_what_was_given_is_refused(play: Play) -> None:
    played = await play(ASKS, NOTE)
    played.inputs = NOTE | {"value": "another"}
    assert await code_of(played) == "replay.bad_recording"
    played.inputs = NOTE | {"value": "[redacted]"}
    assert await code_of(played) == "replay.redacted"


async def test_a_guest_that_exchanges_more_than_is_kept_is_not_played(play: Play) -> None:
    asks = asking(*[("random.bytes", '{"n": 1024}')] * 3, ("kv.put", None))
    played = await play(asks, NOTE | {"value": "x" * 60_000})
    assert played.recording.is_complete
    big = await play(asking(*[("kv.put", None)] * 20), NOTE | {"value": "x" * 60_000})
    assert not big.recording.is_complete
    with pytest.raises(CallsheetError, match="1 MiB"):
        check_playable(big.recording)


async def test_nothing_is_answered_once_a_guest_went_another_way() -> None:
    answers = Answers([HostCall("a", b"1", b"gave")])
    assert b"replay.diverged" in await answers.serve("b", b"1")
    assert b"replay.diverged" in await answers.serve("a", b"1")
    assert answers.difference is not None
    assert answers.difference.what == "host call 1"


def test_a_module_is_found_by_its_digest_wherever_it_lies(tmp_path: Path) -> None:
    found = card(asking(), tmp_path)
    shelf = Shelf(tmp_path / "shelf")
    assert recorded_module(found.sha256, [found], shelf) == tmp_path / "guest.wasm"
    kept = shelf.folder / "modules" / f"{found.sha256}.wasm"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(asking())
    assert recorded_module(found.sha256, [], shelf) == kept
    with pytest.raises(NotFound) as caught:
        recorded_module("0" * 64, [found], shelf)
    assert caught.value.code == "replay.module_missing"
