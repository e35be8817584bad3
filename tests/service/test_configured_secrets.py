from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import InvalidInput
from contracts.plan import load_plan
from service.configured_secrets import configured_secrets
from service.settings import load_settings
from tests.service.test_plan_cli import ECHO, call

KEYS = ("server-key-of-some-length", "model-key-of-some-length")


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"CALLSHEET_SERVER__API_KEY": KEYS[0], "callsheet_model__api_key": KEYS[1]}, ""),
        ({"CALLSHEET_SERVER": f'{{"api_key": "{KEYS[0]}"}}', "CALLSHEET_MODEL__API_KEY": KEYS[1]}, ""),
        ({"CALLSHEET_SERVER__API_KEY": KEYS[0]}, f'[model]\napi_key = "{KEYS[1]}"\n'),
        ({}, f'[server]\napi_key = "{KEYS[0]}"\n[model]\napi_key = "{KEYS[1]}"\n'),
        (
            {"CALLSHEET_MODELS__FAST__URL": "http://m/v1", "callsheet_models__fast__api_key": KEYS[0]},
            f'[models.slow]\nkind = "ollama"\napi_key = "{KEYS[1]}"\n',
        ),
        ({"CALLSHEET_MODELS": f'{{"a": {{"url": "http://m/v1", "api_key": "{KEYS[0]}"}}}}'}, ""),
        ({"CALLSHEET_MODELS__A": f'{{"url": "http://m/v1", "api_key": "{KEYS[0]}"}}'}, ""),
        ({}, ""),
    ],
)
def test_the_keys_found_are_those_the_settings_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "callsheet.toml"
    file.write_text(text, encoding="utf-8")

    assert set(configured_secrets(environment, file)) == set(load_settings().secrets())


def test_no_file_and_odd_values_hold_no_key(tmp_path: Path) -> None:
    odd = {"CALLSHEET_MODEL": "[1", "CALLSHEET_SERVER": '{"api_key": 3}', "CALLSHEET_MODEL__API_KEY": ""}
    assert configured_secrets(odd, tmp_path / "callsheet.toml") == ()


def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "callsheet.toml"
    file.write_text("[model", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"callsheet\.toml"):
        configured_secrets({}, file)


@pytest.mark.parametrize("form", ["json", "table", "mermaid"])
def test_a_configured_key_is_never_printed(tmp_path: Path, form: str) -> None:
    (tmp_path / "callsheet.toml").write_text(
        '[server]\napi_key = "sk-filecanary-987654321"\n', encoding="utf-8"
    )
    objective = "echo 'sk-filecanary-987654321 and sk-envcanary-123456789' with the wasm echo module"
    env = {"CALLSHEET_MODEL__API_KEY": "sk-envcanary-123456789"}
    done = call(objective, "--format", form, "--input", "a=sk-envcanary-123456789", cwd=tmp_path, env=env)
    assert done.returncode == 0
    assert b"canary" not in done.stdout + done.stderr


def test_a_plan_that_named_a_configured_key_is_a_plan_still(tmp_path: Path) -> None:
    env = {"CALLSHEET_MODEL__API_KEY": "sk-envcanary-123456789"}
    done = call(
        ECHO, "--input", "password=sk-envcanary-123456789", "--input", "pwd=own", cwd=tmp_path, env=env
    )
    plan = load_plan(done.stdout)
    assert plan.inputs == {"password": "[redacted]", "pwd": "own"}
