"""What a guest's agent puts around a call: the operator's policy, doors, a world, and a record of it all."""

import asyncio
import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from contracts.agent import Agent, AgentCall
from contracts.card import AgentCard
from contracts.errors import AttemptFailed, Unavailable
from tests.wasm_agents.asking import asking
from tests.wasm_agents.leftovers import nothing_left
from tests.wasm_agents.speaking import CALL, LOG, spoken
from wasm_agents.agent import Around, create
from wasm_agents.grants import OperatorPolicy
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

BACKENDS = ("direct",)
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
Make = Callable[..., Agent]


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def make(host: Host, tmp_path: Path) -> Make:
    """Return what puts a module behind a card and makes its agent."""

    def _make(
        module: bytes, *, operator: OperatorPolicy | None = None, runs_in: Host | None = None, **extra: Any
    ) -> Agent:
        (tmp_path / "guest.wasm").write_bytes(module)
        card = AgentCard(
            name="wasm:guest",
            version="1.0.0",
            description="for tests",
            takes={},
            gives={},
            module="guest.wasm",
            sha256=hashlib.sha256(module).hexdigest(),
            extra={"folder": str(tmp_path), "limits": {}} | extra,
        )
        return create(card, Around(operator=operator or OperatorPolicy()), host=runs_in or host)

    return _make


def _call(**more: Any) -> AgentCall:
    given: dict[str, Any] = {"inputs": {}, "objective": "try", "now": NOW, "timeout_s": 5.0}
    return AgentCall(**given | more)


async def test_a_call_is_recorded_with_what_it_asked_and_was_told(make: Make) -> None:
    reply = await make(asking(("time.now", "{}"), ("no.such", "[]"), ("random.bytes", '{"n": 3}'))).run(
        _call()
    )
    assert isinstance(reply.output, dict)
    asked = reply.guest["calls"]
    assert isinstance(asked, list)
    assert [call["op"] for call in asked if isinstance(call, dict)] == ["time.now", "no.such", "random.bytes"]
    assert "capability.unknown_op" in str(asked[1])
    assert reply.usage["host_calls"] == 3
    assert reply.guest["fuel"] == reply.usage["fuel"]


async def test_equal_calls_have_equal_worlds_and_others_have_not(make: Make) -> None:
    agent = make(asking(("random.bytes", '{"n": 16}')))
    first, again = [await agent.run(_call(run_id="a", idempotency_key="k")) for _ in range(2)]
    other = await agent.run(_call(run_id="b", idempotency_key="l"))
    assert first.output == again.output != other.output
    assert first.guest == again.guest


async def test_the_virtual_clock_begins_at_the_attempts_own_time(make: Make) -> None:
    told = (await make(asking(("time.now", "{}"))).run(_call())).output
    assert told == {"unix_ms": int(NOW.timestamp() * 1000), "iso": "2026-05-04T12:00:00.000001Z"}


@pytest.mark.parametrize("allowed", [False, True])
async def test_chance_of_the_system_needs_the_operators_word(make: Make, allowed: bool) -> None:  # noqa: FBT001  # the parameter
    agent = make(
        asking(("random.bytes", '{"n": 16}')),
        operator=OperatorPolicy(os_random=allowed),
        capabilities={"random": "os"},
    )
    first, again = [await agent.run(_call()) for _ in range(2)]
    assert (first.output != again.output) is allowed
    granted = first.guest["granted"]
    assert isinstance(granted, dict)
    assert granted["random"] == ("os" if allowed else "seed")
    assert bool(granted["denied"]) is not allowed


async def test_the_operators_ceilings_hold_for_every_call(make: Make) -> None:
    agent = make(asking(*[("time.now", "{}")] * 5), operator=OperatorPolicy(ceilings={"host_calls": 3}))
    with pytest.raises(AttemptFailed) as raised:
        await agent.run(_call())
    assert raised.value.code == "limit.host_calls"
    assert raised.value.data["usage"]["host_calls"] >= 3


async def test_what_a_run_has_left_bounds_the_next_call(make: Make) -> None:
    agent = make(spoken("(loop (br 0)) (unreachable)", imports=""))
    with pytest.raises(AttemptFailed) as raised:
        await agent.run(_call(allowance={"fuel": 500}))
    assert (raised.value.code, raised.value.data["usage"]["fuel"] <= 500) == ("limit.fuel", True)


async def test_a_failed_call_keeps_its_log_its_use_and_its_record(make: Make) -> None:
    body = "(call $log (i32.const 16) (i32.const 2)) (drop (call $call (i32.const 16) (i32.const 2) (local.get 0) (local.get 1))) (unreachable)"
    with pytest.raises(AttemptFailed) as raised:
        await make(spoken(body, imports=CALL + LOG)).run(_call())
    told = raised.value.data
    assert told["log"] == "op\n"
    assert told["usage"]["host_calls"] == 1
    assert (told["guest"]["code"], len(told["guest"]["calls"])) == ("guest.trap", 1)


@pytest.mark.parametrize("instance", ["fresh", "pooled", "session"])
async def test_a_failed_call_keeps_its_log_in_every_kind_of_instance(make: Make, instance: str) -> None:
    body = "(call $log (i32.const 16) (i32.const 2)) (unreachable)"
    with pytest.raises(AttemptFailed) as raised:
        await make(spoken(body, imports=LOG), instance=instance).run(_call(run_id="r"))
    assert raised.value.data["log"] == "op\n"


@pytest.mark.parametrize(("instance", "told"), [("fresh", "111"), ("pooled", "123"), ("session", "112")])
async def test_an_instance_serves_whom_its_manifest_says(make: Make, instance: str, told: str) -> None:
    counts = """(global.set $n (i32.add (global.get $n) (i32.const 1)))
      (i32.store8 offset=8 (i32.const 64) (i32.add (global.get $n) (i32.const 48)))
      (i64.const 0x4000000009)"""
    # {"ok":1} with the digit, one place further on.
    agent = make(spoken(counts.replace("offset=8", "offset=6").replace("09)", "08)"), imports="", more='(data (i32.const 64) "{\\22ok\\22:0}")'), instance=instance)  # fmt: skip
    found = [(await agent.run(_call(run_id=run))).output for run in ("a", "b", "a")]
    assert "".join(map(str, found)) == told


class CountingHost(Host):
    """A host that counts, and may fail, its first loads."""

    def __init__(self, *, failures: int = 0) -> None:
        super().__init__(backend="direct")
        self.loads = 0
        self.failures = failures
        self.lock = threading.Lock()

    @override
    def load(self, source: Path | bytes, limits: GuestLimits, *, sha256: str = "") -> Guest:
        with self.lock:
            self.loads += 1
            if self.loads <= self.failures:
                raise Unavailable("host.busy", "not now")
        return super().load(source, limits, sha256=sha256)


async def test_a_stampede_of_first_calls_loads_once(make: Make) -> None:
    host = CountingHost()
    agent = make(asking(("time.now", "{}")), runs_in=host)
    replies = await asyncio.gather(*(agent.run(_call()) for _ in range(50)))
    assert (host.loads, len(replies)) == (1, 50)
    await agent.run(_call())
    assert host.loads == 1
    host.close()


async def test_a_first_caller_that_gives_up_does_not_end_the_loading_of_others(make: Make) -> None:
    host = CountingHost()
    agent = make(asking(("time.now", "{}")), runs_in=host)
    calls = [asyncio.create_task(agent.run(_call())) for _ in range(3)]
    await asyncio.sleep(0)
    calls[0].cancel()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert not any(isinstance(each, BaseException) for each in ended[1:])
    assert host.loads == 1
    host.close()


async def test_a_load_that_failed_is_tried_again_by_the_next_call(make: Make) -> None:
    host = CountingHost(failures=1)
    agent = make(asking(("time.now", "{}")), runs_in=host)
    failed = await asyncio.gather(*(agent.run(_call()) for _ in range(3)), return_exceptions=True)
    assert {type(each) for each in failed} == {Unavailable}
    assert (await agent.run(_call())).output
    assert host.loads == 2
    host.close()


async def test_random_bytes_a_guest_was_given_are_in_its_record(make: Make) -> None:
    reply = await make(asking(("random.bytes", '{"n": 3}'))).run(_call())
    assert isinstance(reply.output, dict)
    assert len(base64.b64decode(str(reply.output["base64"]))) == 3
    assert str(reply.output["base64"]) in str(reply.guest["calls"])
