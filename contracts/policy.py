"""What a run may reach, and who said so.

Grants come from the operator's flag or settings, never from the objective's
text, a page or a model.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Grant(BaseModel):
    """One thing the operator allows that is denied by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["private_host", "host", "folder"]
    value: str
    """`host:port` for private_host (port required), a host name or `*` for host, a path for folder."""
    by: str
    """Where it was granted: `--allow-private`, `callsheet.toml`."""


class FetchLimits(BaseModel):
    """What one fetch may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wire_bytes: Annotated[int, Field(gt=0)] = 10 * 1024 * 1024
    decoded_bytes: Annotated[int, Field(gt=0)] = 10 * 1024 * 1024
    timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """From the first byte sent to the last byte read, redirects included."""
    redirects: Annotated[int, Field(ge=0)] = 5


class Policy(BaseModel):
    """What one run may reach."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...] = ()
    """Host names reachable without a grant: the objective's own. A name covers its subdomains; `*` is any public host."""
    grants: tuple[Grant, ...] = ()
    limits: FetchLimits = FetchLimits()

    def private_hosts(self) -> frozenset[str]:
        """Return every granted `host:port`, lower case."""
        return frozenset(g.value.lower() for g in self.grants if g.kind == "private_host")

    def folders(self) -> tuple[str, ...]:
        """Return every granted folder path."""
        return tuple(g.value for g in self.grants if g.kind == "folder")

    def allows_name(self, host: str) -> bool:
        """Say whether a host name (lower case, no port) is within reach; its address is checked apart."""
        return any(n in ("*", host) or host.endswith("." + n) for n in self.names())

    def names(self) -> tuple[str, ...]:
        """Return every host name within reach, lower case; each covers its subdomains, `*` is any public host."""
        named = [*self.hosts, *(g.value for g in self.grants if g.kind == "host")]
        named += [value.rpartition(":")[0].strip("[]") for value in sorted(self.private_hosts())]
        return tuple(n.lower() for n in named)
