"""What a guest imports: `agent.call`, `agent.log`, and the virtual part of WASI.

A host function never raises and never answers for another guest: it finds its
instance by the store it was called from, notes there what went wrong, and
traps that store. `agent.call` comes in two forms: answered in place, or on a
fiber that is set aside, holding no thread, until the answer is there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_uint32, c_uint64, c_void_p, memmove
from typing import Any, Final

from contracts.errors import AttemptFailed
from wasm_agents import failures, wasi
from wasm_agents.capi import library as c
from wasm_agents.host_rules import DENIED, MAX_LOG_LINE, ask, note_end
from wasm_agents.instance import U32, CoreInstance, live
from wasm_agents.wasi import BadPointer

_Words = c_uint32 * 16
_WORDS_OF_RAW: Final = 4
_WORDS_OF_VALUE: Final = 8


class HostCall:
    """A call of a guest's that waits for its answer on a fiber.

    Attributes:
        op: What is asked for.
        content: The input, bytes as the guest gave them.
        reply: The answer, once it is there.
    """

    __slots__ = (
        "content", "error", "future", "op", "reply", "result", "results_at", "trap", "trap_at", "values",
    )  # fmt: skip

    values: ctypes.Array[c.Value]
    result: c.Value
    trap: c_void_p
    error: c_void_p

    def __init__(self, op: str, content: bytes, results_at: int, trap_at: int) -> None:
        self.op = op
        self.content = content
        self.reply: bytes | None = None
        self.results_at = results_at
        self.trap_at = trap_at
        self.future = 0


_PLACING: Final = HostCall("", b"", 0, 0)
"""Stands for a call that is answered in place, while `alloc` makes room for its reply."""


# -- what all forms share -----------------------------------------------------------------


def _ended(instance: CoreInstance, exc: BaseException) -> int:
    """Note why the call ends and return the trap that ends it."""
    note_end(instance, exc)
    return _trap()


def _trap() -> int:
    trap: int = c.trap_new(b"ended by the host", 17)
    return trap


# -- answered in place --------------------------------------------------------------------


def _call(_env: int, caller: int, values: int, _count: int) -> int | None:
    instance = live[c.caller_context(caller)]
    try:
        w = _Words.from_address(values)
        asked = ask(instance, (w[0], w[4], w[8], w[12]))
        if isinstance(asked, tuple):
            serve = instance.serve
            asked = DENIED if serve is None else serve(*asked)
        length = len(asked)
        raw, raw0 = instance.raw, instance.raw0
        raw0.u64 = length
        instance.pending = _PLACING
        error = c.func_call_unchecked(instance.context, instance.alloc, raw, 1, instance.trap_at)
        instance.pending = None
        if error or instance.trap.value:
            raise instance.failed(error)  # noqa: TRY301  # the one border below
        pointer = raw0.u32
        if not pointer or (pointer + length > instance.known and pointer + length > instance.size()):
            raise instance.misplaced(length, pointer)  # noqa: TRY301  # the one border below
        memmove(instance.base + pointer, asked, length)
        c_uint64.from_address(values).value = pointer << 32 | length
    except BaseException as exc:  # noqa: BLE001  # nothing may be raised into wasmtime
        return _ended(instance, exc)
    return None


def _log(_env: int, caller: int, values: int, _count: int) -> int | None:
    instance = live[c.caller_context(caller)]
    try:
        w = _Words.from_address(values)
        at, length = w[0], w[4]
        if at + length > instance.size():
            raise BadPointer(at, length)  # noqa: TRY301  # the one border below
        if instance.world is not None:
            instance.world.write(instance.read(at, min(length, MAX_LOG_LINE)) + b"\n")
    except BaseException as exc:  # noqa: BLE001  # nothing may be raised into wasmtime
        return _ended(instance, exc)
    return None


def _virtual(function: wasi.Import) -> Callable[[int, int, int, int], int | None]:
    body, answers = function.body, function.answers
    shifts = [(n * _WORDS_OF_RAW, kind == "I") for n, kind in enumerate(function.params)]

    def run(_env: int, caller: int, values: int, _count: int) -> int | None:
        instance = live[c.caller_context(caller)]
        try:
            w = (c_uint32 * (len(shifts) * _WORDS_OF_RAW + 1)).from_address(values)
            args = [w[n] | w[n + 1] << 32 if is_long else w[n] for n, is_long in shifts]
            world = instance.world
            if world is None:
                raise AttemptFailed("host.internal", "a guest has no surroundings")  # noqa: TRY301  # border
            try:
                errno = body(world, instance, args)
            except BadPointer:
                errno = wasi.FAULT
            if answers:
                c_uint64.from_address(values).value = errno
        except BaseException as exc:  # noqa: BLE001  # nothing may be raised into wasmtime
            return _ended(instance, exc)
        return None

    return run


# -- answered later, on a fiber -----------------------------------------------------------


def _call_later(
    _env: int, caller: int, args: int, _n: int, results: int, _r: int, trap: int, then: int
) -> None:
    context = c.caller_context(caller)
    instance = live[context]
    try:
        w = (c_uint32 * (4 * _WORDS_OF_VALUE)).from_address(args)
        asked = ask(instance, (w[2], w[10], w[18], w[26]))
        if isinstance(asked, tuple):
            instance.pending = HostCall(*asked, results, trap)
        else:
            instance.pending = HostCall("", b"", results, trap)
            instance.pending.reply = asked
    except BaseException as exc:  # noqa: BLE001  # nothing may be raised into wasmtime
        instance.pending = None
        c_void_p.from_address(trap).value = _ended(instance, exc)
    continuation = c.Continuation.from_address(then)
    continuation.callback = _IS_ANSWERED
    continuation.env = context
    continuation.finalizer = None


def _is_answered(context: int) -> bool:
    instance = live[context]
    call = instance.pending
    if call is None:
        return True
    try:
        if instance.watch.stop and not call.future:
            raise failures.stopped(instance.watch.stop)  # noqa: TRY301  # the one border below
        if call.reply is None or not _placed(instance, call, call.reply):
            return False
    except BaseException as exc:  # noqa: BLE001  # nothing may be raised into wasmtime
        c_void_p.from_address(call.trap_at).value = _ended(instance, exc)
    instance.pending = None
    return True


def _placed(instance: CoreInstance, call: HostCall, reply: bytes) -> bool:
    """Put the answer where the guest's `alloc` says; false while `alloc` still runs."""
    if not call.future:
        call.values = (c.Value * 1)()
        call.values[0].of.u64 = len(reply)
        call.result, call.trap, call.error = c.Value(), c_void_p(), c_void_p()
        call.future = c.func_call_async(
            instance.context, instance.alloc, call.values, 1, byref(call.result), 1,
            byref(call.trap), byref(call.error),
        )  # fmt: skip
    if not c.call_future_poll(call.future):
        return False
    c.call_future_delete(call.future)
    if call.trap.value or call.error.value:
        instance.trap.value = call.trap.value
        raise instance.failed(call.error.value or 0)
    pointer: int = call.result.of.u64 & U32
    instance.place(reply, pointer)
    result = c.Value.from_address(call.results_at)
    result.kind = c.I64
    result.of.u64 = pointer << 32 | len(reply)
    return True


_is_answered_at = c.ContinuationCallback(_is_answered)
_IS_ANSWERED: Final[int | None] = ctypes.cast(_is_answered_at, c_void_p).value


# -- the linker ---------------------------------------------------------------------------

SIGNATURES: Final = {("agent", "call"): "iiii>I", ("agent", "log"): "ii>"} | {
    (wasi.MODULE, name): f"{function.params}>{'i' if function.answers else ''}"
    for name, function in wasi.FUNCTIONS.items()
}
"""Every import there is: parameters and results, `i` for i32 and `I` for i64."""

_kept: list[Any] = []  # what wasmtime holds pointers to


def make_linker(engine: int, *, may_wait: bool) -> int:
    """Return a linker with every import there is; it lives as long as the process.

    Args:
        engine: wasmtime's.
        may_wait: Whether `agent.call` sets the guest's fiber aside, rather than answering in place.
    """
    linker: int = c.linker_new(engine)
    _define(linker, ("agent", "log"), c.RawCallback(_log))
    for name, function in wasi.FUNCTIONS.items():
        _define(linker, (wasi.MODULE, name), c.RawCallback(_virtual(function)))
    if not may_wait:
        _define(linker, ("agent", "call"), c.RawCallback(_call))
        return linker
    kind, callback = c.function_type(SIGNATURES["agent", "call"]), c.AsyncCallback(_call_later)
    _kept.append(callback)
    error = c.linker_define_async_func(linker, b"agent", 5, b"call", 4, kind, callback, None, None)
    c.functype_delete(kind)
    if error:
        raise AttemptFailed("host.internal", c.take_error(error))
    return linker


def _define(linker: int, name: tuple[str, str], callback: Any) -> None:
    _kept.append(callback)
    module, field = (part.encode() for part in name)
    kind = c.function_type(SIGNATURES[name])
    error = c.linker_define_func_unchecked(
        linker, module, len(module), field, len(field), kind, callback, None, None
    )
    c.functype_delete(kind)
    if error:
        raise AttemptFailed("host.internal", c.take_error(error))
