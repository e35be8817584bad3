"""One running server for each kind, and a client of ours in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from egress.fetch import Egress
from providers.openai_compatible import OpenAICompatible
from tests.models.servers import (
    ModelServer,
    callsheet,
    kinds_at_hand,
    llama_cpp_python,
    llama_server,
    xllamacpp,
)
from tests.models.smallest import smallest_model

STARTS = {
    "xllamacpp": xllamacpp,
    "callsheet": callsheet,
    "llama-server": llama_server,
    "llama-cpp-python": llama_cpp_python,
}


@pytest.fixture(scope="session")
def model_file() -> Path:
    return smallest_model()


@pytest.fixture(scope="session", params=[k for k in kinds_at_hand() if k in STARTS])
def server(
    request: pytest.FixtureRequest, model_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModelServer]:
    with STARTS[request.param](model_file, tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
async def door() -> AsyncIterator[Egress]:
    async with Egress() as opened:
        yield opened


@pytest.fixture
def model(server: ModelServer, door: Egress) -> OpenAICompatible:
    return client_of(server, door)


def client_of(server: ModelServer, door: Egress, *, model: str | None = None) -> OpenAICompatible:
    return OpenAICompatible(
        door, url=server.url, model=model or server.model, api_key=server.key, timeout_s=100
    )
