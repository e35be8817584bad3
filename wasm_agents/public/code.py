"""A module that passed every check, loaded into an engine for each call under way.

Compiled by the same child as for the direct calls wherever wasmtime-py's public
settings load what it made; else in this process, within the bounds of `binary.py`
but without a limit on time.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from wasmtime import Engine, Module, WasmtimeError
from wasmtime.component import Component

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput
from wasm_agents.binary import Kind, look_at, without_names
from wasm_agents.capi import library as c
from wasm_agents.capi.config import Profile
from wasm_agents.compiling.compiler import Artifact, Compiler
from wasm_agents.compiling.shape import Shape
from wasm_agents.component.outer import around
from wasm_agents.loaded import check_shape
from wasm_agents.public.component import ComponentLane
from wasm_agents.public.ended import text_of
from wasm_agents.public.engine import new_engine
from wasm_agents.public.lane import CoreLane
from wasm_agents.public.shape import check_component, shape_of
from wasm_agents.wasi import MODULE as WASI

MAX_IDLE_LANES: Final = 8
Lane = CoreLane | ComponentLane

_PROFILES: Final[dict[Kind, Profile]] = {"core": "public", "component": "component"}
# (module (memory 1) (data (i32.const 0) "a")): what it holds is loaded by the engine's settings.
_TRIAL: Final = bytes.fromhex("0061736d0100000005030100010b07010041000b0161")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A module's code: in a file of the compiler's, or as this process made it."""

    kind: Kind
    shape: Shape
    made: Artifact | bytes

    def load(self) -> Lane:
        """Return an engine of its own with the code in it.

        Raises:
            WasmtimeError: The code was made under other settings.
        """
        engine = new_engine(_PROFILES[self.kind])
        if self.kind == "component":
            return ComponentLane(engine, self._component(engine))
        return CoreLane(engine, self._module(engine), self.shape.imports)

    def _module(self, engine: Engine) -> Module:
        if isinstance(self.made, bytes):
            return Module.deserialize(engine, self.made)
        return Module.deserialize_file(engine, os.fsdecode(self.made.path))

    def _component(self, engine: Engine) -> Component:
        if isinstance(self.made, bytes):
            return Component.deserialize(engine, self.made)
        return Component.deserialize_file(engine, os.fsdecode(self.made.path))


class PublicCode:
    """A module or component, ready to be called by many at once.

    Args:
        compiled: What it is.

    Raises:
        InvalidInput: `load.import_denied`, `load.bad_export`.
        AttemptFailed: `host.internal`.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.kind = compiled.kind
        (check_component if self.kind == "component" else check_shape)(compiled.shape)
        imports = {(i.module, i.name) for i in compiled.shape.imports}
        self.may_wait = ("agent", "call") in imports
        self.has_world = any(module == WASI or name == "log" for module, name in imports)
        self._compiled = compiled
        self._lock = threading.Lock()  # guards _idle
        self._idle = [self._new_lane()]

    def take(self) -> Lane:
        """Return an engine that nobody else uses."""
        with self._lock:
            lane = self._idle.pop() if self._idle else None
        return lane or self._new_lane()

    def give_back(self, lane: Lane) -> None:
        """Let it serve another call."""
        with self._lock:
            if len(self._idle) < MAX_IDLE_LANES:
                self._idle.append(lane)

    @contextmanager
    def lane(self) -> Iterator[Lane]:
        """Lend an engine that nobody else uses."""
        lane = self.take()
        try:
            yield lane
        finally:
            self.give_back(lane)

    def _new_lane(self) -> Lane:
        try:
            return self._compiled.load()
        except WasmtimeError as exc:
            raise AttemptFailed(
                "host.internal", f"wasmtime could not load the guest: {text_of(exc)}"
            ) from exc


class Loader:
    """Turns a module's bytes into code.

    Args:
        compiler: Compiles apart; None compiles in this process.
    """

    def __init__(self, compiler: Compiler | None) -> None:
        self._compiler = compiler

    def load(self, wasm: bytes, *, digest: str, kind: Kind) -> PublicCode:
        """Return the code of a module or component.

        Raises:
            InvalidInput: `load.malformed`, `load.too_large`, `load.import_denied`, `load.bad_export`,
                `compile.budget`, `compile.failed`.
            AttemptFailed: `host.internal`.
        """
        compiler = self.apart
        if compiler is None:
            return PublicCode(_compile_here(wasm))
        made = compiler.compile_module(wasm, digest=digest, profile=_PROFILES[kind], check=check_shape)
        return PublicCode(Compiled(kind, made.shape, made))

    @cached_property
    def apart(self) -> Compiler | None:
        """What compiles in a child, if what it makes can be loaded by public means; found out once."""
        if self._compiler is None or c.missing:
            return None
        digest = hashlib.sha256(_TRIAL).hexdigest()
        try:
            made = self._compiler.compile_module(_TRIAL, digest=digest, profile="public")
            Compiled("core", made.shape, made).load()
        except (AttributeError, CallsheetError, WasmtimeError):  # a setting that is not there is the first
            return None
        return self._compiler


def _component_here(engine: Engine, wasm: bytes) -> Component:
    head, tail = around(len(wasm))
    try:
        return Component(engine, head + wasm + tail)
    except WasmtimeError:
        # It does not fit the outer component. By itself it says why, or is no component at all.
        return Component(engine, wasm)


def _compile_here(wasm: bytes) -> Compiled:
    facts = look_at(wasm)
    kind, wasm = facts.kind, without_names(wasm, facts)
    engine = new_engine(_PROFILES[kind])
    try:
        made = _component_here(engine, wasm) if kind == "component" else Module(engine, wasm)
        # Trusted: these bytes never leave this process.
        return Compiled(kind, shape_of(engine, made), bytes(made.serialize()))
    except WasmtimeError as exc:
        message = f"not a valid module: {text_of(exc)}"
        raise InvalidInput("load.malformed", message, hint="Build the guest again.") from exc
