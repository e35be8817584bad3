"""Which addresses are the public internet, and which no grant by name may open.

The lists are spelt out rather than left to `ipaddress.is_global`, whose answer
changes with the Python release and which knows no cloud's metadata address.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

# IANA special-purpose registry (RFC 6890 and its updates), plus Azure's virtual
# public address 168.63.129.16, which is answered by the host machine.
_NOT_PUBLIC_V4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_UNICAST_V6: Final = IPv6Network("2000::/3")
# 2001::/23 holds Teredo and ORCHID, 2002::/16 is 6to4: both carry another
# address inside. 3fff::/20 and 2001:db8::/32 are for documentation.
_NOT_PUBLIC_V6: Final = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64: Final = IPv6Network("64:ff9b::/96")

# Cloud metadata and what only a mistake would send HTTP to.
_LITERAL_ONLY: Final = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.100.100.200/32"),
    IPv4Network("168.63.129.16/32"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("240.0.0.0/4"),
    IPv6Network("::/128"),
    IPv6Network("fd00:ec2::254/128"),
    IPv6Network("fd20:ce::254/128"),
    IPv6Network("fe80::/10"),
    IPv6Network("ff00::/8"),
)


def read_address(text: str) -> Address | None:
    """Return the address a canonical literal spells (brackets allowed), or None when it is a name.

    An IPv4 address mapped into IPv6 is returned as the IPv4 address it is.
    """
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return _plain(found)


def is_public(address: Address) -> bool:
    """Say whether an address is a public unicast one, looking through what is embedded in it."""
    address = _plain(address)
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in block for block in _NOT_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return (
        address in _GLOBAL_UNICAST_V6
        and address.is_global
        and not any(address in block for block in _NOT_PUBLIC_V6)
    )


def is_grantable_by_name(address: Address) -> bool:
    """Say whether a grant of a name may open this address.

    Link-local, metadata and multicast addresses open only to a grant that
    spells the address itself: whoever controls a name's DNS chooses its address.
    """
    address = _plain(address)
    if isinstance(address, IPv6Address) and (address in _NAT64 or address.scope_id is not None):
        return is_public(address)
    return not any(address.version == block.version and address in block for block in _LITERAL_ONLY)


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
