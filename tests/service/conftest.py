from __future__ import annotations

import io
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.logs import configure_logs
from service.settings import Settings, load_settings
from tests.service.desk_at_hand import BASE, DeskAtHand, FixedClock, open_desk
from traces.redaction import Redactor

Opener = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session", autouse=True)
def logs() -> io.StringIO:
    """Return what was logged: as JSON, as an operator's log has it."""
    stream = io.StringIO()
    configure_logs("info", redactor=Redactor(()), stream=stream)
    return stream


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings(in_empty_folder: Path) -> Settings:
    return load_settings()


@pytest.fixture
def desk(tmp_path: Path, settings: Settings) -> Iterator[DeskAtHand]:
    made = open_desk(tmp_path, settings)
    yield made
    made.database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def talk(desk: DeskAtHand, clock: FixedClock) -> Opener:
    """Return a way to open a client; `server` overrides settings of the server's group."""

    @asynccontextmanager
    async def opened(server: dict[str, Any] | None = None, **client: Any) -> AsyncIterator[httpx.AsyncClient]:
        desk.settings = load_settings({"server": server or {}})
        transport = httpx.ASGITransport(create_app(desk, clock=clock), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, **{"base_url": BASE, **client}) as made:
            yield made

    return opened


@pytest.fixture
async def client(talk: Opener) -> AsyncIterator[httpx.AsyncClient]:
    async with talk() as made:
        yield made


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Where something listens and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
