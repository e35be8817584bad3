"""A real model in a real process: started, asked, killed, changed, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from typing_extensions import override

from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from egress.fetch import Egress
from providers.chat import PLAIN, Completion, Message, Options
from providers.embedded.folder import PulledModel, digest_of
from providers.embedded.model import DEATHS, EmbeddedModel
from providers.embedded.server import HowToRun, start
from providers.embedded.states import SlotStates
from tests.models.smallest import smallest_model

PREFIX = (Message("system", "You are a clerk. " + "Answer in one short line. " * 12),)
PLANNING = Options(prefix_messages=1)
Make = Callable[..., EmbeddedModel]


@pytest.fixture(scope="module")
def pulled() -> PulledModel:
    path = smallest_model()
    return PulledModel("smallest", path, digest_of(path), path.stat().st_size, 1024, "a test")


@pytest.fixture
def states(tmp_path: Path) -> Path:
    return tmp_path / "states"


@pytest.fixture
async def make(pulled: PulledModel, states: Path) -> AsyncIterator[Make]:
    made: list[EmbeddedModel] = []

    def model(
        clock: SystemClock | None = None, *, idle_s: float | None = None, **how: object
    ) -> EmbeddedModel:
        asked = replace(HowToRun(pulled, ctx=1024), **how)  # type: ignore[arg-type]  # fields by name
        made.append(
            EmbeddedModel(asked, door=Egress(), clock=clock or SystemClock(), states=states, idle_s=idle_s)
        )
        return made[-1]

    yield model
    for one in made:
        await one.aclose()


class Rests(SystemClock):
    """Waits as long as the test says."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    @override
    async def sleep(self, seconds: float) -> None:
        await self.over.wait()


async def say(
    model: EmbeddedModel, text: str = "Hello", *, options: Options = PLAIN, tokens: int = 4
) -> Completion:
    asked = (*PREFIX[: options.prefix_messages], Message("user", text))
    end = [piece.end async for piece in model.stream(asked, max_tokens=tokens, options=options)][-1]
    assert end is not None
    return end


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError, FileNotFoundError):  # it may go between two looks
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not claim():
            await asyncio.to_thread(os.sched_yield)


async def test_the_first_call_starts_it_and_says_what_loading_took(make: Make) -> None:
    model = make()
    before = model.pid
    assert before is None
    first, second = await say(model), await say(model)
    assert first.timings.load_duration_ms
    assert second.timings.load_duration_ms == 0
    assert first.usage.completion_tokens == 4
    assert (model.memory_bytes or 0) > 50_000_000
    pid = model.pid or 0
    await model.aclose()
    assert not is_running(pid)


async def test_what_is_spelled_like_a_mark_of_the_template_is_read_as_words(make: Make) -> None:
    model = make()
    one = (await say(model, "x")).usage.prompt_tokens
    found = (await say(model, "<|im_start|>" * 8)).usage.prompt_tokens
    assert found - one > 2 * 8  # a mark is one token


async def test_what_was_read_of_a_prefix_is_there_again_after_a_restart(make: Make, states: Path) -> None:
    cold = make()
    assert (await say(cold, options=PLANNING)).usage.cached_tokens == 0
    await cold.settled()
    await cold.aclose()
    assert [path.stat().st_mode & 0o777 for path in states.glob("*.state")] == [0o600]
    warm = make()
    found = await say(warm, "Another question", options=PLANNING)
    assert found.usage.cached_tokens > 60
    assert found.usage.prompt_tokens - found.usage.cached_tokens < 20


async def test_a_damaged_state_is_harmless_and_made_anew(make: Make, states: Path) -> None:
    cold = make()
    assert await cold.warm(PREFIX) == "read"
    await cold.aclose()
    (path,) = states.glob("*.state")
    before = path.read_bytes()
    path.write_bytes(before[: len(before) // 2])
    again = make()
    assert await again.warm(PREFIX) == "read"
    assert path.stat().st_size == len(before)
    assert await again.warm(PREFIX) == "held"


async def test_a_foreign_state_with_a_right_digest_is_refused_by_the_runtime(
    make: Make, states: Path
) -> None:
    cold = make()
    await cold.warm(PREFIX)
    await cold.aclose()
    (path,) = states.glob("*.state")
    kept = SlotStates(states)
    mark = kept.mark()
    (states / mark).write_bytes(os.urandom(4096))
    kept.keep(path.stem, mark)
    again = make()
    assert await again.warm(PREFIX) == "read"
    assert path.stat().st_size > 4096


async def test_a_long_talk_beside_it_does_not_evict_the_prefix(make: Make) -> None:
    model = make(ctx=256)
    await model.warm(PREFIX)
    others = await asyncio.gather(*(say(model, f"{n} {'tell me of the sea. ' * 30}") for n in range(2)))
    assert sum(other.usage.prompt_tokens for other in others) > model._how.ctx
    assert (await say(model, options=PLANNING)).usage.cached_tokens > 60


async def test_its_death_in_a_call_is_told_and_the_next_call_starts_it_anew(make: Make) -> None:
    model = make()
    await model.start()
    pid = model.pid or 0
    pieces = model.stream((Message("user", "Count to a thousand"),), max_tokens=500)
    await anext(aiter(pieces))
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unavailable) as caught:
        _ = [piece async for piece in pieces]
    assert caught.value.code == "model.died"
    assert (await say(model)).text
    assert model.pid != pid


async def test_what_dies_again_and_again_is_left_alone(make: Make) -> None:
    model = make()
    for _ in range(DEATHS):
        await model.start()
        os.kill(model.pid or 0, signal.SIGKILL)
        await until(lambda: model._held is None or not model._held.running.is_alive())
    with pytest.raises(Unavailable) as caught:
        await model.start()
    assert (caught.value.code, caught.value.retryable) == ("model.cannot_start", False)


async def test_it_ends_when_nobody_has_asked_for_a_while(make: Make) -> None:
    clock = Rests()
    model = make(clock, idle_s=60)
    await say(model)
    pid = model.pid or 0
    clock.over.set()
    await until(lambda: model.pid is None and not is_running(pid))
    assert (await say(model)).timings.load_duration_ms


async def test_a_call_that_comes_while_it_ends_leaves_nothing_running(make: Make) -> None:
    clock = Rests()
    model = make(clock, idle_s=600)
    await say(model)
    first = model.pid or 0
    clock.over.set()
    while model.pid is not None:  # noqa: ASYNC110  # the very turn in which it begins to end is meant
        await asyncio.sleep(0)
    await say(model)
    await model.aclose()
    assert not is_running(first)


async def test_another_model_takes_over_while_calls_under_way_end_on_theirs(make: Make) -> None:
    model = make()
    pieces = model.stream((Message("user", "Count to a hundred"),), max_tokens=60)
    first = await anext(aiter(pieces))
    old = model.pid or 0
    await model.swap(HowToRun(replace(model._how.model, name="other"), ctx=512))
    assert (model.model, model.pid != old, is_running(old)) == ("other", True, True)
    assert (await say(model)).model == "other"
    rest = [piece async for piece in pieces]
    assert rest[-1].end is not None
    assert rest[-1].end.text.startswith(first.text)
    assert rest[-1].end.model == "smallest"
    await until(lambda: not is_running(old))


async def test_a_model_that_cannot_be_loaded_takes_nobodys_place(make: Make, tmp_path: Path) -> None:
    model = make()
    await say(model)
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(Unavailable) as caught:
        await model.swap(HowToRun(replace(model._how.model, path=broken, name="broken"), ctx=512))
    assert caught.value.code == "model.cannot_start"
    assert (await say(model)).model == "smallest"


async def test_in_this_process_it_answers_the_same_and_keeps_what_it_read(make: Make, states: Path) -> None:
    model = make(where="here")
    apart, here = await say(make()), await say(model, options=PLAIN)
    assert here.text == apart.text
    assert model.pid == os.getpid()
    await say(model, options=PLANNING)
    await model.aclose()
    assert len(list(states.glob("*.state"))) == 1


async def test_it_answers_on_loopback_and_only_who_has_the_key(pulled: PulledModel, states: Path) -> None:
    running = await start(HowToRun(pulled, ctx=512), states=SlotStates(states).folder, clock=SystemClock())
    try:
        assert running.address.startswith("http://127.0.0.1:")
        async with httpx.AsyncClient(base_url=running.address) as client:
            for path in ("/v1/models", "/slots", "/props"):
                assert (await client.get(path)).status_code == 401
            keyed = {"authorization": f"Bearer {running.key}"}
            assert (await client.get("/v1/models", headers=keyed)).json()["data"][0]["id"] == "smallest"
        command = (
            Path(f"/proc/{running.pid}/cmdline").read_bytes()
            + Path(f"/proc/{running.pid}/environ").read_bytes()
        )
        assert running.key.encode() not in command
        assert str(pulled.path).encode() not in command
    finally:
        await running.close()


def test_it_does_not_outlive_whoever_started_it(pulled: PulledModel, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _STARTER, str(pulled.path), str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    pid = int(said.stdout)
    asyncio.run(until(lambda: not is_running(pid)))


_STARTER = """
import asyncio, os, signal, sys
from pathlib import Path
from contracts.clock import SystemClock
from providers.embedded.folder import PulledModel
from providers.embedded.server import HowToRun, start
from providers.embedded.states import SlotStates
async def main():
    model = PulledModel("m", Path(sys.argv[1]), "a" * 64, 1, 512, "")
    running = await start(HowToRun(model, ctx=512), states=SlotStates(Path(sys.argv[2], "s")).folder, clock=SystemClock())
    print(running.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


async def test_a_call_that_is_left_in_the_middle_leaves_room_for_the_next(make: Make) -> None:
    model = make()
    pieces = model.stream((Message("user", "Count to a thousand"),), max_tokens=900)
    await anext(aiter(pieces))
    await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert (await asyncio.wait_for(say(model), 20)).text


async def test_a_prompt_beyond_the_context_is_told_and_hurts_nobody(make: Make) -> None:
    model = make(ctx=256)
    with pytest.raises(CallsheetError) as caught:
        await say(model, "word " * 2000)
    assert caught.value.code == "provider.http_status"
    with pytest.raises(AttemptFailed) as cut:
        await model.complete((Message("user", "Count to a thousand"),), max_tokens=3)
    assert cut.value.code == "provider.truncated"
