"""The floor of a warm call: the C API by ctypes, in a straight line, with every check the ABI needs and no more."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_void_p, memmove, string_at

from wasm_agents.capi import library as c
from wasm_agents.guest import DirectGuest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
from wasm_agents.loaded import CoreCode
from wasm_agents.store import Store
from wasm_agents.watch import Watch


class BareLoop:
    """One instance; epoch and fuel are on in the engine, and set once."""

    def __init__(self, host: Host, wasm: bytes, limits: GuestLimits) -> None:
        guest = host.load(wasm, limits)
        assert isinstance(guest, DirectGuest)
        code = guest._code  # noqa: SLF001  # the very same compiled code
        assert isinstance(code, CoreCode)
        self._code = code
        self._watch = Watch(1e18)
        self._store = Store(code.engine.handle, limits, self._watch)
        self._context = self._store.context
        ref, self._trap = c.InstanceRef(), c_void_p()
        assert not c.instance_pre_instantiate(code.pre_here, self._context, byref(ref), byref(self._trap))
        self._externs = (c.Extern * 4)()
        at = ctypes.addressof(self._externs)
        places = []
        for number, name in enumerate((b"memory", b"alloc", b"execute", b"dealloc")):
            place = at + number * ctypes.sizeof(c.Extern)
            assert c.instance_export_get(self._context, byref(ref), name, len(name), place)
            places.append(place + c.OF)
        self._memory, self._alloc, self._execute, self._dealloc = places
        self._values = (c.RawValue * 2)()
        self._first, self._second = self._values

    def call(self, content: bytes) -> bytes:
        """Return what the guest answers."""
        context, values, first, second = self._context, self._values, self._first, self._second
        trap, run, memory = byref(self._trap), c.func_call_unchecked, self._memory
        length = len(content)
        first.i32 = length
        if run(context, self._alloc, values, 1, trap) or self._trap.value:
            raise ValueError
        pointer = first.u32
        if pointer + length > c.memory_size(context, memory):
            raise ValueError
        memmove(c.memory_at(context, memory) + pointer, content, length)
        first.i32, second.i32 = pointer, length
        if run(context, self._execute, values, 2, trap) or self._trap.value:
            raise ValueError
        packed = first.u64
        at, size = packed >> 32, packed & 0xFFFF_FFFF
        if at + size > c.memory_size(context, memory):
            raise ValueError
        output = string_at(c.memory_at(context, memory) + at, size)
        first.i32, second.i32 = pointer, length
        if run(context, self._dealloc, values, 2, trap):
            raise ValueError
        first.u64, second.u64 = at, size
        if run(context, self._dealloc, values, 2, trap):
            raise ValueError
        return output
