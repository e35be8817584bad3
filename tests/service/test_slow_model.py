"""Who waits at a terminal is told that a model is being asked; nobody else is."""

from __future__ import annotations

import asyncio

import pytest

from service.settings import Settings
from service.settings_models import ModelSettings
from service.slow_model import told_if_slow

MODEL = ModelSettings(url="http://127.0.0.1:1/v1", timeout_s=7)


async def test_after_a_while_it_is_said_what_is_waited_for() -> None:
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with told_if_slow(Settings(model=MODEL), said.set_result, after_s=0, watched=True):
        assert await said == "the model is asked (7 s at most); plans by rules need none"


async def test_what_is_quick_is_not_commented_on() -> None:
    said: list[str] = []
    with told_if_slow(Settings(model=MODEL), said.append, after_s=0, watched=True):
        pass
    await asyncio.sleep(0)
    assert said == []


@pytest.mark.parametrize(("model", "watched"), [(MODEL, False), (ModelSettings(), True), (MODEL, None)])
async def test_nothing_is_said_where_nobody_reads_or_no_model_is_asked(
    capsys: pytest.CaptureFixture[str], model: ModelSettings, *, watched: bool | None
) -> None:
    said: list[str] = []
    with told_if_slow(Settings(model=model), said.append, after_s=0, watched=watched):
        for _ in range(3):
            await asyncio.sleep(0)
    assert (said, capsys.readouterr().err) == ([], "")
