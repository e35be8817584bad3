"""What one fetch or render may connect to: the run's policy, seen from where it began.

A grant of a private host opens it to the objective that names it, not to a page
that points at it: from a public page no private address is reachable, granted
or not; from a granted one only the same host, at granted ports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from contracts.errors import Refused
from contracts.policy import Policy
from egress.address import Address, is_grantable_by_name, is_public, read_address
from egress.target import NOT_WEB_PORTS, Target, parse_endpoint


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be connected to on behalf of one first URL."""

    policy: Policy
    private: frozenset[str]
    """The granted `host:port` open to it."""

    @classmethod
    def of(cls, policy: Policy, first: Target) -> Self:
        """Return the reach of a fetch that begins at `first`."""
        grants = [found for value in policy.private_hosts() if (found := parse_endpoint(value)) is not None]
        endpoints = {g.endpoint for g in grants}
        if not endpoints & _spellings(first):
            return cls(policy, frozenset())
        hosts = {first.host} | ({"127.0.0.1", "[::1]"} if first.is_loopback_name else set())
        return cls(policy, frozenset(g.endpoint for g in grants if g.host in hosts))

    def check_name(self, target: Target) -> None:
        """Refuse a target by what its URL says, before any name is resolved.

        Raises:
            Refused: `egress.private_address`, `egress.host_not_allowed`, `egress.bad_port`.
        """
        literal = target.address
        if literal is not None and not self._permits(target, literal):
            raise self._private(target, literal)
        if target.is_loopback_name and not self.loopback_addresses(target):
            raise self._private(target, None)
        if not self.policy.allows_name(target.host.strip("[]")):
            raise Refused(
                "egress.host_not_allowed",
                f"{target.host[:120]!r} is not among the hosts this run may reach",
                where=target.url[:200],
                hint="Name its URL in the objective, or have the operator allow the host.",
                data={"host": target.host, "port": target.port},
            )
        if target.port in NOT_WEB_PORTS and target.endpoint not in self.private:
            raise Refused(
                "egress.bad_port",
                f"port {target.port} is no web server's",
                where=target.url[:200],
                hint=f"The operator may grant {target.endpoint}.",
                data={"host": target.host, "port": target.port},
            )

    def check_addresses(self, target: Target, addresses: Sequence[Address]) -> None:
        """Refuse a target when any address its name resolved to is out of reach.

        Raises:
            Refused: `egress.private_address`.
        """
        for address in addresses:
            if not self._permits(target, address):
                raise self._private(target, address)

    def loopback_addresses(self, target: Target) -> tuple[Address, ...]:
        """Return the addresses of this machine that a `localhost` target may connect to."""
        found = [a for a in map(read_address, ("127.0.0.1", "::1")) if a is not None]
        return tuple(a for a in found if self._permits(target, a))

    def _permits(self, target: Target, address: Address) -> bool:
        if is_public(address):
            return True
        spelled = f"[{address}]" if address.version == 6 else str(address)
        literal = target.host == spelled or target.is_loopback_name
        if literal and f"{spelled}:{target.port}" in self.private:
            return True
        named = target.address is None and target.endpoint in self.private
        return named and is_grantable_by_name(address)

    def _private(self, target: Target, address: Address | None) -> Refused:
        behind = "" if address is None or target.address is not None else f" resolves to {address}, which"
        return Refused(
            "egress.private_address",
            f"{target.endpoint[:120]!r}{behind} is not on the public internet and is not granted here",
            where=target.url[:200],
            hint=f"Where it is meant, the operator grants it: --allow-private {target.endpoint[:120]}",
            data={"host": target.host, "port": target.port},
        )


def _spellings(target: Target) -> set[str]:
    own = {target.endpoint}
    return own | {f"127.0.0.1:{target.port}", f"[::1]:{target.port}"} if target.is_loopback_name else own
