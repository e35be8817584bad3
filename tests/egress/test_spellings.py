"""No spelling of a private address passes, whoever reads it."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_network

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.errors import Refused
from contracts.policy import Policy
from egress.address import is_public, read_address
from egress.reach import Reach
from egress.target import Target, parse_target
from tests.egress.site import granted

ANYWHERE = Policy(hosts=("*",))
PRIVATE_BLOCKS = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
]
PRIVATE_V4 = st.one_of([st.ip_addresses(network=block) for block in PRIVATE_BLOCKS])
PRIVATE_V6 = st.one_of(
    [
        st.ip_addresses(network=block)
        for block in ("fc00::/7", "fe80::/10", "::ffff:10.0.0.0/104", "64:ff9b::7f00:0/104")
    ]
) | st.just(IPv6Address("::1"))
FULL_WIDTH = str.maketrans("0123456789.", "".join(map(chr, range(0xFF10, 0xFF1A))) + "\u3002")


@st.composite
def spellings(
    draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address | IPv6Address]
) -> tuple[IPv4Address, str]:
    """An IPv4 address and one of the ways a browser or a resolver would read."""
    address = IPv4Address(int(draw(addresses)))
    count = draw(st.integers(1, 4))
    value, shift = int(address), 8 * (5 - count)
    parts = [(value >> (24 - 8 * n)) & 0xFF for n in range(count - 1)] + [value & ((1 << shift) - 1)]
    text = ".".join(
        draw(st.sampled_from(("{}", "0x{:x}", "0X{:X}", "0{:o}", "0x00{:x}"))).format(p) for p in parts
    )
    match draw(st.sampled_from(["plain", "percent", "wide", "dot"])):
        case "percent":
            text = "".join(f"%{ord(c):02x}" if draw(st.booleans()) else c for c in text)
        case "wide":
            text = text.translate(FULL_WIDTH)
        case "dot":
            text += "."
    return address, text


def refused(url: str) -> str:
    target = parse_target(url)
    with pytest.raises(Refused) as caught:
        Reach.of(ANYWHERE, target).check_name(target)
    return caught.value.code


@given(
    spelt=spellings(PRIVATE_V4),
    port=st.sampled_from(["", ":80", ":8080"]),
    scheme=st.sampled_from(["http", "HTTPS"]),
)
def test_no_spelling_of_a_private_ipv4_address_passes(
    spelt: tuple[IPv4Address, str], port: str, scheme: str
) -> None:
    address, text = spelt
    assert parse_target(f"{scheme}://{text}{port}/").address == address
    assert refused(f"{scheme}://{text}{port}/") == "egress.private_address"


@given(spelt=spellings(st.ip_addresses(v=4)))
def test_every_spelling_of_an_address_is_the_address_ipaddress_knows(spelt: tuple[IPv4Address, str]) -> None:
    address, text = spelt
    target = parse_target(f"http://{text}/")
    assert (target.host, target.address) == (str(address), address)


@given(address=PRIVATE_V6, form=st.sampled_from(["compressed", "exploded", "upper", "dotted"]))
def test_no_spelling_of_a_private_ipv6_address_passes(address: IPv6Address, form: str) -> None:
    low = IPv4Address(int(address) & 0xFFFF_FFFF)
    texts = {
        "compressed": address.compressed,
        "exploded": address.exploded,
        "upper": address.exploded.upper(),
        "dotted": f"{address.exploded[:29]}:{low}",
    }
    assert refused(f"http://[{texts[form]}]/") == "egress.private_address"


NUMBER = r"(0[xX][0-9a-fA-F]{0,9}|[0-9]{1,11})"


@given(host=st.from_regex(rf"{NUMBER}(\.{NUMBER}){{0,3}}", fullmatch=True))
@example("127.1")
@example("0177.1")
@example("0x7f.0x1")
@example("0x.0x.0x.0x")
@example("010.0.0.1")
def test_a_host_the_c_library_reads_as_an_address_is_never_taken_for_a_name(host: str) -> None:
    try:
        value = socket.inet_aton(host)
    except OSError:
        return  # no address to the resolver either
    with suppress(Refused):
        assert parse_target(f"http://{host}/").address == IPv4Address(value)


@given(host=st.text(max_size=20))
def test_a_host_is_read_as_the_url_standard_reads_it_or_refused(host: str) -> None:
    url = f"http://{host}/"
    try:
        target = parse_target(url)
    except Refused:
        return
    seen = ada_url.URL(url)
    assert read_address(seen.hostname.removesuffix(".")) == target.address
    if target.address is None:
        assert target.host == seen.hostname.removesuffix(".")


def canonical(target: Target) -> tuple[str, str, int, str]:
    return target.scheme, target.host, target.port, target.path


@given(url=st.text(max_size=40) | st.text(max_size=20).map("http://h.example/".__add__))
def test_reading_a_url_twice_is_reading_it_once(url: str) -> None:
    try:
        target = parse_target(url)
    except Refused:
        return
    assert canonical(parse_target(target.url)) == canonical(target)
    assert (target.host.isascii(), target.path[:1], "#" in target.url) == (True, "/", False)


@given(address=st.ip_addresses())
def test_what_counts_as_public_is_public_to_ipaddress_too(address: IPv4Address | IPv6Address) -> None:
    nat64 = address.version == 6 and address in ip_network("64:ff9b::/96")
    if is_public(address) and not nat64:
        assert address.is_global
        assert not address.is_multicast


@given(address=st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: IPv4Address) -> None:
    for block in ("::ffff:0:0", "64:ff9b::"):
        assert is_public(IPv6Address(int(IPv6Address(block)) | int(address))) == is_public(address)


@given(spelt=spellings(st.ip_addresses(network="127.0.0.0/8")))
def test_a_grant_opens_its_address_in_every_spelling_and_no_neighbour(spelt: tuple[IPv4Address, str]) -> None:
    address, text = spelt
    target = parse_target(f"http://{text}:8000/")
    Reach.of(granted(f"{address}:8000"), target).check_name(target)
    neighbour = IPv4Address(int(address) ^ 1)
    with pytest.raises(Refused):
        Reach.of(granted(f"{neighbour}:8000"), target).check_name(target)
