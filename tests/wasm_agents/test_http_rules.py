"""Which requests a rule covers, and how rules meet: no spelling of a URL gets past one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress.target import parse_target
from wasm_agents.grants import Granted
from wasm_agents.http_rules import HttpRule, host_covers, parse_rule, shared, within
from wasm_agents.manifest_checks import narrower_host

V1 = Granted(http=(HttpRule("https", "api.example.com", 443, ("GET", "POST"), "/v1/"),))
HOSTS = (
    "example.com",
    "a.example.com",
    "b.a.example.com",
    "example.org",
    "xexample.com",
    "127.0.0.1",
    "[::1]",
)
PATTERNS = (*HOSTS, "*.example.com", "*.a.example.com", "*.example.org")
PATHS = ("/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/b")
ENDS = (*PATHS, "/*", "/a*", "/a/*", "/a/b*")

rules = st.builds(
    HttpRule,
    st.sampled_from(["http", "https"]),
    st.sampled_from(PATTERNS),
    st.sampled_from([80, 443]),
    st.sampled_from([("GET",), ("GET", "POST"), ("POST",)]),
    st.sampled_from(ENDS),
)
requests = st.tuples(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.builds(
        "{}://{}:{}{}".format,
        st.sampled_from(["http", "https"]),
        st.sampled_from(HOSTS),
        st.sampled_from([80, 443]),
        st.sampled_from(PATHS),
    ),
)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1/",
        "https://api.example.com/v1/users?id=../../admin",
        "https://API.Example.COM:443/v1/a",
        "https://api.example.com./v1/a",
        "https://api.example.com/v1/x/../a",
        "https://api.example.com/v0/../v1/a#fragment",
        "https://ap%69.example.com/v1/caf%C3%A9",
        "https://api.example.com/v1//a",
    ],
)
def test_spellings_of_an_allowed_request_are_allowed(url: str) -> None:
    assert V1.allows_http("GET", url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/",
        "https://api.example.com/v1",
        "https://api.example.com/v10/",
        "https://api.example.com/V1/",
        "https://api.example.com/v1/../admin",
        "https://api.example.com/v1/%2e%2e/admin",
        "https://api.example.com/v1/%2E./admin",
        "https://api.example.com/v1/..%2fadmin",
        "https://api.example.com/v1/..%2Fadmin",
        "https://api.example.com/v1/%252e%252e/admin",
        "https://api.example.com/v1/..;/admin",
        "https://api.example.com/v1/.;x/admin",
        "https://api.example.com/v1/..%5cadmin",
        "https://api.example.com\\v1\\..\\admin",
        "https://api.example.com/v1/%00",
        "https://api.example.com/v1/%c0%ae%c0%ae/admin",
        "https://api.example.com/%76%31/a",
        "http://api.example.com/v1/",
        "https://api.example.com:8443/v1/",
        "https://example.com/v1/",
        "https://x.api.example.com/v1/",
        "https://api.example.com.evil.test/v1/",
        "https://evil.test/https://api.example.com/v1/",
        "https://api.example.com@evil.test/v1/",
        "https://user:word@api.example.com/v1/",
        "https://api.example.com:443@evil.test/v1/",
        "https://evil.test#@api.example.com/v1/",
        "https://evil.test\\@api.example.com/v1/",
        "https://\N{FULLWIDTH LATIN SMALL LETTER A}pi.example.com.evil.test/v1/",
        "https://xn--api-.example.com/v1/",
        "//api.example.com/v1/",
        "api.example.com/v1/",
        "file:///v1/",
        "ftp://api.example.com/v1/",
        "https://",
        "",
        "https://api.example.com/v1/" + "a" * 9000,
    ],
)
def test_no_other_spelling_gets_past_a_rule(url: str) -> None:
    assert V1.allows_http("GET", url)


@pytest.mark.parametrize("method", ["get", "DELETE", "", "GET ", "GET\r\n", "CONNECT"])
def test_a_method_is_allowed_only_as_it_stands(method: str) -> None:
    assert V1.allows_http(method, "https://api.example.com/v1/")


def test_a_full_width_host_is_the_host_it_is_read_as() -> None:
    assert V1.allows_http("GET", "https://\N{FULLWIDTH LATIN SMALL LETTER A}pi.example.com/v1/") == ""


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "127.0.0.1", "%31%32%37.0.0.1"])
def test_every_spelling_of_an_address_is_that_address(host: str) -> None:
    local = Granted(http=(parse_rule("http://127.0.0.1"),))
    assert local.allows_http("GET", f"http://{host}/x") == ""
    assert V1.allows_http("GET", f"https://{host}/v1/")


def test_an_odd_path_is_inside_a_rule_for_the_whole_host_alone() -> None:
    whole = Granted(http=(parse_rule("https://a.example"),))
    assert whole.allows_http("GET", "https://a.example/v1/..%2fx") == ""


def test_a_wildcard_covers_what_is_below_it_and_not_itself() -> None:
    covered = [host for host in HOSTS if host_covers("*.example.com", host)]
    assert covered == ["a.example.com", "b.a.example.com"]
    assert not host_covers("*.example.com", "*.example.com")


@given(rules, rules, requests)
def test_what_two_rules_share_is_what_both_allow(
    one: HttpRule, other: HttpRule, request: tuple[str, str]
) -> None:
    both = all(Granted(http=(rule,)).allows_http(*request) == "" for rule in (one, other))
    assert (Granted(http=shared([one], [other])).allows_http(*request) == "") == both


@given(rules, st.lists(st.sampled_from(["example.com", "a.example.com", "127.0.0.1", "::1", "*"])), requests)
def test_rules_within_a_run_reach_what_both_reach(
    rule: HttpRule, names: list[str], request: tuple[str, str]
) -> None:
    host = parse_target(request[1]).host.strip("[]")
    is_reached = any(n in ("*", host) or host.endswith(f".{n}") for n in names)
    allowed = Granted(http=(rule,)).allows_http(*request) == ""
    assert (Granted(http=within([rule], names)).allows_http(*request) == "") == (allowed and is_reached)


@given(st.sampled_from(PATTERNS), st.sampled_from(PATTERNS), st.sampled_from(HOSTS))
def test_the_narrower_pattern_covers_what_both_cover(one: str, other: str, host: str) -> None:
    met = narrower_host(one, other)
    assert bool(met and host_covers(met, host)) == (host_covers(one, host) and host_covers(other, host))


@pytest.mark.parametrize(
    ("line", "spelled"),
    [
        ("https://api.example.com", "GET|HEAD https://api.example.com/"),
        ("POST|GET https://API.example.com:443/v1/", "GET|POST https://api.example.com/v1/"),
        ("DELETE http://127.0.0.1:8000/a*", "DELETE http://127.0.0.1:8000/a*"),
        ("https://*.example.com/x", "GET|HEAD https://*.example.com/x"),
        ("http://[::1]:80/", "GET|HEAD http://[::1]/"),
    ],
)
def test_an_operators_line_is_read_as_a_rule(line: str, spelled: str) -> None:
    assert str(parse_rule(line)) == spelled


@pytest.mark.parametrize(
    "line",
    [
        *("", "*", "https://*", "https://*.com", "https://*.127.0.0.1", "https://a*.example.com", "api.example.com"),
        *("ftp://a.example", "get https://a.example", "GET,POST https://a.example", "https://u:p@a.example"),
        *("https://a.example/../x", "https://a.example/%2e", "https://a.example/*/x", "https://a.example/x?y"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_rule_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"rule|path|host|methods"):
        parse_rule(line)
