"""Rigs for runs, closed with the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from dispatcher.journal import StorageJournal
from storage.database import Database
from tests.dispatcher.acting import CANARY, echo, step
from tests.dispatcher.keeping import told
from tests.dispatcher.rig import Rig
from traces.files import TraceFiles
from traces.redaction import Redactor


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Write tracebacks without everybody's variables: those of a run are megabytes."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
    yield
    structlog.reset_defaults()


@pytest.fixture
def make_step() -> Callable[..., dict[str, Any]]:
    return step


@pytest.fixture
async def make_rig(tmp_path: Path) -> AsyncIterator[Callable[..., Rig]]:
    """Make a rig; a second one is the next process on the same file, once the first is dead or closed."""
    made: list[Rig] = []

    def make(concurrency: int = 8, *, folder: str = "", **more: Any) -> Rig:
        where = tmp_path / folder
        where.mkdir(exist_ok=True)
        rig = Rig(where, concurrency, **more)
        rig.agents.add("echo", echo)
        made.append(rig)
        return rig

    yield make
    for rig in made:
        await rig.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "c.db") as opened:
        yield opened


@pytest.fixture
async def journal(database: Database, tmp_path: Path) -> AsyncIterator[StorageJournal]:
    """A journal without an engine that knows one secret and writes files too."""
    made = StorageJournal(database, files=TraceFiles(tmp_path / "runs"), redactor=Redactor([CANARY]))
    yield made
    await told(made.flush)
    made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let no run that does not end hold up the others for long."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(30))
