"""The embedded model that settings ask for, and the change to another while it serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from agents.doors import Doors
from contracts.clock import SystemClock
from contracts.errors import Damaged, NotFound
from egress.browser_door import BrowserDoor
from egress.fetch import Egress
from egress.fetch_door import FetchDoor
from providers.chat import Completion, Message
from providers.embedded.folder import ModelFolder, digest_of
from providers.embedded.pulling import Wanted, pull
from providers.embedded.sources import LocalFile
from service.cards import load_cards
from service.embedded import STATES, FollowedModel, embedded_model, how_to_run
from service.model_choice import choose
from service.models import Models
from service.reading_ahead import read_ahead
from service.registry import CardRegistry
from service.settings import Settings, load_settings
from service.settings_embedded import EmbeddedSettings
from service.settings_models import ModelSettings
from tests.models.smallest import smallest_model

ASK = (Message("user", "Hello"),)
CHOSEN = ModelSettings(kind="embedded", num_ctx=512)


@pytest.fixture
async def settings(tmp_path: Path) -> EmbeddedSettings:
    """Return settings for a folder with the smallest model twice, under two names."""
    path, folder = smallest_model(), ModelFolder(tmp_path / "models")
    digest = digest_of(path)
    for name in ("first", "second"):
        await pull(Wanted(name, digest, path.stat().st_size, 2048), LocalFile(path), folder)
    choose(folder, "first")
    return EmbeddedSettings(folder=folder.path)


@pytest.fixture
async def model(settings: EmbeddedSettings) -> AsyncIterator[FollowedModel]:
    made = embedded_model(CHOSEN, settings, door=Egress(), clock=SystemClock())
    yield made
    await made.aclose()


async def say(model: FollowedModel) -> Completion:
    end = [piece.end async for piece in model.stream(ASK, max_tokens=2)][-1]
    assert end is not None
    return end


async def test_another_choice_is_followed_without_a_pause(
    model: FollowedModel, settings: EmbeddedSettings
) -> None:
    assert (await say(model)).model == "first"
    choose(settings.models(), "second")
    answers = await asyncio.gather(say(model), say(model))
    assert {answer.model for answer in answers} <= {"first", "second"}
    await model.settled()
    assert ((await say(model)).model, model.model) == ("second", "second")


async def test_a_choice_that_cannot_be_run_leaves_the_one_before(
    model: FollowedModel, settings: EmbeddedSettings
) -> None:
    await say(model)
    choose(settings.models(), "absent")
    await say(model)
    await model.settled()
    assert (await say(model)).model == "first"


async def test_a_file_that_is_another_one_by_the_next_start_is_never_loaded(
    model: FollowedModel, settings: EmbeddedSettings
) -> None:
    path = settings.models().file_of("first")
    await say(model)
    await model.aclose()
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(Damaged) as caught:
        await say(model)
    assert caught.value.code == "model.digest_mismatch"
    path.unlink()
    with pytest.raises(NotFound):
        await say(model)
    await pull(
        Wanted("first", digest_of(smallest_model()), smallest_model().stat().st_size, 2048),
        LocalFile(smallest_model()),
        settings.models(),
    )
    assert (await say(model)).model == "first"


async def test_a_model_that_settings_name_follows_no_choice(settings: EmbeddedSettings) -> None:
    named = ModelSettings(kind="embedded", name="first", num_ctx=512)
    made = embedded_model(named, settings, door=Egress(), clock=SystemClock())
    choose(settings.models(), "second")
    made.follow()
    await made.settled()
    assert made.model == "first"
    await made.aclose()


def test_settings_say_how_a_model_is_run(settings: EmbeddedSettings) -> None:
    found = how_to_run(ModelSettings(kind="embedded", name="second", threads=3), settings)
    assert (found.model.name, found.ctx, found.threads, found.threads_batch, found.slots) == (
        "second",
        2048,
        3,
        3,
        2,
    )
    assert how_to_run(CHOSEN, settings).ctx == 512
    assert how_to_run(CHOSEN, settings, name="second").model.name == "second"


def test_without_a_name_or_a_choice_there_is_no_model(settings: EmbeddedSettings) -> None:
    choose(settings.models(), None)
    with pytest.raises(NotFound) as caught:
        how_to_run(CHOSEN, settings)
    assert (caught.value.code, "models use" in caught.value.hint) == ("model.not_pulled", True)


@dataclass
class Desk:
    """What a service has at hand when it starts."""

    settings: Settings
    registry: CardRegistry
    models: Models


async def test_a_service_that_starts_reads_ahead_what_prompts_begin_with(
    settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_settings({"embedded": {"folder": settings.folder}, "model": {"num_ctx": 4096}})
    clock = SystemClock()
    async with BrowserDoor(clock) as browser:
        registry = CardRegistry(load_cards()[:1], Doors(egress=FetchDoor(clock), browser=browser))
        models = Models(
            found.named_models(), FetchDoor(clock), clock=clock, rng=Random(1), embedded=found.embedded
        )
        await read_ahead(Desk(found, registry, models))
        await models.aclose()
    assert found.model.kind == "embedded"
    assert len(list((settings.models().path / STATES).glob("*.state"))) == 1
