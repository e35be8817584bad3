"""Ollama's own client, unmodified, and our adapter around it, against this service."""

from __future__ import annotations

import pytest
from ollama import AsyncClient

from contracts.errors import AttemptFailed
from egress.fetch import Egress
from providers.chat import Message
from providers.ollama import Ollama
from tests.models.servers import KEY, ModelServer

LONG = "Write a long story about a lighthouse."
pytestmark = pytest.mark.parametrize("server", ["callsheet"], indirect=True)


async def test_ollamas_client_lists_the_models_and_streams_a_chat(server: ModelServer) -> None:
    asked = [{"role": "user", "content": LONG}]
    async with AsyncClient(server.address, headers={"Authorization": f"Bearer {KEY}"}) as client:
        assert server.model in [model.model for model in (await client.list()).models]
        options = {"num_predict": 12, "temperature": 0}
        parts = [part async for part in await client.chat(server.model, asked, stream=True, options=options)]
        whole = await client.chat(server.model, asked, options=options)
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) > 4
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert (whole.done_reason, whole.eval_count) == ("length", 12)


async def test_our_adapter_reads_this_service_as_it_reads_an_ollama(
    server: ModelServer, door: Egress
) -> None:
    model = Ollama(door, url=server.address, model=server.model, api_key=server.key, timeout_s=100)
    assert server.model in [offer.id for offer in await model.models()]
    pieces = [piece async for piece in model.stream((Message("user", LONG),), max_tokens=12)]
    end = pieces[-1].end
    assert end is not None
    assert "".join(piece.text for piece in pieces) == end.text
    assert (end.finish_reason, end.usage.completion_tokens) == ("length", 12)
    with pytest.raises(AttemptFailed) as failed:
        await model.complete((Message("user", LONG),), max_tokens=4)
    assert failed.value.code == "provider.truncated"
