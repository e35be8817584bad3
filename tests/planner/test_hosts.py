"""Whatever those who fetch would read as a URL names a host here."""

from __future__ import annotations

from typing import Any

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.card import AgentCard
from contracts.hosts import hosts_in, hosts_named
from contracts.structure import seal
from egress.policy_for import hosts_in as hosts_granted
from planner.validation import check
from tests.planner.test_validation import codes, plan_of, step

EVIL = [
    "https:/evil.example/",
    "https:evil.example",
    "https:///evil.example/x",
    "HTTP:\\\\evil.example\\x",
    "http:\\evil.example",
    "ht\ntps://evil.example/",
    "https:/\t/evil\r.example/",
    " \x00https://evil.example/",
    "\u00a0https://evil.example/",
    "https://x.test@evil.example/",
    "https://x.test:x@evil.example:8080/",
    "https://evil.example\\@x.test/",
    "https://evil.example#@x.test/",
    "https://evil.example?@x.test/",
    "https:/x.test^@evil.example/",
    "https:evil.example.",
    "http:x.test%2eevil.example/",
    "http:x.test\u3002evil.example/",
    "http:0x7f.1",
    "http:[::1]:80/",
]


@pytest.mark.parametrize("text", EVIL)
def test_no_spelling_of_a_url_hides_its_host(text: str, cards: tuple[AgentCard, ...]) -> None:
    assert hosts_in(text) - {"x.test"}
    found = codes(plan_of(step(bind={"url": {"literal": text}})), cards, allowed_hosts={"x.test"})
    assert set(found) == {("plan.url_not_allowed", "/subtasks/0/bind/url/literal")}


@pytest.mark.parametrize(
    "text",
    [
        "https:/x.test/a",
        "https:x.test",
        "HTTP:\\\\X.TEST\\a",
        " https://x.test:8443/\n",
        "https://x.test./?q=http%3A%2F%2Fevil.example",
        "https://evil@x.test/",
        "https:",
        "http: a protocol",
        "the https:// scheme",
        "evil.example/path, //evil.example and ftp://evil.example",
        "Read https://x.test/a, then (see http://x.test).",
        "“https://x.test”",
        "",
    ],
)
def test_an_allowed_host_and_plain_words_stay(text: str, cards: tuple[AgentCard, ...]) -> None:
    document = plan_of(step(agent="wasm:echo", objective=text or "o", bind={"what": {"literal": [text]}}))
    assert codes(document, cards, allowed_hosts={"x.test", ""}) == []


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"objective": "Look at https://evil.example/ too"}, "/subtasks/0/objective"),
        ({"objective": "use:https:/evil.example/,x"}, "/subtasks/0/objective"),
        ({"objective": "'https://evil.example'@x.test"}, "/subtasks/0/objective"),
        ({"output_schema": {"$comment": "https://evil.example"}}, "/subtasks/0/output_schema"),
        (
            {"bind": {"https://evil.example/": {"literal": 1}}},
            "/subtasks/0/bind/https:~1~1evil.example~1/literal",
        ),
        ({"bind": {"a": {"literal": {"https://evil.example/": 1}}}}, "/subtasks/0/bind/a/literal"),
    ],
)
def test_no_word_of_a_subtask_names_another_host(
    cards: tuple[AgentCard, ...], part: dict[str, Any], pointer: str
) -> None:
    document = plan_of(step(**{"agent": "wasm:echo", "bind": {}, **part}))
    assert codes(document, cards, allowed_hosts={"x.test"}) == [("plan.url_not_allowed", pointer)]


def test_what_a_planner_says_of_itself_names_no_host(cards: tuple[AgentCard, ...]) -> None:
    document = seal({**plan_of(step()), "origin": {"planner": "llm", "model": "https://evil.example/m"}})
    (problem,) = check(document, cards, allowed_hosts={"x.test"})
    assert (problem.code, problem.pointer) == ("plan.url_not_allowed", "/origin")


def test_many_foreign_hosts_are_bounded_in_number(cards: tuple[AgentCard, ...]) -> None:
    literal = [f"http://h{n}.example" for n in range(5000)]
    document = plan_of(step(agent="wasm:echo", bind={"a": {"literal": literal}}))
    assert len(check(document, cards, allowed_hosts=set())) == 100


_PIECES = st.sampled_from(
    [
        "http",
        "https",
        "HTTPS",
        ":",
        "/",
        "//",
        "\\",
        "@",
        "x.test",
        "evil.example",
        "?",
        "#",
        "\t",
        "\n",
        " ",
        ".",
        "a",
    ]
)


@given(st.lists(_PIECES, max_size=10).map("".join), st.sampled_from(["", "https:", "http:/"]))
def test_what_a_browser_reads_as_a_url_always_names_a_host(text: str, start: str) -> None:
    try:
        url = ada_url.URL(start + text)
    except ValueError:
        return
    if url.protocol in {"http:", "https:"}:
        assert hosts_in(start + text) == {url.hostname.removesuffix(".")}


@given(st.lists(_PIECES | st.sampled_from(["'", '"', "^", "(", ")", ","]), max_size=12).map("".join))
def test_every_host_a_policy_would_grant_is_named(text: str) -> None:
    assert {h for h in hosts_granted(text) if "." in h} <= hosts_named(text)
