"""Guests as agents: what goes in is checked, what comes out is checked, cancelling stops."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from contracts.agent import Agent, AgentCall, AgentReply
from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import AttemptFailed, AttemptTimedOut, InvalidInput, NotFound
from contracts.trace import TraceStatus
from wasm_agents.agent import create, shared_host
from wasm_agents.catalogue import guest_cards
from wasm_agents.host import Host

BACKENDS = ("direct", "public")
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
Make = Callable[..., Agent]
_CARDS = {card.name: card for card in guest_cards()}
ECHO, STATS = _CARDS["wasm:echo"], _CARDS["wasm:text_stats"]
FOR_EVER = {"execute": "(loop (br 0)) (i64.const 0)"}


def call_with(timeout_s: float = 5.0, **inputs: JsonValue) -> AgentCall:
    return AgentCall(inputs=inputs, objective="try", now=NOW, timeout_s=timeout_s)


async def reply_of(agent: Agent, call: AgentCall) -> AgentReply:
    return await agent.run(call)


@pytest.fixture
def make(host: Host, wasm: Callable[..., bytes], tmp_path: Path) -> Make:
    """Return what writes a guest's module and makes its agent."""

    def _make(*, takes: Any = None, gives: Any = None, limits: Any = None, **parts: Any) -> Agent:
        module = wasm(**parts)
        (tmp_path / "guest.wasm").write_bytes(module)
        card = AgentCard(
            name="wasm:guest",
            version="1.0.0",
            description="for tests",
            takes=takes or {},
            gives=gives if gives is not None else {},
            module="guest.wasm",
            sha256=hashlib.sha256(module).hexdigest(),
            extra={"folder": str(tmp_path), "limits": limits or {}},
        )
        return create(card, host=host)

    return _make


async def test_echo_gives_back_what_it_was_given(host: Host) -> None:
    reply = await create(ECHO, host=host).run(call_with(a=[1, 2.5, "é😀", None], b={"c": True}))
    assert reply.output == {"a": [1, 2.5, "é😀", None], "b": {"c": True}}
    assert reply.status is TraceStatus.SUCCESS
    assert set(reply.usage) == {"fuel", "host_calls", "peak_memory_bytes", "wall_ms"}


async def test_echo_keeps_a_null_that_its_card_does_not_declare(host: Host) -> None:
    assert (await create(ECHO, host=host).run(call_with(a=None))).output == {"a": None}


async def test_the_shared_host_serves_agents_made_without_one() -> None:
    assert (await create(ECHO).run(call_with(a=1))).output == {"a": 1}
    assert shared_host() is shared_host()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inputs=st.dictionaries(st.text(), JSON, max_size=5))
async def test_echo_round_trips_any_json_object(host: Host, inputs: dict[str, Any]) -> None:
    call = AgentCall(inputs=inputs, objective="try", now=NOW, timeout_s=5.0)
    assert (await create(ECHO, host=host).run(call)).output == inputs


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({}, id="missing"),
        pytest.param({"text": None}, id="null counts as absent"),
        pytest.param({"text": 5}, id="another type"),
        pytest.param({"text": "a", "txet": "b"}, id="unknown parameter"),
        pytest.param({"text": "\ud800"}, id="lone surrogate"),
        pytest.param({"text": float("nan")}, id="not a number"),
        pytest.param({"text": object()}, id="no JSON at all"),
    ],
)
async def test_inputs_that_do_not_fit_the_card_are_refused(host: Host, inputs: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as raised:
        await create(STATS, host=host).run(call_with(**inputs))
    assert raised.value.code == "wasm.bad_input"
    assert "text_stats" in raised.value.message
    assert len(raised.value.message) < 500


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(b"", "output.json", id="nothing"),
        pytest.param(b'{"ok":', "output.json", id="half"),
        pytest.param(b'{"ok":NaN}', "output.json", id="NaN"),
        pytest.param(b'{"ok":1,"ok":2}', "output.json", id="a key twice"),
        pytest.param(b'{"ok":' + b"[" * 500 + b"]" * 500 + b"}", "output.json", id="deep"),
        pytest.param(b'{"ok":' + b"9" * 1000 + b"}", "output.json", id="a thousand digits"),
        pytest.param(b'{"ok":1e400}', "output.json", id="a number no float holds"),
        pytest.param(b'{"ok":"\xff"}', "output.utf8", id="no UTF-8"),
        pytest.param('{"ok":1}'.encode("utf-16"), "output.utf8", id="UTF-16"),
        pytest.param('{"ok":1}'.encode("utf-16-le"), "output.json", id="UTF-16 without a mark"),
        pytest.param('{"ok":1}'.encode("utf-8-sig"), "output.json", id="byte-order mark"),
        pytest.param(b'{"ok":"\\ud800"}', "output.utf8", id="lone surrogate"),
        pytest.param(b"{}", "output.envelope", id="empty envelope"),
        pytest.param(b"[1]", "output.envelope", id="no envelope"),
        pytest.param(b'{"ok":1,"error":{"code":"a","message":"b"}}', "output.envelope", id="both"),
        pytest.param(b'{"ok":1,"more":2}', "output.envelope", id="more"),
        pytest.param(b'{"error":"no"}', "output.envelope", id="error without code"),
        pytest.param(b'{"error":{"code":1,"message":"b"}}', "output.envelope", id="code is a number"),
        pytest.param(b'{"error":{"code":"mine","message":"no"}}', "guest.error", id="error"),
        pytest.param(b'{"ok":"text"}', "output.schema", id="another type than the card's"),
    ],
)
async def test_an_answer_that_cannot_be_used_says_why(make: Make, answer: bytes, code: str) -> None:
    with pytest.raises(AttemptFailed) as raised:
        await make(answer=answer, gives={"type": "integer"}).run(call_with())
    assert raised.value.code == code
    assert raised.value.data["usage"]["fuel"] > 0


async def test_a_guests_own_error_code_stays_data(make: Make) -> None:
    answer = b'{"error":{"code":"limit.time","message":"' + b"m" * 2000 + b'"}}'
    with pytest.raises(AttemptFailed) as raised:
        await make(answer=answer).run(call_with())
    assert raised.value.code == "guest.error"
    assert raised.value.data["guest_code"] == "limit.time"
    assert len(raised.value.message) < 600


async def test_an_answer_as_deep_as_json_may_be_is_read(make: Make) -> None:
    answer = b'{"ok":' + b"[" * 64 + b"]" * 64 + b"}"
    reply = await make(answer=answer).run(call_with())
    assert isinstance(reply.output, list)


async def test_the_calls_timeout_stops_a_guest(make: Make) -> None:
    agent = make(**FOR_EVER, limits={"fuel": 10**12, "wall_ms": 60_000})
    with pytest.raises(AttemptTimedOut) as raised:
        await agent.run(call_with(timeout_s=0.1))
    assert raised.value.code == "limit.time"


async def test_cancelling_stops_a_looping_guest_and_frees_its_thread(make: Make, host: Host) -> None:
    agent = make(**FOR_EVER, limits={"fuel": 10**12, "wall_ms": 60_000})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(agent.run(call_with(timeout_s=60)), timeout=0.3)
    started = time.perf_counter()
    await asyncio.to_thread(host.close)
    assert time.perf_counter() - started < 30, "its minute was not waited for"


async def test_a_call_cancelled_while_it_waits_for_a_thread_never_runs(make: Make, host: Host) -> None:
    agent = make(**FOR_EVER, limits={"fuel": 10**12, "wall_ms": 60_000})
    running = [asyncio.create_task(reply_of(agent, call_with(timeout_s=60))) for _ in range(40)]
    await asyncio.wait(running, timeout=0.3)
    for task in running:
        task.cancel()
    ended = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(e, asyncio.CancelledError) for e in ended)
    started = time.perf_counter()
    await asyncio.to_thread(host.close)
    assert time.perf_counter() - started < 30, "their minute was not waited for"


async def test_a_module_that_went_missing_fails_the_call_not_the_making(make: Make, tmp_path: Path) -> None:
    agent = make(answer=b'{"ok":1}')
    (tmp_path / "guest.wasm").unlink()
    with pytest.raises(NotFound) as raised:
        await agent.run(call_with())
    assert raised.value.code == "load.missing"


async def test_a_module_changed_under_an_agent_is_never_run(
    make: Make, tmp_path: Path, wasm: Callable[..., bytes], host: Host
) -> None:
    agent = make(answer=b'{"ok":1}')
    assert (await agent.run(call_with())).output == 1
    (tmp_path / "guest.wasm").write_bytes(wasm(answer=b'{"ok":2}'))
    assert (await agent.run(call_with())).output == 1
    with pytest.raises(InvalidInput) as raised:
        await create(agent.card, host=host).run(call_with())
    assert raised.value.code == "load.digest"


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"$ref": "http://127.0.0.1:9/schema.json"}])
def test_a_card_whose_schema_is_none_or_lies_elsewhere_is_refused(make: Make, schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as raised:
        make(takes=schema)
    assert raised.value.code == "agent.bad_card"


async def test_text_stats_is_pure_and_gives_what_its_card_says(host: Host) -> None:
    agent = create(STATS, host=host)
    assert agent.card.effect is Effect.PURE
    assert (await agent.run(call_with(text="One. Two!"))).output == {
        "words": 2,
        "unique": 2,
        "sentences": 2,
        "chars": 9,
        "letters": 6,
        "top": [["one", 1], ["two", 1]],
    }
