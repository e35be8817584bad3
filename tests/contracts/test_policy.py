"""What a run may reach: names match whole labels, grants come from the operator, everything else is denied."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.policy import FetchLimits, Grant, Policy


def grant(kind: Any, value: str) -> Grant:
    return Grant(kind=kind, value=value, by="--allow")


@pytest.mark.parametrize(
    ("hosts", "host", "is_within"),
    [
        ((), "lots.example", False),
        (("lots.example",), "lots.example", True),
        (("lots.example",), "www.lots.example", True),
        (("lots.example",), "a.b.lots.example", True),
        (("LOTS.Example",), "www.lots.example", True),
        (("lots.example",), "evillots.example", False),
        (("lots.example",), "lots.example.evil.test", False),
        (("lots.example",), "example", False),
        (("www.lots.example",), "lots.example", False),
        (("lots.example",), "", False),
        (("*",), "anything.test", True),
        (("*.lots.example",), "www.lots.example", False),
        (("10.0.0.1",), "10.0.0.1", True),
        (("10.0.0.1",), "110.0.0.1", False),
        (("xn--bcher-kva.example",), "xn--bcher-kva.example", True),
        (("a.example", "b.example"), "x.b.example", True),
    ],
)
def test_a_name_covers_itself_and_what_lies_under_it(
    hosts: tuple[str, ...], host: str, *, is_within: bool
) -> None:
    assert Policy(hosts=hosts).allows_name(host) is is_within


LABELS = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)


@settings(max_examples=60)
@given(st.lists(LABELS, min_size=1, max_size=3), st.lists(LABELS, max_size=3))
def test_what_a_host_covers_depends_on_whole_labels_alone(own: list[str], more: list[str]) -> None:
    policy = Policy(hosts=(".".join(own),))
    assert policy.allows_name(".".join([*more, *own]))
    assert not policy.allows_name("x" + ".".join(own))
    assert not policy.allows_name(".".join([*own, "zzzzzzz"]))


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("Site.Local:80", "site.local"),
        ("host:1", "sub.host"),
    ],
)
def test_a_private_host_that_was_granted_may_be_named(value: str, host: str) -> None:
    policy = Policy(grants=(grant("private_host", value),))
    assert policy.allows_name(host)
    assert not Policy(grants=(grant("folder", value),)).allows_name(host)


def test_a_granted_host_is_named_like_one_of_the_objectives_own() -> None:
    policy = Policy(grants=(grant("host", "Lots.example"),))
    assert policy.allows_name("www.lots.example")
    assert not policy.allows_name("other.example")


def test_a_private_host_keeps_its_port_and_loses_its_case() -> None:
    policy = Policy(grants=(grant("private_host", "LocalHost:8080"), grant("host", "LocalHost:9")))
    assert policy.private_hosts() == {"localhost:8080"}


def test_folders_are_those_granted_in_their_order_with_their_case() -> None:
    grants = (grant("folder", "/B"), grant("host", "/no"), grant("folder", "/a"))
    assert Policy(grants=grants).folders() == ("/B", "/a")


def test_nothing_is_granted_unless_somebody_says_so() -> None:
    policy = Policy()
    assert (policy.private_hosts(), policy.folders(), policy.allows_name("localhost")) == (
        frozenset(),
        (),
        False,
    )


@pytest.mark.parametrize(
    "document",
    [
        {"hosts": "lots.example"},
        {"grants": [{"kind": "everything", "value": "*", "by": "x"}]},
        {"grants": [{"kind": "host", "value": "x"}]},
        {"grants": [{"kind": "host", "value": "x", "by": "y", "until": 1}]},
        {"limits": {"wire_bytes": 0}},
        {"limits": {"decoded_bytes": -1}},
        {"limits": {"timeout_s": 0}},
        {"limits": {"redirects": -1}},
        {"limits": {"speed": 1}},
        {"allow": "*"},
    ],
)
def test_a_policy_that_says_something_else_is_refused_and_never_read_as_open(document: Any) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(document)


def test_a_policy_comes_back_from_its_json_as_it_was() -> None:
    policy = Policy(
        hosts=("a.example", "*"),
        grants=(grant("private_host", "localhost:1"), grant("folder", "/tmp/ü")),
        limits=FetchLimits(wire_bytes=1, timeout_s=0.5, redirects=0),
    )
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_nobody_can_widen_a_policy_in_hand() -> None:
    policy: Any = Policy(hosts=("a.example",))
    with pytest.raises(ValidationError, match="frozen"):
        policy.hosts = ("*",)
    with pytest.raises(ValidationError, match="frozen"):
        policy.limits.redirects = 99
