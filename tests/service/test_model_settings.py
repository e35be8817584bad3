"""What may be set for a model, in the file and in the environment, and what is told when it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.errors import InvalidInput
from providers.chat import PLAIN, Completion, Message
from service.models_replies import AskedForPlans, PlannerTurns
from service.plan_cli import model_is_set
from service.settings import load_settings


@pytest.fixture(autouse=True)
def folder(in_empty_folder: Path) -> Path:
    return in_empty_folder


def test_further_models_are_set_in_the_file_and_in_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "callsheet.toml").write_text(
        '[model]\nurl = "http://m/v1"\nthen = ["fast"]\n[models.slow]\nkind = "ollama"\nretries = 0\n'
    )
    monkeypatch.setenv("CALLSHEET_MODELS__FAST__URL", "http://f/v1")
    monkeypatch.setenv("CALLSHEET_MODELS__FAST__THEN", "slow, default")
    monkeypatch.setenv("CALLSHEET_MODELS__FAST__API_KEY", "sk-canary-of-fast")
    settings = load_settings()
    assert sorted(settings.named_models()) == ["default", "fast", "slow"]
    assert settings.models["fast"].then == ("slow", "default")
    assert settings.models["slow"].retries == 0
    assert settings.secrets() == ("sk-canary-of-fast",)
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CALLSHEET_MODEL__TIMEOUT_S", "nan", "model.timeout_s"),
        ("CALLSHEET_MODEL__RETRIES", "11", "model.retries"),
        ("CALLSHEET_MODEL__NAME", "x", "has no url"),
        ("CALLSHEET_MODEL__KIND", "planner", "has no url"),
        ("CALLSHEET_MODEL__KIND", "oracle", "model.kind"),
        ("CALLSHEET_MODEL__USD_PER_MTOK_IN", "3", "set together"),
        ("CALLSHEET_MODEL__USD_PER_MTOK_CACHED", "3", "set with"),
        ("CALLSHEET_MODELS__SPARE__TIMEOUT_S", "0", "models.spare.timeout_s"),
        ("CALLSHEET_MODELS__DEFAULT__URL", "http://m/v1", "is the model of [model]"),
        ("CALLSHEET_MODELS__A B__URL", "http://m/v1", "models.a b"),
        ("CALLSHEET_MODELS__SPARE__NAME", "x", "has no url"),
    ],
)
def test_what_cannot_be_set_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert caught.value.code == "settings.invalid"
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("then", "kind"),
    [("nobody", "openai"), ("default", "openai"), ("spare,spare", "openai"), ("spare", "planner")],
)
def test_a_chain_leads_to_other_models_once(monkeypatch: pytest.MonkeyPatch, then: str, kind: str) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__URL", "http://m/v1")
    monkeypatch.setenv("CALLSHEET_MODEL__KIND", kind)
    monkeypatch.setenv("CALLSHEET_MODEL__THEN", then)
    monkeypatch.setenv("CALLSHEET_MODELS__SPARE__URL", "http://s/v1")
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert "model.then" in caught.value.message


@pytest.mark.parametrize(
    ("environment", "text", "is_set"),
    [
        ({}, "", False),
        ({"CALLSHEET_MODEL__URL": "http://m/v1"}, "", True),
        ({"callsheet_model__kind": "embedded"}, "", True),
        ({}, '[model]\nkind = "ollama"\n', True),
        ({}, '[model]\nkind = "openai"\ntimeout_s = 5\n', False),
        ({}, '[model]\nkind = "openai"\nname = "x"\n', True),
        ({"CALLSHEET_MODEL__KIND": "oracle"}, "", True),
        ({}, "[model]\nkind = [1]\n", True),
        ({"CALLSHEET_MODEL__KIND": "openai"}, '[model]\nkind = "ollama"\n', False),
    ],
)
def test_the_plan_command_sees_whether_a_model_is_set(
    folder: Path, environment: dict[str, str], text: str, *, is_set: bool
) -> None:
    file = folder / "callsheet.toml"
    file.write_text(text)
    elsewhere = {"XDG_DATA_HOME": str(folder / "empty")}
    assert model_is_set(environment | elsewhere, file) is is_set


class Service:
    """A planner's service that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    async def reply(self, objective: str, context_keys: Sequence[str]) -> Completion:
        self.asked.append((objective, list(context_keys)))
        return Completion('{"subtasks": []}', "stop")


async def test_a_planners_service_gets_the_objective_and_the_names_of_keys() -> None:
    service = Service()
    turns = PlannerTurns(service)
    found = await AskedForPlans(turns).reply("do it", ["a", "b"])
    assert (found.text, service.asked) == ('{"subtasks": []}', [("do it", ["a", "b"])])


@pytest.mark.parametrize("said", ["", "be kind", '{"a": 1}', "[1, 2]", "[" * 2000])
async def test_any_other_conversation_is_an_objective_without_keys(said: str) -> None:
    service = Service()
    talk = (
        Message("system", said),
        Message("user", "first"),
        Message("assistant", "ok"),
        Message("user", "go"),
    )
    await PlannerTurns(service).complete(talk, max_tokens=1, options=PLAIN)
    assert service.asked == [("go", [])]
