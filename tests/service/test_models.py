"""The configured models by name: who answers for whom, what is told, and another behind a name while calls go on."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.clock import SystemClock
from contracts.errors import CallsheetError, InvalidInput, NotFound, Unavailable
from egress.fetch_door import FetchDoor
from providers.chain import PassedOver
from providers.chat import PLAIN, Options, StreamingProvider
from providers.metered import ModelCall
from service.cards import load_cards
from service.models import Models
from service.models_adapters import Adapter, Around, open_adapter
from service.models_of import forms_file
from service.planning import planner_of, style_of
from service.settings import load_settings
from service.settings_embedded import EmbeddedSettings
from service.settings_models import Kind, ModelSettings
from tests.providers.scripted_model import ASK, FOR_EVER, Act, ScriptedModel, reset, status

URL = "http://127.0.0.1:9/v1"


class House:
    """Models whose endpoints are scripted, by the name each is set with."""

    def __init__(self, settings: Mapping[str, ModelSettings], **scripts: list[Act]) -> None:
        self.scripted = {name: ScriptedModel(script, name=name) for name, script in scripts.items()}
        self.calls: list[ModelCall] = []
        self.passed: list[PassedOver] = []
        self.ended: list[str] = []
        clock = SystemClock()
        self.models = Models(
            settings,
            FetchDoor(clock),
            clock=clock,
            rng=random.Random(1),
            observe=self.calls.append,
            on_passed_over=self.passed.append,
            opened=self._open,
        )

    def _open(self, settings: ModelSettings, around: Around) -> Adapter:
        name = settings.name or ""

        async def close() -> None:
            self.ended.append(name)

        model = self.scripted.setdefault(name, ScriptedModel(name=name))
        return Adapter(model, open_adapter(settings, around).endpoint, name, close)

    def model(self, name: str = "default") -> StreamingProvider:
        found = self.models.get(name)
        assert found is not None
        return found

    async def text(self, name: str = "default", *, options: Options = PLAIN) -> str:
        return (await self.model(name).complete(ASK, max_tokens=9, options=options)).text


def one(name: str, **fields: Any) -> ModelSettings:
    return ModelSettings(**{"url": URL, "name": name, "retries": 0} | fields)


async def test_a_name_gives_its_model_and_an_unknown_one_none() -> None:
    house = House({"default": one("a"), "spare": one("b")}, a=["A"], b=["B"])
    assert house.models.names() == ("default", "spare")
    assert (await house.text(), await house.text("spare")) == ("A", "B")
    assert house.models.get("other") is None
    assert house.models.get() is house.models.get()


def test_without_a_model_there_are_no_names() -> None:
    models = House({"default": ModelSettings(timeout_s=5)}).models
    assert (models.names(), models.get(), models.replies()) == ((), None, None)


async def test_the_next_of_a_chain_answers_and_both_are_told() -> None:
    settings = {"default": one("a", then=("spare",)), "spare": one("b", url="http://127.0.0.1:8/v1")}
    house = House(settings, a=[status(401)], b=["B"])
    assert await house.text() == "B"
    assert [(call.model, call.outcome) for call in house.calls] == [
        ("default", "provider.http_status"),
        ("spare", "ok"),
    ]
    assert [(told.name, told.after) for told in house.passed] == [("default", "spare")]


async def test_models_of_one_address_share_a_breaker() -> None:
    house = House(
        {"default": one("a"), "twin": one("b"), "apart": one("c", url="http://127.0.0.1:8/v1")}, a=[reset()]
    )
    for _ in range(5):
        with pytest.raises(Unavailable):
            await house.text()
    with pytest.raises(Unavailable) as caught:
        await house.text("twin")
    assert caught.value.code == "provider.breaker_open"
    assert await house.text("apart") == "hi"
    states = {name: house.models.status(name).breaker.state for name in house.models.names()}
    assert states == {"default": "open", "apart": "closed", "twin": "open"}


async def test_prices_and_limits_of_the_settings_hold_for_every_call() -> None:
    settings = one("a", usd_per_mtok_in=1, usd_per_mtok_out=2, max_tokens=5, num_ctx=4096, temperature=0.5)
    house = House({"default": settings})
    found = await house.model().complete(ASK, max_tokens=99, options=Options(temperature=None))
    assert found.usd == pytest.approx(0.0014)
    [(most, options)] = house.scripted["a"].calls
    assert (most, options.num_ctx, options.temperature) == (5, 4096, 0.5)


@pytest.mark.parametrize(("num_ctx", "asked"), [(None, 16_384), (2048, 2048)])
async def test_ollama_is_asked_for_room_for_a_plans_question(num_ctx: int | None, asked: int) -> None:
    house = House({"default": one("a", kind="ollama", num_ctx=num_ctx)})
    await house.text()
    [(_, options)] = house.scripted["a"].calls
    assert options.num_ctx == asked


async def test_a_swap_lets_calls_under_way_end_where_they_began() -> None:
    house = House({"default": one("old")}, old=["O", 0.05, "LD"], new=["NEW"])
    held = house.model()
    pieces = held.stream(ASK, max_tokens=9)
    text = (await anext(pieces)).text
    await house.models.swap("default", one("new"))
    assert (await held.complete(ASK, max_tokens=9)).text == "NEW"
    assert house.ended == []
    async for piece in pieces:
        text += piece.text
    assert (text, house.ended) == ("OLD", ["old"])


async def test_a_swap_changes_who_answers_in_a_models_stead() -> None:
    apart = one("b", url="http://127.0.0.1:8/v1")
    house = House({"default": one("a"), "spare": apart}, a=[reset()], b=["B"])
    held = house.model()
    with pytest.raises(Unavailable):
        await held.complete(ASK, max_tokens=9)
    await house.models.swap("default", one("a", then=("spare",)))
    assert (await held.complete(ASK, max_tokens=9)).text == "B"


@pytest.mark.parametrize(
    ("name", "settings", "code"),
    [
        ("default", one("a", then=("nobody",)), "settings.invalid"),
        ("default", one("a", url="ftp://x"), "provider.bad_url"),
        ("nobody", one("a"), "model.unknown"),
    ],
)
async def test_a_swap_that_cannot_be_leaves_everything_as_it_was(
    name: str, settings: ModelSettings, code: str
) -> None:
    house = House({"default": one("a")}, a=["A"])
    with pytest.raises(CallsheetError) as caught:
        await house.models.swap(name, settings)
    assert caught.value.code == code
    assert (await house.text(), house.models.settings().url, house.ended) == ("A", URL, [])


async def test_closing_ends_what_every_model_runs() -> None:
    house = House({"default": one("a"), "spare": one("b")})
    await house.models.aclose()
    await house.models.aclose()
    assert sorted(house.ended) == ["a", "b"]


async def test_a_call_that_is_given_up_lets_a_retired_model_end() -> None:
    house = House({"default": one("old")}, old=["O", FOR_EVER])
    pieces = house.model().stream(ASK, max_tokens=9)
    await anext(pieces)
    await house.models.swap("default", one("new"))
    await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert house.ended == ["old"]


@pytest.mark.parametrize("url", ["nowhere", "http://user:pw@h/v1", "http://h/?key=1"])
def test_what_is_wrong_with_a_url_is_told_at_the_start(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        House({"default": one("a", url=url)})
    assert caught.value.code == "provider.bad_url"


def test_a_status_says_where_a_model_is_and_never_its_key() -> None:
    house = House(
        {"default": one("a", api_key=SecretStr("sk-canary"), then=("b",)), "b": one("b", kind="ollama")}
    )
    found = house.models.status()
    assert (found.kind, found.model, found.url, found.then) == ("openai", "a", URL, ("b",))
    assert "canary" not in repr(found)
    with pytest.raises(NotFound):
        house.models.status("nobody")


@pytest.mark.parametrize("kind", ["openai", "ollama", "anthropic"])
def test_every_kind_of_endpoint_has_an_adapter_that_asks_nothing_yet(kind: str) -> None:
    clock = SystemClock()
    models = Models({"default": one("a", kind=kind)}, FetchDoor(clock), clock=clock, rng=random.Random(1))
    assert models.status().kind == kind
    assert models.get() is not None


async def test_a_planners_service_is_asked_for_plans_and_not_prompted() -> None:
    house = House({"default": one("p", kind="planner")}, p=['{"subtasks": []}'])
    replies = house.models.replies()
    assert replies is not None
    assert (await replies.reply("do it", ["a", "b"])).text == '{"subtasks": []}'
    assert House({"default": one("a")}).models.replies() is None


def test_small_models_write_sketches_unless_told_otherwise() -> None:
    assert style_of(ModelSettings(kind="embedded")) == "sketch"
    assert style_of(ModelSettings(kind="embedded", plans="full")) == "full"
    assert style_of(ModelSettings(url=URL)) == "full"


def test_the_planner_gets_the_configured_model(in_empty_folder: Path) -> None:
    settings = load_settings({"model": {"url": URL}})
    assert planner_of(settings, House(settings.named_models()).models) is not None


async def test_a_swap_changes_how_the_model_is_asked_for_plans(in_empty_folder: Path) -> None:
    settings = load_settings({"model": {"url": URL, "name": "large", "retries": 0, "fallback": "fail"}})
    house = House(settings.named_models())
    planner = planner_of(settings, house.models, on_call=None)
    cards = load_cards()
    for name, plans, shape in (
        ("large", "full", "plan"),
        ("small", "sketch", "sketch"),
        ("large", "auto", "plan"),
    ):
        await house.models.swap("default", one(name, plans=plans, planning="model", fallback="fail"))
        with pytest.raises(CallsheetError):
            await planner.document(f"Read {URL}/{name} now", inputs={}, cards=cards)
        _, options = house.scripted[name].calls[-1]
        assert options.shape is not None
        assert options.shape.name == shape


@pytest.mark.parametrize("kind", ["openai", "ollama", "anthropic"])
async def test_an_endpoints_sdk_is_imported_before_its_time_begins(kind: Kind) -> None:
    around = Around(FetchDoor(SystemClock()), SystemClock(), EmbeddedSettings())
    adapter = open_adapter(one("a", kind=kind), around)
    assert adapter.ready is not None
    assert await adapter.ready() is sys.modules[kind]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("/var/cache/x", "/var/cache/x/callsheet"),
        ("relative", "~/.cache/callsheet"),
        ("", "~/.cache/callsheet"),
    ],
)
def test_what_was_found_out_is_kept_in_the_users_cache(given: str, found: str) -> None:
    assert forms_file({"XDG_CACHE_HOME": given}) == Path(found).expanduser() / "models" / "forms.json"
