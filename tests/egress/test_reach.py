from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from contracts.errors import AttemptFailed, Refused
from contracts.policy import Policy
from egress.reach import Reach
from egress.resolve import SystemResolver, checked_addresses
from egress.target import parse_target
from tests.egress.site import ScriptedResolver, granted

ANYWHERE = Policy(hosts=("*",))
PUBLIC = "93.184.216.34"


async def addresses(url: str, policy: Policy, answers: list[list[str]], *, first: str = "") -> list[str]:
    reach = Reach.of(policy, parse_target(first or url))
    found = await checked_addresses(parse_target(url), reach, ScriptedResolver(answers))
    return [str(a) for a in found]


async def code(url: str, policy: Policy, answers: list[list[str]], *, first: str = "") -> str:
    with pytest.raises((Refused, AttemptFailed)) as caught:
        await addresses(url, policy, answers, first=first)
    return caught.value.code


async def test_a_public_name_connects_to_what_it_resolved_to() -> None:
    assert await addresses("https://shop.example/", ANYWHERE, [[PUBLIC, "2606:4700::1"]]) == [
        PUBLIC,
        "2606:4700::1",
    ]


async def test_a_name_is_resolved_once_and_its_next_answer_never_seen() -> None:
    resolver = ScriptedResolver([[PUBLIC], ["127.0.0.1"]])
    target = parse_target("http://rebind.example/")
    found = await checked_addresses(target, Reach.of(ANYWHERE, target), resolver)
    assert ([str(a) for a in found], resolver.asked) == ([PUBLIC], ["rebind.example:80"])


@pytest.mark.parametrize(
    "private", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:10.0.0.7", "fd00::1"]
)
async def test_one_private_address_among_public_ones_refuses_the_name(private: str) -> None:
    assert await code("http://mixed.example/", ANYWHERE, [[PUBLIC, private]]) == "egress.private_address"


async def test_a_host_nobody_named_is_refused_before_dns_hears_of_it() -> None:
    resolver = ScriptedResolver([[PUBLIC]])
    target = parse_target("http://other.example/")
    with pytest.raises(Refused) as caught:
        await checked_addresses(target, Reach.of(Policy(hosts=("shop.example",)), target), resolver)
    assert (caught.value.code, resolver.asked) == ("egress.host_not_allowed", [])


async def test_a_name_that_only_ends_like_an_allowed_one_is_refused() -> None:
    policy = Policy(hosts=("shop.example",))
    assert await code("http://evilshop.example/", policy, [[PUBLIC]]) == "egress.host_not_allowed"
    assert await addresses("http://www.shop.example/", policy, [[PUBLIC]]) == [PUBLIC]


@pytest.mark.parametrize("port", [0, 22, 25, 3306, 6379, 11211, 27017])
async def test_a_port_of_another_service_is_refused(port: int) -> None:
    assert await code(f"http://shop.example:{port}/", ANYWHERE, [[PUBLIC]]) == "egress.bad_port"


async def test_a_granted_endpoint_opens_its_address_and_even_an_odd_port() -> None:
    assert await addresses("http://127.0.0.1:6379/", granted("127.0.0.1:6379"), [[]]) == ["127.0.0.1"]


async def test_a_grant_opens_no_other_port_of_the_same_host() -> None:
    assert await code("http://127.0.0.1:8001/", granted("127.0.0.1:8000"), [[]]) == "egress.private_address"


async def test_a_granted_name_may_resolve_to_a_private_address() -> None:
    assert await addresses("http://wiki.corp:8080/", granted("wiki.corp:8080"), [["10.1.2.3"]]) == [
        "10.1.2.3"
    ]


async def test_a_granted_name_may_not_resolve_to_the_metadata_address() -> None:
    assert (
        await code("http://wiki.corp:80/", granted("wiki.corp:80"), [["169.254.169.254"]])
        == "egress.private_address"
    )


async def test_a_name_that_resolves_to_a_granted_address_is_refused_all_the_same() -> None:
    policy = granted("127.0.0.1:8000", hosts=["*"])
    assert await code("http://rebind.example:8000/", policy, [["127.0.0.1"]]) == "egress.private_address"


async def test_localhost_stands_for_the_loopback_addresses_that_are_granted() -> None:
    policy = granted("127.0.0.1:8000", hosts=["localhost"])
    assert await addresses("http://localhost:8000/", policy, [["203.0.113.1"]]) == ["127.0.0.1"]
    assert await code("http://localhost:8001/", policy, [[]]) == "egress.private_address"


async def test_from_a_public_page_a_granted_host_stays_closed() -> None:
    policy = granted("127.0.0.1:8000", hosts=["*"])
    assert (
        await code("http://127.0.0.1:8000/", policy, [[]], first="http://shop.example/")
        == "egress.private_address"
    )


async def test_from_a_granted_page_the_same_host_is_open_at_its_granted_ports_only() -> None:
    policy = granted("127.0.0.1:8000", "127.0.0.1:9000", "10.0.0.1:80")
    first = "http://127.0.0.1:8000/"
    assert await addresses("http://127.0.0.1:9000/", policy, [[]], first=first) == ["127.0.0.1"]
    assert await code("http://10.0.0.1/", policy, [[]], first=first) == "egress.private_address"


@pytest.mark.parametrize("answer", [[], ["not an address"], [f"1.1.{n}.1" for n in range(80)]])
async def test_a_resolver_that_answers_nonsense_is_a_dns_failure(answer: list[str]) -> None:
    assert await code("http://odd.example/", ANYWHERE, [answer]) == "egress.dns"


class _Failing:
    def __init__(self, error: OSError) -> None:
        self._error = error

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        raise self._error


@pytest.mark.parametrize(("errno", "retryable"), [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)])
async def test_only_a_silent_dns_server_is_worth_asking_again(errno: int, retryable: bool) -> None:  # noqa: FBT001  # a parameter
    target = parse_target("http://gone.example/")
    resolver = _Failing(socket.gaierror(errno, "no"))
    with pytest.raises(AttemptFailed) as caught:
        await checked_addresses(target, Reach.of(ANYWHERE, target), resolver)
    assert (caught.value.code, caught.value.retryable) == ("egress.dns", retryable)


async def test_the_machines_resolver_knows_the_machine() -> None:
    found = {ip_address(a) for a in await SystemResolver().resolve("localhost", 80)}
    assert all(a.is_loopback for a in found)
    assert found
