"""What the operator lets guests do. Everything is denied that does not stand here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from service.added import ADDED
from service.settings_fields import Group, Names
from wasm_agents.grants import OperatorPolicy, SecretSource
from wasm_agents.http_rules import parse_rule
from wasm_agents.limits import CEILINGS


def _http_rules(lines: Sequence[str]) -> tuple[str, ...]:
    for line in lines:
        parse_rule(line)
    return tuple(lines)


def _host_patterns(hosts: Sequence[str]) -> tuple[str, ...]:
    return tuple(parse_rule(f"https://{host}").host for host in hosts)


def _ceilings(given: Mapping[str, int]) -> dict[str, int]:
    for name, value in given.items():
        least, most = CEILINGS.get(name, (0, -1))
        if not least <= value <= most:
            known = f"is {least} to {most}" if most >= 0 else f"is none of {', '.join(CEILINGS)}"
            raise ValueError(f"{name[:40]!r} {known}")
    return dict(given)


class GuestSecret(Group):
    """A secret that egress adds to guests' requests."""

    variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]
    """Of the environment; it holds the header's whole value."""
    hosts: Annotated[Names, Field(min_length=1), AfterValidator(_host_patterns)]
    """Whom it may be sent to: names, addresses, `*.example.com`."""


class GuestSettings(Group):
    """What guests may do, and where those lie that were added."""

    folder: Path = ADDED
    cache: Path | None = None
    """Where compiled modules are kept, readable by nobody else; the user's cache folder when absent."""
    allow_http: Annotated[Names, AfterValidator(_http_rules)] = ()
    """Lines like `https://api.example.com/v1/` or `GET|POST https://api.example.com`; the run must reach the host too."""
    allow_kv: Names = ()
    """Namespaces, or `*`."""
    allow_llm: Names = ()
    """Models, or `*`."""
    allow_real_clock: bool = False
    allow_os_random: bool = False
    secrets: dict[str, GuestSecret] = Field(default_factory=dict, max_length=100)
    """Name -> the variable that holds it, and whom it may be sent to."""
    limits: Annotated[dict[str, int], AfterValidator(_ceilings)] = Field(default_factory=dict)
    """Limit -> the most a guest is granted of it, whatever its manifest says."""

    def policy(self, environment: Mapping[str, str]) -> OperatorPolicy:
        """Return the same as the host asks for it.

        Args:
            environment: Holds the secrets' variables.
        """
        secrets = {
            name: SecretSource(s.hosts, environment.get(s.variable, "")) for name, s in self.secrets.items()
        }
        return OperatorPolicy(
            http=tuple(parse_rule(line) for line in self.allow_http),
            kv="all" if "*" in self.allow_kv else self.allow_kv,
            llm=self.allow_llm,
            real_clock=self.allow_real_clock,
            os_random=self.allow_os_random,
            secrets=secrets,
            ceilings=self.limits,
        )
