"""Is the wheel at hand the one the direct calls were written for? Asked once, before the first guest.

The release, every symbol and structure, then a module really compiled and
called, in place and on a fiber that is set aside in a host call: what comes
back must be right to the byte and to the unit of fuel. Where it is not, guests
run through wasmtime-py's public API (`public/`), slower, with the same answers.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Generator, Mapping, Sequence
from ctypes import byref, c_size_t, c_void_p
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Final

from contracts.errors import CallsheetError
from wasm_agents.capi import library as c
from wasm_agents.engines import engine_of
from wasm_agents.fibers import Fiber, State
from wasm_agents.instance import CoreInstance
from wasm_agents.limits import GuestLimits
from wasm_agents.loaded import linker_of
from wasm_agents.watch import Watch

FORCE: Final = "CALLSHEET_WASM_BACKEND"
"""`public` in this variable does without the direct calls."""

# (import "agent" "call"); alloc gives 1024; execute calls with its first two bytes as the op and all as the input.
_MODULE: Final = bytes.fromhex(
    "0061736d0100000001190460047f7f7f7f017e60017f017f60027f7f0060027f7f017e020e01056167656e740463616c6c"
    "00000304030102030503010001072604066d656d6f7279020005616c6c6f630001076465616c6c6f630002076578656375"
    "746500030a170305004180080b02000b0c00200041022000200110000b"
)
_CONTENT: Final = b"okay"
_SIZES: Final = {
    "RawValue": 16,
    "Extern": 32,
    "Value": 32,
    "InstanceRef": 16,
    "Bytes": 16,
    "Continuation": 24,
}


@dataclass(frozen=True, slots=True)
class Wheel:
    """What the first look is at: before it, nothing of the library is called."""

    release: str
    missing: Sequence[str]
    """Functions that are not in it."""
    sizes: Mapping[str, int]
    """Bytes of each structure, as this machine lays it out."""


def wheel_at_hand() -> Wheel:
    """Return the one that is installed."""
    return Wheel(version("wasmtime"), c.missing, {name: ctypes.sizeof(getattr(c, name)) for name in _SIZES})


@cache
def why_not() -> str:
    """Return why the C API is not called directly here; '' when it is."""
    if os.environ.get(FORCE) == "public":
        return f"{FORCE} says public"
    return check(wheel_at_hand())


def check(wheel: Wheel) -> str:
    """Return why this wheel's C API is not called directly; '' when a guest was run through it as it should."""
    found = f"wasmtime {wheel.release}"
    if wheel.release.partition(".")[0] not in c.PINNED:
        return f"{found} is not release {' or '.join(c.PINNED)}"
    if wheel.missing:
        return f"{found} has no {', '.join(wheel.missing[:5])}"
    odd = [name for name, size in _SIZES.items() if wheel.sizes.get(name) != size]
    if odd:
        return f"{found}: {', '.join(odd)} has another size here"
    try:
        return _try_out()
    except CallsheetError as exc:
        return f"{found} did not do what was asked: {exc.message[:200]}"


def _try_out() -> str:
    new = c.symbol("wasmtime_module_new", c_void_p, c_void_p, ctypes.c_char_p, c_size_t, c_void_p)
    module = c_void_p()
    error = new(engine_of("core").handle, _MODULE, len(_MODULE), byref(module))
    if error:
        return c.take_error(error)
    used = set()
    for may_wait in (False, True):
        pre = c_void_p()
        error = c.linker_instantiate_pre(linker_of(may_wait=may_wait), module, byref(pre))
        if error:
            return c.take_error(error)
        output, fuel = _call(pre.value or 0, may_wait=may_wait)
        c.instance_pre_delete(pre)
        used.add(fuel)
        if output != _CONTENT:
            return f"a guest answered {output!r}"
    c.module_delete(module)
    return "" if len(used) == 1 and used.pop() > 0 else "fuel is not counted"


def _call(pre: int, *, may_wait: bool) -> tuple[bytes, int]:
    instance = CoreInstance(engine_of("core").handle, GuestLimits(), Watch(time.monotonic() + 10), maps=0)

    def phases() -> Generator[int, None, bytes]:
        yield from instance.starting(pre)
        return (yield from instance.exchanging(_CONTENT))

    try:
        if not may_wait:
            instance.serve = lambda op, content: content if op == "ok" else b""
            instance.instantiate(pre)
            return instance.exchange(_CONTENT), instance.store.fuel_used()
        fiber = Fiber(instance, phases())
        while fiber.step(0.0) is not State.DONE:
            if instance.pending is not None:
                instance.pending.reply = instance.pending.content
        return fiber.answer, instance.store.fuel_used()
    finally:
        instance.close()
