from __future__ import annotations

from ipaddress import ip_address

import pytest

from egress.address import is_grantable_by_name, is_public, read_address

PUBLIC = ["1.1.1.1", "93.184.216.34", "168.63.129.15", "2606:4700::1111", "2a00:1450::1", "64:ff9b::101:101"]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_unicast_address_passes(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_that_is_not_public_unicast_is_stopped(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "text", ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "0.0.0.0", "224.0.0.1", "fe80::1"]
)
def test_no_grant_of_a_name_opens_metadata_and_link_local_addresses(text: str) -> None:
    assert not is_grantable_by_name(ip_address(text))


@pytest.mark.parametrize("text", ["127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fd12::1"])
def test_a_grant_of_a_name_opens_ordinary_private_addresses(text: str) -> None:
    assert is_grantable_by_name(ip_address(text))


def test_a_mapped_address_reads_as_the_one_inside() -> None:
    assert read_address("[::ffff:7f00:1]") == ip_address("127.0.0.1")


def test_a_name_reads_as_no_address() -> None:
    assert read_address("example.com") is None
