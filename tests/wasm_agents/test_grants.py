"""What a call may do: the manifest, the operator and the run must all allow it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from inline_snapshot import snapshot

from contracts.policy import Grant, Policy
from tests.wasm_agents.offered import asking
from wasm_agents.grants import Granted, OperatorPolicy, SecretSource, grant
from wasm_agents.http_rules import HttpRule, parse_rule
from wasm_agents.limits import CEILINGS, GuestLimits

URL = "https://api.example.com/v1/a"
WORD = "Bearer a-secret-of-some-length"
ANYWHERE = Policy(hosts=("*",))
EVERYTHING = OperatorPolicy(
    http=(parse_rule("GET|POST https://api.example.com"), parse_rule("http://127.0.0.1:8000")),
    kv="all",
    llm=("*",),
    real_clock=True,
    os_random=True,
    secrets={"token": SecretSource(("api.example.com", "127.0.0.1"), WORD)},
)
ASKED: dict[str, Any] = {
    "http": [{"host": "*.example.com", "path": "/v1/", "methods": ["GET", "DELETE"]}],
    "kv": [{"namespace": "notes"}, {"namespace": "log", "access": "rw", "quota_bytes": 10}],
    "llm": [{"models": ["small", "large"], "max_tokens": 50}],
    "secrets": [{"name": "token", "hosts": ["api.example.com"]}],
    "clock": "real",
    "random": "os",
}


def granted(
    operator: OperatorPolicy = EVERYTHING,
    policy: Policy = ANYWHERE,
    allowance: dict[str, int] | None = None,
    **asked: Any,
) -> Granted:
    return grant(asking(**(asked or ASKED)), operator=operator, policy=policy, allowance=allowance or {})


def test_who_asks_for_nothing_is_granted_nothing() -> None:
    found = grant(asking(), operator=EVERYTHING, policy=ANYWHERE, allowance={})
    assert found == Granted()
    assert found.allows_http("GET", URL)
    assert found.allows_kv("notes", write=False)
    assert found.allows_llm("small")


def test_an_operator_who_says_nothing_denies_everything_and_each_denial_has_its_reason() -> None:
    found = granted(OperatorPolicy())
    assert replace(found, denied=()) == Granted()
    assert found.denied == snapshot(
        (
            "http DELETE|GET https://*.example.com/v1/: the operator's guests.allow_http has no such request",
            "kv notes: not in the operator's guests.allow_kv",
            "kv log: not in the operator's guests.allow_kv",
            "llm small: not in the operator's guests.allow_llm",
            "llm large: not in the operator's guests.allow_llm",
            "secret token: no secret of the operator's",
            "real: the operator does not allow it, so it is virtual",
            "os: the operator does not allow it, so it is seed",
        )
    )


def test_what_all_three_allow_is_granted_and_no_more() -> None:
    found = granted()
    assert [str(rule) for rule in found.http] == ["GET https://api.example.com/v1/"]
    assert (found.clock, found.random, found.denied) == ("real", "os", ())
    assert found.allows_http("GET", URL) == ""
    assert found.allows_http("POST", URL)
    assert found.allows_http("DELETE", URL)
    assert found.allows_http("GET", "https://b.example.com/v1/a")


def test_a_run_that_names_no_host_reaches_none() -> None:
    found = granted(policy=Policy())
    assert (found.http, found.secrets) == ((), ())
    assert "the run may not reach that host" in found.denied[0]


@pytest.mark.parametrize(
    ("policy", "is_reached"),
    [
        (Policy(hosts=("example.com",)), True),
        (Policy(hosts=("API.example.com",)), True),
        (Policy(hosts=("other.example.com",)), False),
        (Policy(grants=(Grant(kind="host", value="example.com", by="t"),)), True),
        (Policy(grants=(Grant(kind="folder", value="api.example.com", by="t"),)), False),
    ],
)
def test_the_runs_own_hosts_narrow_what_is_granted(policy: Policy, *, is_reached: bool) -> None:
    assert (granted(policy=policy).allows_http("GET", URL) == "") == is_reached


def test_a_private_host_needs_the_run_s_grant_too() -> None:
    asked: dict[str, Any] = {"http": [{"scheme": "http", "host": "127.0.0.1", "port": 8000}]}
    private = Policy(grants=(Grant(kind="private_host", value="127.0.0.1:8000", by="t"),))
    assert granted(policy=private, **asked).allows_http("GET", "http://127.0.0.1:8000/") == ""
    assert granted(policy=Policy(), **asked).allows_http("GET", "http://127.0.0.1:8000/")


def test_a_namespace_is_written_only_where_writing_was_asked_for() -> None:
    found = granted()
    assert found.allows_kv("notes", write=False) == ""
    assert found.allows_kv("notes", write=True)
    assert found.allows_kv("log", write=True) == ""
    assert found.allows_kv("other", write=False)
    rule = found.kv_rule("log")
    assert rule is not None
    assert rule.quota_bytes == 10


def test_an_operators_list_narrows_namespaces_and_models() -> None:
    found = granted(replace(EVERYTHING, kv=("log",), llm=("large", "other")))
    assert [rule.namespace for rule in found.kv] == ["log"]
    assert (found.max_tokens("large"), found.max_tokens("small"), found.max_tokens("other")) == (50, 0, 0)


def test_a_secret_goes_to_granted_hosts_alone() -> None:
    found = granted()
    assert found.headers_for(URL) == {"Authorization": WORD}
    assert found.headers_for("https://b.example.com/") == {}
    assert found.headers_for("http://api.example.com/") == {}
    assert found.headers_for("no address") == {}


def test_the_operators_hosts_bound_a_secret_whatever_the_manifest_says() -> None:
    elsewhere = replace(EVERYTHING, secrets={"token": SecretSource(("other.test",), WORD)})
    assert granted(elsewhere).secrets == ()
    unset = replace(EVERYTHING, secrets={"token": SecretSource(("api.example.com",), "")})
    assert granted(unset).denied == ("secret token: its variable is not set",)


def test_a_secret_may_go_to_this_machine_without_tls() -> None:
    asked: dict[str, Any] = {
        "http": [{"scheme": "http", "host": "127.0.0.1", "port": 8000}],
        "secrets": [{"name": "token", "hosts": ["127.0.0.1"], "header": "X-Key"}],
    }
    assert granted(**asked).headers_for("http://127.0.0.1:8000/") == {"X-Key": WORD}


def test_no_trace_and_no_repr_holds_a_secrets_value() -> None:
    found = granted()
    assert WORD not in json.dumps(found.as_json())
    assert WORD not in repr(found)
    assert WORD not in repr(EVERYTHING)


def test_a_trace_records_what_was_granted() -> None:
    found = granted(http=[{"host": "api.example.com"}], clock="real").as_json()
    assert found.pop("limits") == asdict(GuestLimits())
    assert found == snapshot(
        {
            "http": [
                {"scheme": "https", "host": "api.example.com", "port": 443, "methods": ["GET"], "path": "/"}
            ],
            "kv": [],
            "llm": [],
            "secrets": [],
            "clock": "real",
            "random": "seed",
            "denied": [],
        }
    )


@pytest.mark.parametrize(
    ("ceilings", "allowance", "expected"),
    [
        ({}, {}, {}),
        ({"fuel": 10, "wall_ms": 7}, {}, {"fuel": 10, "wall_ms": 7}),
        ({"fuel": 10}, {"fuel": 5}, {"fuel": 5}),
        ({"fuel": 5}, {"fuel": 10}, {"fuel": 5}),
        ({}, {"fuel": 0, "bytes": -1, "requests": 1}, {"fuel": 1, "egress_bytes": 0}),
        ({name: most for name, (_, most) in CEILINGS.items()}, {"fuel": 10**15, "bytes": 10**15}, {}),
    ],
)
def test_limits_are_the_least_of_manifest_operator_and_budget(
    ceilings: dict[str, int], allowance: dict[str, int], expected: dict[str, int]
) -> None:
    found = granted(replace(EVERYTHING, ceilings=ceilings), allowance=allowance)
    assert found.limits == replace(GuestLimits(), **expected)


def test_a_redirect_is_asked_about_like_a_first_request() -> None:
    found = Granted(http=(HttpRule("https", "a.example", 443),))
    hops = ["https://a.example/x", "https://b.example/x", "http://a.example/x", "https://a.example:444/x"]
    assert [found.allows_http("GET", hop) == "" for hop in hops] == [True, False, False, False]
