"""An engine of its own for one call at a time, with a module in it and what the module imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from wasmtime import Caller, Engine, FuncType, Linker, Module, Store, ValType

from contracts.errors import AttemptFailed
from wasm_agents import wasi
from wasm_agents.compiling.shape import Import
from wasm_agents.host_rules import DENIED, MAX_LOG_LINE, ask
from wasm_agents.hostcall import SIGNATURES
from wasm_agents.public.instance import U32, U64, PublicInstance
from wasm_agents.wasi import BadPointer

Body = Callable[[PublicInstance, Sequence[int]], int]

_KINDS: Final = {"i": ValType.i32, "I": ValType.i64}
_MASKS: Final = {"i": U32, "I": U64}


class CoreLane:
    """A core module ready to be instantiated, again and again, for one call at a time.

    Args:
        engine: Its own.
        module: Loaded into that engine.
        imports: What it imports, each of `SIGNATURES`.

    Attributes:
        instance: The one whose call is under way.
    """

    instance: PublicInstance

    def __init__(self, engine: Engine, module: Module, imports: Sequence[Import]) -> None:
        self.engine = engine
        linker = Linker(engine)
        for name in {(each.module, each.name) for each in imports}:
            self._define(linker, name, _body_of(name))
        self._pre = linker.instantiate_pre(module)

    def instantiate(self, store: Store) -> Mapping[str, object]:
        """Make the instance, run its start function, and return its exports."""
        return self._pre.instantiate(store).exports(store)

    def _define(self, linker: Linker, name: tuple[str, str], body: Body) -> None:
        params, results = SIGNATURES[name].split(">")
        masks = [_MASKS[kind] for kind in params]
        nothing = 0 if results else None

        def run(caller: Caller, *words: int) -> int | None:
            instance, answer = self.instance, 0
            if instance.failure is None:  # else the call is over, and the guest only does not know it yet
                with instance.called_from(caller):
                    answer = body(instance, [word & mask for word, mask in zip(words, masks, strict=True)])
            return answer if results and instance.failure is None else nothing

        kind = FuncType([_KINDS[k]() for k in params], [_KINDS[k]() for k in results])
        linker.define_func(*name, kind, run, access_caller=True)


def _body_of(name: tuple[str, str]) -> Body:
    if name == ("agent", "call"):
        return _call
    if name == ("agent", "log"):
        return _log
    return _virtual(wasi.FUNCTIONS[name[1]])


def _call(instance: PublicInstance, words: Sequence[int]) -> int:
    op_at, op_length, at, length = words
    asked = ask(instance, (op_at, op_length, at, length))
    if isinstance(asked, tuple):
        serve = instance.serve
        asked = DENIED if serve is None else serve(*asked)
    instance.pending = asked
    try:
        pointer = instance.put(asked)
    finally:
        instance.pending = None
    return pointer << 32 | len(asked)


def _log(instance: PublicInstance, words: Sequence[int]) -> int:
    at, length = words
    if at + length > instance.size():
        raise BadPointer(at, length)
    if instance.world is not None:
        instance.world.write(instance.read(at, min(length, MAX_LOG_LINE)) + b"\n")
    return 0


def _virtual(function: wasi.Import) -> Body:
    def run(instance: PublicInstance, words: Sequence[int]) -> int:
        if instance.world is None:
            raise AttemptFailed("host.internal", "a guest has no surroundings")
        try:
            return function.body(instance.world, instance, words)
        except BadPointer:
            return wasi.FAULT

    return run
