"""What the operator lets guests do: nothing by default, and no secret's value is ever shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidInput
from service.configured_secrets import configured_secrets
from service.settings import load_settings
from wasm_agents.grants import OperatorPolicy

WORD = "Bearer a-secret-of-some-length"
SECRET = {"token": {"variable": "MY_TOKEN", "hosts": ["api.example.com"]}}


def policy(**guests: Any) -> OperatorPolicy:
    return load_settings({"guests": guests}).guests.policy({"MY_TOKEN": WORD})


def test_by_default_nothing_is_allowed(in_empty_folder: Path) -> None:
    assert policy() == OperatorPolicy()


def test_what_the_operator_says_is_what_the_host_is_asked_for(in_empty_folder: Path) -> None:
    found = policy(
        allow_http=["GET|POST https://api.example.com/v1/"],
        allow_kv=["notes"],
        allow_llm=["default"],
        allow_real_clock=True,
        allow_os_random=True,
        secrets=SECRET,
        limits={"fuel": 5},
    )
    assert [str(rule) for rule in found.http] == ["GET|POST https://api.example.com/v1/"]
    assert (found.kv, found.llm, found.real_clock, found.os_random) == (("notes",), ("default",), True, True)
    assert (found.secrets["token"].value, found.ceilings) == (WORD, {"fuel": 5})
    assert policy(allow_kv=["*"]).kv == "all"


def test_lists_may_be_given_by_variables(in_empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_GUESTS__ALLOW_HTTP", "https://a.example, GET|PUT https://b.example/x/")
    found = load_settings().guests.policy({})
    assert [str(r) for r in found.http] == ["GET|HEAD https://a.example/", "GET|PUT https://b.example/x/"]


@pytest.mark.parametrize(
    "guests",
    [
        {"allow_http": ["*"]},
        {"allow_http": ["https://*/"]},
        {"allow_http": ["https://a.example/../x"]},
        {"secrets": {"token": {"variable": "MY_TOKEN"}}},
        {"secrets": {"token": {"variable": "MY_TOKEN", "hosts": []}}},
        {"secrets": {"token": {"variable": "MY_TOKEN", "hosts": ["*"]}}},
        {"secrets": {"token": {"variable": "not a name", "hosts": ["a.example"]}}},
        {"secrets": {"token": {"value": WORD, "hosts": ["a.example"]}}},
        {"limits": {"fuel": 0}},
        {"limits": {"colour": 1}},
        {"allow_everything": True},
    ],
)
def test_what_cannot_be_meant_is_refused_and_shows_no_value(
    in_empty_folder: Path, guests: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_settings({"guests": guests})
    assert refused.value.code == "settings.invalid"
    assert WORD not in str(refused.value.as_json())


def test_a_guests_secret_is_among_those_that_are_never_written(
    in_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", WORD)
    text = '[guests.secrets.token]\nvariable = "MY_TOKEN"\nhosts = ["api.example.com"]\n'
    Path("callsheet.toml").write_text(text, encoding="utf-8")
    assert load_settings().secrets() == (WORD,)
    assert WORD not in repr(load_settings())
    assert configured_secrets({"MY_TOKEN": WORD}, Path("callsheet.toml")) == (WORD,)


def test_a_secret_given_by_a_variable_is_found_by_both_readers(
    in_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = '{"token": {"variable": "MY_TOKEN", "hosts": ["a.example"]}}'
    monkeypatch.setenv("MY_TOKEN", WORD)
    monkeypatch.setenv("CALLSHEET_GUESTS__SECRETS", given)
    environment = {"MY_TOKEN": WORD, "CALLSHEET_GUESTS__SECRETS": given}
    assert configured_secrets(environment, Path("callsheet.toml")) == load_settings().secrets() == (WORD,)
