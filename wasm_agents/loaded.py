"""A core module in the engine: its imports and exports checked, ready to be instantiated."""

from __future__ import annotations

import threading
from collections.abc import Generator
from ctypes import byref, c_void_p
from functools import cache
from typing import Final

from contracts.errors import InvalidInput, Unavailable
from wasm_agents import failures
from wasm_agents.capi import library as c
from wasm_agents.compiling.compiler import Artifact
from wasm_agents.compiling.shape import Shape
from wasm_agents.engines import MEMORY_MAPS, TABLE_MAPS, engine_of, room
from wasm_agents.hostcall import SIGNATURES, make_linker
from wasm_agents.instance import CoreInstance
from wasm_agents.limits import GuestLimits
from wasm_agents.wasi import MODULE as WASI
from wasm_agents.watch import Watch

EXPORTS: Final = {"alloc": "(i32) -> i32", "dealloc": "(i32, i32)", "execute": "(i32, i32) -> i64"}
_INITIALIZE: Final = "_initialize"
_NAMES: Final = {"i": "i32", "I": "i64"}
_OVER_SLOT: Final = " bytes - "
"""In the last line of what wasmtime says of an instance that fits in no slot: what takes most of it."""
_linking = threading.Lock()  # one linker of each form, however many load at once


class CoreCode:
    """A module loaded from its compiled form.

    Args:
        artifact: What the compiler gave; may be closed afterwards.

    Raises:
        InvalidInput: `load.import_denied`, `load.bad_export`.
        AttemptFailed: `limit.memory`, `limit.table`, `host.internal`.
    """

    __slots__ = ("_module", "engine", "has_world", "is_quiet", "maps", "may_wait", "pre_here", "pre_later")

    def __init__(self, artifact: Artifact) -> None:
        shape = artifact.shape
        self.maps = MEMORY_MAPS + (TABLE_MAPS if shape.has_tables else 0)
        self._module: int | None = 0
        self.pre_here = self.pre_later = 0
        check_shape(shape)
        # Instantiated where it stands: no code of its own runs by that.
        self.is_quiet = not shape.has_start and all(e.name != _INITIALIZE for e in shape.exports)
        self.engine = engine_of("core")
        module = c_void_p()
        _check(c.module_deserialize_file(self.engine.handle, artifact.path, byref(module)))
        self._module = module.value
        imports = {(i.module, i.name) for i in shape.imports}
        self.may_wait = ("agent", "call") in imports
        self.has_world = any(module == WASI or name == "log" for module, name in imports)
        self.pre_here = self._linked(may_wait=False)
        self.pre_later = self._linked(may_wait=True) if self.may_wait else self.pre_here

    def __del__(self) -> None:
        for pre in {self.pre_here, self.pre_later} - {0}:
            c.instance_pre_delete(pre)
        if self._module:
            c.module_delete(self._module)

    def open(self, limits: GuestLimits, watch: Watch) -> CoreInstance:
        """Return a store for one instance, nothing in it yet.

        Raises:
            Unavailable: `host.busy`.
        """
        try:
            room.enter(self.maps)
        except Unavailable:
            watch.end()
            raise
        return CoreInstance(self.engine.handle, limits, watch, maps=self.maps)

    def phases(
        self, instance: CoreInstance, content: bytes, *, again: bool = False
    ) -> Generator[int, None, bytes]:
        """Return what the guest answers, in phases; the instance is made if it is not."""
        if not instance.memory and self.is_quiet and not self.may_wait:
            until, instance.watch.slice_end = instance.watch.slice_end, 0.0
            instance.instantiate(self.pre_later)
            instance.watch.slice_end = until
        elif not instance.memory:
            yield from instance.starting(self.pre_later)
        return (yield from instance.exchanging(content, again=again))

    def _linked(self, *, may_wait: bool) -> int:
        with _linking:
            linker = linker_of(may_wait=may_wait)
        pre = c_void_p()
        _check(c.linker_instantiate_pre(linker, self._module, byref(pre)))
        return pre.value or 0


@cache
def linker_of(*, may_wait: bool) -> int:
    """Return the process's one linker of each form; see `make_linker`."""
    return make_linker(engine_of("core").handle, may_wait=may_wait)


def _check(error: int | None) -> None:
    if error:
        said = c.take_error(error)
        if _OVER_SLOT in said:
            raise InvalidInput("load.too_large", f"its instance is larger than a slot: {said}")
        raise failures.refused(said, stop="")


def check_shape(shape: Shape) -> None:
    """Hold a core module's imports and exports against `agent/1`.

    Raises:
        InvalidInput: `load.import_denied`, `load.bad_export`.
    """
    denied = [
        f"{i.module}.{i.name}" for i in shape.imports if not _is_served(i.module, i.name, i.kind, i.signature)
    ]
    if denied:
        raise InvalidInput(
            "load.import_denied",
            f"the module imports {denied[0][:200]!r}"
            + (f" and {len(denied) - 1} more" if denied[1:] else ""),
            hint="An agent/1 guest may import agent.call, agent.log and the virtual part of WASI, as they are typed.",
            data={"imports": [name[:200] for name in denied[:20]]},
        )
    found = {e.name: e for e in shape.exports}
    memory = found.get("memory")
    if memory is None or memory.kind != "memory":
        raise bad_export("memory", "a memory", "nothing" if memory is None else memory.kind)
    wanted = EXPORTS | ({_INITIALIZE: "()"} if _INITIALIZE in found else {})
    for name, signature in wanted.items():
        export = found.get(name)
        if export is None or export.kind != "func" or export.signature != signature:
            said = "nothing" if export is None else f"{export.kind} {export.signature}".strip()[:200]
            raise bad_export(name, f"a function {signature}", said)


def bad_export(name: str, wanted: str, found: str) -> InvalidInput:
    """Return the error of a module that does not export what it must."""
    return InvalidInput(
        "load.bad_export",
        f"the module must export {name!r} as {wanted}; it exports {found}",
        hint="Include wasm_agents/guests/agent.h, which exports all four.",
        data={"export": name},
    )


def _is_served(module: str, name: str, kind: str, signature: str) -> bool:
    spelled = SIGNATURES.get((module, name))
    return spelled is not None and kind == "func" and signature == _spell(spelled)


def _spell(signature: str) -> str:
    params, results = ([_NAMES[kind] for kind in part] for part in signature.split(">"))
    return f"({', '.join(params)})" + (f" -> {', '.join(results)}" if results else "")
