"""A server that gives up one stream when another request comes: the cut is seen, never taken for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import AttemptFailed
from egress.fetch import Egress
from providers.chat import Message, Piece
from tests.models.conftest import client_of
from tests.models.servers import ModelServer, kinds_at_hand, llama_cpp_python

LONG = (Message("user", "Write a long story about a lighthouse."),)


@pytest.fixture(scope="module")
def interrupting(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    if "llama-cpp-python" not in kinds_at_hand():
        pytest.skip("llama-cpp-python's server is not at hand: `make test-models` brings it")
    with llama_cpp_python(model_file, tmp_path_factory.mktemp("interrupting"), interrupts=True) as running:
        yield running


async def test_a_stream_that_a_second_request_cuts_off_is_an_error(
    interrupting: ModelServer, door: Egress
) -> None:
    model = client_of(interrupting, door)
    first = model.stream(LONG, max_tokens=400)
    assert (await anext(first)).text

    async def rest() -> list[Piece]:
        return [piece async for piece in first]

    reading = asyncio.create_task(rest())
    second = [piece async for piece in model.stream(LONG, max_tokens=4)]
    assert second[-1].end is not None
    with pytest.raises(AttemptFailed) as failed:
        await reading
    assert failed.value.code == "provider.cut_off"
