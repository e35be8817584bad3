"""What a guest imports: `agent.call`, `agent.log`, and the virtual part of WASI.

A host function never raises and never answers for another guest: it finds its
instance by the store it was called from, notes there what went wrong, and
traps that store. `agent.call` comes in two forms: answered in place, or on a
fiber that is set aside, holding no thread, until the answer is there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_uint32, c_uint64, c_void_p, memmove
from typing import Any, Final

from contracts.errors import AttemptFailed
from wasm_agents import failures, wasi
from wasm_agents.capi import library as c
from wasm_agents.host_rules import DENIED, MAX_LOG_LINE, ask, keep_time, note_end
from wasm_agents.instance import INNER, INNER_ERROR, INNER_RESULT, INNER_TRAP, U32, CoreInstance, live
from wasm_agents.wasi import BadPointer

_Words = c_uint32 * 16
_Result = c_uint64 * 2
_WORDS_OF_RAW: Final = 4
_WORDS_OF_VALUE: Final = 8


class HostCall:
    """A call of a guest's that waits for its answer on a fiber.

    Attributes:
        op: What is asked for.
        content: The input, bytes as the guest gave them.
        reply: The answer, once it is there.
        raised: Why there will be none.
    """

    __slots__ = ("content", "future", "op", "raised", "reply", "results_at", "trap_at")

    def __init__(self, op: str, content: bytes, results_at: int, trap_at: int) -> None:
        self.op = op
        self.content = content
        self.reply: bytes | None = None
        self.raised: Exception | None = None
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
        keep_time(instance.watch)
        w = _Words.from_address(values)
        asked = ask(instance, (w[0], w[4], w[8], w[12]))
        if isinstance(asked, tuple):
            serve = instance.serve
            asked = DENIED if serve is None else serve(*asked)
        length = len(asked)
        raw = c_uint64.from_address(instance.raw)
        raw.value = length
        instance.pending = _PLACING
        error = c.func_call_unchecked(instance.context, instance.alloc, instance.raw, 1, instance.trap_at)
        instance.pending = None
        if error or instance.is_trapped():
            raise instance.failed(error)  # noqa: TRY301  # the one border below
        pointer = raw.value & U32
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
        keep_time(instance.watch)
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
            keep_time(instance.watch)
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
        keep_time(instance.watch)
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
        if call.raised is not None:
            raise call.raised  # noqa: TRY301  # the one border below
        if call.reply is None or not _placed(instance, call, call.reply):
            return False
    except BaseException as exc:  # noqa: BLE001  # nothing may be raised into wasmtime
        c_void_p.from_address(call.trap_at).value = _ended(instance, exc)
    instance.pending = None
    return True


def _placed(instance: CoreInstance, call: HostCall, reply: bytes) -> bool:
    """Put the answer where the guest's `alloc` says; false while `alloc` still runs."""
    words = instance.words
    if not call.future:
        at = instance.at
        words[INNER + 1] = len(reply)
        words[INNER_TRAP] = words[INNER_ERROR] = 0
        call.future = c.func_call_async(
            instance.context, instance.alloc, at + 8 * INNER, 1, at + 8 * INNER_RESULT, 1,
            at + 8 * INNER_TRAP, at + 8 * INNER_ERROR,
        )  # fmt: skip
    if not c.call_future_poll(call.future):
        return False
    c.call_future_delete(call.future)
    if words[INNER_TRAP] or words[INNER_ERROR]:
        raise instance.failed(words[INNER_ERROR], words[INNER_TRAP])
    pointer: int = words[INNER_RESULT + 1] & U32
    instance.place(reply, pointer)
    _Result.from_address(call.results_at)[:] = [c.I64, pointer << 32 | len(reply)]
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
