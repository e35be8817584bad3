"""Which embedded model plans: chosen by a command, outranked by whatever a person wrote down."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.embedded.folder import ModelFolder
from service.model_choice import (
    FILE,
    choose,
    chosen_in,
    chosen_settings,
    data_folder,
    folder_of,
    is_chosen,
    stamp_of,
)
from service.plan_cli import model_is_set
from service.settings import load_settings


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


@pytest.fixture
def here(tmp_path: Path, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> ModelFolder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLSHEET_EMBEDDED__FOLDER", str(folder.path))
    return folder


def test_a_choice_is_kept_and_taken_back(folder: ModelFolder) -> None:
    assert (chosen_in(folder.path), stamp_of(folder.path)) == (None, None)
    choose(folder, "smollm2-135m")
    first = stamp_of(folder.path)
    assert chosen_in(folder.path) == "smollm2-135m"
    choose(folder, "other")
    assert (chosen_in(folder.path), stamp_of(folder.path) != first) == ("other", True)
    choose(folder, None)
    choose(folder, None)
    assert chosen_in(folder.path) is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"model": 3}', '{"model": ""}', f'{{"model": "{"x" * 81}"}}']
)
def test_a_choice_that_cannot_be_one_is_none(folder: ModelFolder, content: str) -> None:
    (folder.opened() / FILE).write_text(content)
    (folder.path / FILE).chmod(0o600)
    assert chosen_in(folder.path) is None


def test_a_choice_that_others_could_have_written_is_none(folder: ModelFolder) -> None:
    choose(folder, "smollm2-135m")
    (folder.path / FILE).chmod(0o666)
    assert chosen_in(folder.path) is None


def test_the_choice_is_a_setting_where_nothing_else_names_a_model(here: ModelFolder) -> None:
    assert not load_settings().model.is_set
    choose(here, "smollm2-135m")
    assert (load_settings().model.kind, load_settings().model.name) == ("embedded", None)
    assert load_settings().embedded.models().path == here.path


@pytest.mark.parametrize("line", ['url = "http://127.0.0.1:1/v1"', 'kind = "ollama"'])
def test_a_model_in_the_settings_file_comes_before_the_choice(here: ModelFolder, line: str) -> None:
    choose(here, "smollm2-135m")
    Path("callsheet.toml").write_text(f"[model]\n{line}\n")
    assert load_settings().model.kind in {"openai", "ollama"}
    assert model_is_set({"CALLSHEET_EMBEDDED__FOLDER": str(here.path)})


def test_other_settings_of_the_model_hold_for_the_chosen_one(here: ModelFolder) -> None:
    choose(here, "smollm2-135m")
    Path("callsheet.toml").write_text("[model]\nthreads = 2\nnum_ctx = 2048\n")
    found = load_settings().model
    assert (found.kind, found.threads, found.num_ctx) == ("embedded", 2, 2048)


def test_the_plan_command_sees_the_choice_as_the_settings_do(here: ModelFolder) -> None:
    given = {"CALLSHEET_EMBEDDED__FOLDER": str(here.path)}
    assert not model_is_set(given)
    choose(here, "smollm2-135m")
    assert model_is_set(given)
    assert not is_chosen(given | {"CALLSHEET_MODEL__URL": "http://127.0.0.1:1/v1"}, {})
    assert not is_chosen(given, {"model": {"kind": "openai"}})


def test_the_folder_is_the_environments_then_the_files_then_the_users(tmp_path: Path) -> None:
    document = {"embedded": {"folder": str(tmp_path / "file")}}
    assert folder_of({"callsheet_embedded__folder": str(tmp_path / "env")}, document) == tmp_path / "env"
    assert folder_of({}, document) == tmp_path / "file"
    assert folder_of({"XDG_DATA_HOME": "/data"}, {}) == Path("/data/callsheet/models")
    assert chosen_settings({"embedded": {"folder": str(tmp_path / "none")}}) == {}


@pytest.mark.parametrize(
    ("given", "below"),
    [
        ({"XDG_DATA_HOME": "/data"}, "/data/callsheet/models"),
        ({"XDG_DATA_HOME": "relative"}, "~/.local/share"),
        ({}, "~/.local/share"),
    ],
)
def test_models_lie_in_the_users_data_folder(given: dict[str, str], below: str) -> None:
    assert str(data_folder(given)).startswith(str(Path(below).expanduser()))
