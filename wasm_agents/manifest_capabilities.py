"""What a manifest may ask for beside its module: requests, stored values, models, secrets, limits."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from wasm_agents.limits import CEILINGS, MIB

_LABEL: Final = "[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
_LAST: Final = "[a-z](?:[a-z0-9-]*[a-z0-9])?"  # a name that ends in a number is an address
_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
HOST: Final = rf"^(?:\*\.(?:{_LABEL}\.)+{_LAST}|(?:{_LABEL}\.)*{_LAST}|(?:{_BYTE}\.){{3}}{_BYTE}|\[[0-9a-f:]{{2,39}}\])$"
"""A name in ASCII, an address, or `*.example.com`; never `*` alone."""

Host = Annotated[str, Field(pattern=HOST, max_length=253)]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")]
Method = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


class Strict(BaseModel):
    """Takes what it says and nothing near it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class HttpCapability(Strict):
    """Requests to one place."""

    scheme: Literal["http", "https"] = "https"
    host: Host
    """A name in ASCII, an address, or `*.example.com`: every name below it, and not itself."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The scheme's own when absent."""
    methods: Annotated[tuple[Method, ...], Field(min_length=1, max_length=7)] = ("GET",)
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~!$&'()+,;=:@/-]*\*?$", max_length=1024)] = "/"
    """One path; everything under it where it ends with `/`; everything it begins where it ends with `*`."""


class KvCapability(Strict):
    """Values kept from call to call."""

    namespace: Name
    access: Literal["r", "rw"] = "r"
    quota_bytes: Annotated[int, Field(ge=1, le=1024 * MIB)] = MIB
    """Of keys and values together."""


class LlmCapability(Strict):
    """Completions."""

    models: Annotated[
        tuple[Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$")], ...],
        Field(min_length=1, max_length=50),
    ]
    """By name; `default` is the one the settings name."""
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 1024
    """In one answer."""


class SecretCapability(Strict):
    """A header that egress adds to requests; the guest never sees what it holds."""

    name: Name
    """As the operator's settings call it."""
    hosts: Annotated[tuple[Host, ...], Field(min_length=1, max_length=50)]
    """Whom it is sent to; each is asked for under `http` too."""
    header: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9-]{0,63}$")] = "Authorization"


class Capabilities(Strict):
    """What an agent asks for; what it does not ask for it cannot have."""

    http: Annotated[tuple[HttpCapability, ...], Field(max_length=100)] = ()
    kv: Annotated[tuple[KvCapability, ...], Field(max_length=20)] = ()
    llm: Annotated[tuple[LlmCapability, ...], Field(max_length=20)] = ()
    secrets: Annotated[tuple[SecretCapability, ...], Field(max_length=20)] = ()
    clock: Literal["virtual", "real"] = "virtual"
    """`virtual` begins at the run's own time and moves only as the guest asks, so that a call can be replayed."""
    random: Literal["seed", "os"] = "seed"
    """`seed` gives the same numbers when a call is replayed."""


def _bounds(name: str) -> object:
    least, most = CEILINGS[name]
    return Field(ge=least, le=most)


class Limits(Strict):
    """What one call may use; the operator's ceilings hold too."""

    wall_ms: Annotated[int, _bounds("wall_ms")] = 5_000
    fuel: Annotated[int, _bounds("fuel")] = 2_000_000_000
    """Roughly instructions, as wasmtime counts fuel."""
    memory_bytes: Annotated[int, _bounds("memory_bytes")] = 64 * MIB
    table_elements: Annotated[int, _bounds("table_elements")] = 10_000
    stack_bytes: Annotated[int, _bounds("stack_bytes")] = 256 * 1024
    """WebAssembly's own stack, beside the memory a guest keeps its variables in."""
    input_bytes: Annotated[int, _bounds("input_bytes")] = 4 * MIB
    output_bytes: Annotated[int, _bounds("output_bytes")] = 4 * MIB
    log_bytes: Annotated[int, _bounds("log_bytes")] = 64 * 1024
    """What it may write into the trace's log."""
    host_calls: Annotated[int, _bounds("host_calls")] = 1_000
    """Calls to the host, answered or refused."""
    egress_bytes: Annotated[int, _bounds("egress_bytes")] = 10 * MIB
    """What it may send to and read from the network."""
