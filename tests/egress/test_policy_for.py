from __future__ import annotations

import pytest

from contracts.policy import FetchLimits, Grant
from egress.policy_for import hosts_in, policy_from


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (
            "find trucks on https://www.Auction.example/list?q=1, ending soon",
            ("www.auction.example", "auction.example"),
        ),
        ("compare (http://a.example) and <http://b.example:8080/x>.", ("a.example", "b.example")),
        ("see http://127.0.0.1:8000/ and http://[::1]:8000/", ("127.0.0.1", "::1")),
        ("twice https://a.example/1 https://a.example/2", ("a.example",)),
        ("http://0x7f.1/ is loopback spelt oddly", ("127.0.0.1",)),
        ("https://www.example", ("www.example",)),
        ("“https://bücher.example” he said", ("xn--bcher-kva.example",)),
        ("example.com, ftp://a.example and http://u:p@b.example/ and http://[ name none", ()),
        ("", ()),
    ],
)
def test_the_hosts_of_the_urls_in_a_text_are_named_once_in_order(text: str, hosts: tuple[str, ...]) -> None:
    assert hosts_in(text) == hosts


def test_a_text_of_endless_urls_names_a_bounded_number() -> None:
    assert len(hosts_in(" ".join(f"http://h{n}.example" for n in range(5000)))) == 200


def test_a_url_without_end_is_read_in_bounded_time() -> None:
    assert hosts_in("http://" + "a" * 1_000_000) == ()


def test_a_policy_reaches_what_its_texts_name_and_the_grants_allow() -> None:
    grant = Grant(kind="private_host", value="127.0.0.1:8000", by="--allow-private")
    limits = FetchLimits(timeout_s=5)
    policy = policy_from("look at http://a.example", "https://b.example", grants=[grant], limits=limits)
    assert policy.hosts == ("a.example", "b.example")
    assert (policy.private_hosts(), policy.limits) == (frozenset({"127.0.0.1:8000"}), limits)


def test_a_text_without_urls_reaches_nothing() -> None:
    assert not policy_from("find me a truck").allows_name("example.com")
