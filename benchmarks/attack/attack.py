"""One attack: how its bytes are made, what it may use, and the one way it must end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from wasmtime import wat2wasm

from benchmarks.attack.spell import spell_component, spell_core

OK: Final = "ok"
"""The end of an attack that got nothing: the guest was refused in-band and answered."""

Adapter = Literal["core", "component"]
Need = Literal["initialize", "host_calls", "wasi", "component", "compile_child"]
"""What a host must have before the attack says anything about it."""

SMALL: Final[Mapping[str, int]] = {
    "wall_ms": 5_000,
    "fuel": 1_000_000_000_000,
    "memory_bytes": 2**20,
    "table_elements": 1_000,
    "input_bytes": 2**16,
    "output_bytes": 2**19,
    "log_bytes": 2**12,
    "host_calls": 100,
}
"""Every attack's limits, but for what it names itself."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A hostile guest, or bytes that are none."""

    name: str
    """`class/what`."""
    code: str
    """The one code it ends with; `OK` when the guest answers all the same."""
    build: Callable[[], bytes]
    adapter: Adapter = "core"
    parts: Mapping[str, str] = field(default_factory=dict)
    """What an `agent/1` guest of it is spelled from; empty when it is bytes."""
    limits: Mapping[str, int] = field(default_factory=dict)
    deadline_s: float = 0.1
    needs: frozenset[Need] = frozenset()
    sha256: str = ""
    """What its manifest says its hash is."""
    given: bytes = b"{}"
    """Its input."""
    note: str = ""

    @property
    def group(self) -> str:
        """Its class."""
        return self.name.partition("/")[0]

    @property
    def all_limits(self) -> dict[str, int]:
        """Return the limits it runs under, by name."""
        return {**SMALL, **self.limits}


def guest(
    name: str,
    code: str,
    *,
    limits: Mapping[str, int] | None = None,
    deadline_s: float = 0.1,
    needs: Sequence[Need] = (),
    given: bytes = b"{}",
    note: str = "",
    parts: Mapping[str, str] | None = None,
    **more_parts: str,
) -> Attack:
    """Return an attack spelled as an `agent/1` guest, by the parts that differ from an honest one."""
    whole = {**(parts or {}), **more_parts}
    return Attack(
        name,
        code,
        lambda: from_wat(spell_core(whole)),
        parts=whole,
        limits=limits or {},
        deadline_s=deadline_s,
        needs=frozenset(needs),
        given=given,
        note=note,
    )


def component(
    name: str,
    code: str,
    *,
    limits: Mapping[str, int] | None = None,
    deadline_s: float = 0.1,
    given: bytes = b"{}",
    note: str = "",
    parts: Mapping[str, str] | None = None,
    **more_parts: str,
) -> Attack:
    """Return an attack spelled as a component around one core module."""
    whole = {**(parts or {}), **more_parts}
    return Attack(
        name,
        code,
        lambda: from_wat(spell_component(whole)),
        adapter="component",
        limits=limits or {},
        deadline_s=deadline_s,
        needs=frozenset({"component"}),
        given=given,
        note=note,
    )


def module(
    name: str,
    code: str,
    source: bytes | str | Callable[[], bytes],
    *,
    adapter: Adapter = "core",
    limits: Mapping[str, int] | None = None,
    needs: Sequence[Need] = (),
    sha256: str = "",
    note: str = "",
) -> Attack:
    """Return an attack by its bytes, its WebAssembly text, or what makes the bytes."""
    return Attack(
        name,
        code,
        _builder(source),
        adapter=adapter,
        limits=limits or {},
        needs=frozenset(needs),
        sha256=sha256,
        note=note,
    )


def from_wat(text: str) -> bytes:
    """Return the bytes of a text, of a module or of a component."""
    return bytes(wat2wasm(text))


def _builder(source: bytes | str | Callable[[], bytes]) -> Callable[[], bytes]:
    if isinstance(source, bytes):
        return lambda: source
    if isinstance(source, str):
        return lambda: from_wat(source)
    return source
