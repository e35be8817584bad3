"""What every group of settings is made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode


def _split(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("["):
        try:
            return json.loads(given)
        except ValueError as exc:
            raise ValueError("neither a JSON list nor names separated by commas") from exc
    return [part.strip() for part in given.split(",") if part.strip()]


def _host_and_port(values: Sequence[str]) -> tuple[str, ...]:
    for value in values:
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise ValueError(f"{value[:80]!r} is no host:port")
    return tuple(values)


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
HostPorts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_host_and_port)]


class Group(BaseModel):
    """Takes what it says and nothing else, and shows no value in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
