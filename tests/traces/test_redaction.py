"""A planted canary never survives, whatever shape it takes; ordinary text does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.plan import load_plan
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace
from traces.redaction import MARK, Redactor
from traces.secret_forms import base64_core

MakeTrace = Callable[..., ExecutionTrace]
CANARY = 'sk-Canary/42+"é 7=='
SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=30).filter(lambda s: s not in MARK)
AROUND = st.text(st.characters(codec="utf-8"), max_size=12)


def percent_all(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


SHAPES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "quoted": quote,
    "quoted with plus": quote_plus,
    "every byte quoted": percent_all,
    "every byte quoted, lower": lambda s: percent_all(s).lower(),
    "quoted twice": lambda s: quote(quote(s, safe=""), safe=""),
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON in Unicode": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda s: json.dumps(json.dumps(s))[3:-3],
    "JSON for script tags": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64, quoted": lambda s: quote(base64.b64encode(s.encode()).decode(), safe=""),
}


def holds(text: str, secret: str) -> bool:
    """Say whether any reading of the text gives the secret back."""
    cores = {base64_core(secret.encode(), shift) for shift in range(3)}
    return any(needle in text for needle in {secret, quote(secret), json.dumps(secret)[1:-1], *cores})


@pytest.mark.parametrize("shape", SHAPES)
@given(secret=SECRETS, before=AROUND, after=AROUND)
def test_a_secret_in_any_shape_is_gone_from_a_text(shape: str, secret: str, before: str, after: str) -> None:
    planted = SHAPES[shape](secret)
    clean = Redactor([secret]).text(f"{before} {planted} {after}")

    assert MARK in clean
    assert planted not in clean.replace(MARK, "")


@given(secret=SECRETS, before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_secret_inside_a_longer_base64_is_gone(secret: str, before: bytes, after: bytes) -> None:
    whole = before + secret.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        clean = Redactor([secret]).text(encode(whole).decode())
        assert MARK in clean


@given(
    st.recursive(
        st.just(CANARY) | st.integers() | st.sampled_from([f(f"a{CANARY}b") for f in SHAPES.values()]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["k", f"x {CANARY}", CANARY, quote(CANARY)]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_a_canary_is_gone_from_every_place_of_a_value(value: Any) -> None:
    clean = Redactor([CANARY]).value(value)

    for text in (json.dumps(clean), json.dumps(clean, ensure_ascii=False), str(clean)):
        assert not holds(text, CANARY)
        assert "Canary" not in text


@given(st.text(), st.lists(st.text(max_size=12), max_size=3))
def test_redacting_twice_changes_nothing_more(text: str, secrets: list[str]) -> None:
    redactor = Redactor([s for s in secrets if s not in MARK])
    once = redactor.text(text)

    assert redactor.text(once) == once


def test_names_that_become_alike_keep_both_values() -> None:
    clean = Redactor([CANARY]).value({CANARY: 1, quote(CANARY): 2})

    assert clean == {MARK: 1, f"{MARK}*": 2}


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "Authorization", "Proxy-Authorization", "api_key", "apiKey", "X-API-Key"),
        *("OPENAI_API_KEY", "password", "db-password", "token", "access_token", "csrfToken"),
        *("Set-Cookie", "cookie", "client_secret"),
    ],
)
@pytest.mark.parametrize("value", ["x", ["a"], {"b": 1}])
def test_what_stands_under_a_sensitive_name_goes_whole(name: str, value: Any) -> None:
    assert Redactor().value({"deep": [{name: value}]}) == {"deep": [{name: MARK}]}


def test_what_only_counts_or_is_absent_stays() -> None:
    usage: Any = {"tokens": 12, "max_tokens": 9, "time_to_first_token": 0.2, "token": None, "password": False}
    words = {"key": "page", "keys": ["a"], "secretary": "Ann", "cookies_seen": 2, "output_key": "rows"}

    assert Redactor().value(usage | words) == usage | words


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MARK}"),
        ('{"authorization": "Basic dTpw"}', f'{{"authorization": "Basic {MARK}"}}'),
        ("got Bearer abcdefghijklmnop1234 back", f"got Bearer {MARK} back"),
        ("https://ann:hunter2@x.example/a", f"https://{MARK}@x.example/a"),
        ("https://x.example/?page=2&api_key=abc#top", f"https://x.example/?page=2&api_key={MARK}#top"),
        ("https://x.example/?a=1;token=abc&b=2", f"https://x.example/?a=1;token={MARK}&b=2"),
        ("https://x.example/?key=abc&b=2", f"https://x.example/?key={MARK}&b=2"),
        ("https://x.example/?b=2&X-Amz-Signature=0af1", f"https://x.example/?b=2&X-Amz-Signature={MARK}"),
        ("https://x.example/?sv=1&sig=a%2Fb%3D#top", f"https://x.example/?sv=1&sig={MARK}#top"),
        ("https://x.example/cb#access_token=abc", f"https://x.example/cb#access_token={MARK}"),
    ],
)
def test_a_secret_nobody_told_us_is_known_by_its_place(text: str, clean: str) -> None:
    assert Redactor().text(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "2013 Ford F-150, $6,900, ends in 9 hours",
        "the bearer of good news, basic information",
        "https://x.example/a?page=2&sort=price#top",
        "mail ann@x.example at 12:30",
        "https://x.example:8080/@user",
        "https://x.example/?monkey=1&keyboard=de&author=ann&design=a",
        "press key=enter, then sign=yes",
        "",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Redactor([CANARY, "none", ""]).text(text) == text


def test_a_short_word_is_no_secret() -> None:
    assert Redactor(["ollama", ""]).text("ollama run, ollama stop") == "ollama run, ollama stop"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redactor(["abcdefgh", "abcdefghijkl"]).text("<abcdefghijkl>") == f"<{MARK}>"


def test_a_value_deeper_than_any_json_is_cut() -> None:
    value: Any = CANARY
    for _ in range(5000):
        value = [value]

    assert "Canary" not in str(Redactor([CANARY]).value(value))


@pytest.mark.parametrize(
    "text", ["://a:a" * 60_000, "Bearer " * 50_000, "authorization" + " " * 300_000, "%25" * 100_000]
)
def test_a_hostile_text_is_read_in_time(text: str) -> None:
    assert Redactor(["%25%25%25%25%25x"]).text(text) is not None


def test_a_redactor_does_not_show_its_secrets() -> None:
    assert CANARY not in repr(Redactor([CANARY]))


def test_a_value_is_copied_not_changed() -> None:
    value: Any = {"a": [CANARY]}
    Redactor([CANARY]).value(value)

    assert value == {"a": [CANARY]}


def test_a_trace_keeps_its_place_but_not_its_secrets(make_trace: MakeTrace) -> None:
    trace = make_trace(
        input={"url": f"http://x/?q={quote(CANARY)}", "headers": {"Authorization": "x"}},
        output=[CANARY],
        expected_output={CANARY: 1},
        metadata={
            "error": ErrorRecord(code="a.b", message=CANARY, data={"k": CANARY}),
            "log": CANARY,
            "usage": {"tokens": 3},
        },
    )
    clean = Redactor([CANARY]).trace(trace)

    assert not holds(json.dumps(clean.as_json(), ensure_ascii=False), CANARY)
    assert (clean.trace_id, clean.task_id, clean.metadata.subtask_id) == ("t1", "r1", "look")
    assert clean.metadata.usage == {"tokens": 3}
    assert ExecutionTrace.model_validate(clean.as_json()) == clean


def test_a_run_keeps_its_shape_but_not_its_secrets() -> None:
    secret = "s3cret-word"
    step: Any = {
        "objective": f"use {secret}",
        "required_agent": "scrape",
        "dependencies": [],
        "input_keys": ["token"],
    }
    plan = load_plan(
        {
            "objective": secret * 300,
            "inputs": {"token": "abc", "note": secret},
            "subtasks": [
                {**step, "id": "get_token", "output_key": "my_token", "bind": {"api_key": {"literal": "x"}}},
                {
                    **step,
                    "id": "b",
                    "output_key": "b",
                    "bind": {"p": {"literal": [secret]}, "q": {"key": "token"}},
                },
            ],
        }
    )
    run = Run(
        run_id="r", objective=secret, state=RunState.RUNNING, plan=plan, subtasks={"get_token": "success"}
    )
    clean = Redactor([secret]).run(run)

    assert secret not in clean.model_dump_json()
    assert clean.plan is not None
    assert clean.plan.inputs == {"token": MARK, "note": MARK}
    assert [s.id for s in clean.plan.subtasks] == ["get_token", "b"]
    assert clean.plan.subtasks[0].bind["api_key"].literal == MARK
    assert Run.model_validate_json(clean.model_dump_json(exclude_unset=True)).subtasks == run.subtasks


def test_a_traces_output_goes_whole_under_a_sensitive_key(make_trace: MakeTrace) -> None:
    trace = make_trace(output={"a": "USERCANARY"})

    assert Redactor().trace(trace, output_key="api_key").output == MARK
    assert Redactor().trace(trace, output_key="page").output == trace.output


def test_a_trace_and_its_run_spell_a_subtask_alike(make_trace: MakeTrace) -> None:
    redactor = Redactor(["s3cret_word"])
    trace = make_trace(metadata={"subtask_id": "get_s3cret_word"})

    assert redactor.trace(trace).metadata.subtask_id == redactor.name("get_s3cret_word")
    assert "s3cret" not in redactor.name("get_s3cret_word")
