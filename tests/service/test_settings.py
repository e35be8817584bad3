from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidInput
from service.settings import load_settings


@pytest.fixture(autouse=True)
def folder(in_empty_folder: Path) -> Path:
    return in_empty_folder


def test_without_anything_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8765)
    assert settings.storage.path == Path(".callsheet/callsheet.db")
    assert settings.secrets() == ()
    assert settings.egress.grants() == ()


def test_a_flag_beats_the_environment_which_beats_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "callsheet.toml").write_text("[server]\nport = 1\nhost = 'localhost'\n[run]\nconcurrency = 3\n")
    monkeypatch.setenv("CALLSHEET_SERVER__PORT", "2")
    assert (load_settings().server.port, load_settings().server.host) == (2, "localhost")
    assert load_settings({"server": {"port": 3}, "run": {}}).server.port == 3
    assert load_settings().run.concurrency == 3


def test_a_list_in_the_environment_is_json_or_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_EGRESS__ALLOW_PRIVATE", '["127.0.0.1:80", "[::1]:81"]')
    monkeypatch.setenv("CALLSHEET_EGRESS__ALLOW_HOSTS", "a.example, b.example,")
    grants = load_settings().egress.grants(by="environment")
    assert [(g.kind, g.value) for g in grants] == [
        ("private_host", "127.0.0.1:80"),
        ("private_host", "[::1]:81"),
        ("host", "a.example"),
        ("host", "b.example"),
    ]


def test_a_secret_is_known_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_SERVER__API_KEY", "a-key-of-sixteen-or-more")
    monkeypatch.setenv("CALLSHEET_MODEL__API_KEY", "another")
    settings = load_settings()
    assert settings.secrets() == ("a-key-of-sixteen-or-more", "another")
    assert "sixteen" not in repr(settings)
    assert "another" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("CALLSHEET_SERVER__PORT", "70000", "server.port"),
        ("CALLSHEET_SERVER__PORT", "many", "server.port"),
        ("CALLSHEET_SERVER__PROT", "1", "server.prot"),
        ("CALLSHEET_RUN__HOME_ZONE", "Mars/Base", "run.home_zone"),
        ("CALLSHEET_RUN__HOME_ZONE", "../../etc/passwd", "run.home_zone"),
        ("CALLSHEET_RUN__CONCURRENCY", "0", "run.concurrency"),
        ("CALLSHEET_EGRESS__ALLOW_PRIVATE", "127.0.0.1", "egress.allow_private"),
        ("CALLSHEET_EGRESS__ALLOW_PRIVATE", "[127", "egress.allow_private"),
        ("CALLSHEET_MODEL__FALLBACK", "guess", "model.fallback"),
        ("CALLSHEET_LOG__LEVEL", "loud", "log.level"),
    ],
)
def test_a_bad_variable_is_named_with_its_field(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput) as raised:
        load_settings()
    assert raised.value.code == "settings.invalid"
    assert field in raised.value.message
    assert raised.value.where == name


@pytest.mark.parametrize("group", ["server", "egress"])
def test_a_group_that_is_no_group_is_refused(monkeypatch: pytest.MonkeyPatch, group: str) -> None:
    monkeypatch.setenv(f"CALLSHEET_{group.upper()}", "nonsense")
    with pytest.raises(InvalidInput) as raised:
        load_settings()
    assert raised.value.code == "settings.invalid"


def test_a_short_key_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_SERVER__API_KEY", "shortkey")
    with pytest.raises(InvalidInput) as raised:
        load_settings()
    assert "shortkey" not in str(raised.value.as_json())


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"[server]\nport = 'x'\n", "callsheet.toml"),
        (b"[sever]\nport = 1\n", "callsheet.toml"),
        (b"port =", "callsheet.toml"),
        (b"\xff\xfe", "callsheet.toml"),
    ],
)
def test_a_bad_file_is_named(folder: Path, text: bytes, where: str) -> None:
    (folder / "callsheet.toml").write_bytes(text)
    with pytest.raises(InvalidInput) as raised:
        load_settings()
    assert (raised.value.code, raised.value.where) == ("settings.invalid", where)


@pytest.mark.parametrize("flags", [{"server": {"port": -1}}, {"traces": {"files": "some"}}])
def test_a_bad_flag_is_named_as_a_flag(flags: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(InvalidInput) as raised:
        load_settings(flags)
    assert raised.value.where in {"--port", "--files"}


def test_other_variables_of_ours_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_CASES", "/somewhere")
    assert load_settings().server.port == 8765
