"""Components: the same attacks through the other adapter, and those that only it has."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import OK, Attack, component, module
from benchmarks.attack.octets import COMPONENT, section
from benchmarks.attack.spell import ANSWER_AT, RESULT_AT, data_at, result_of

_FOR_EVER: Final = "(loop (br 0))"
_FILL_UP: Final = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
_GIVES: Final = f"(i32.const {RESULT_AT})"
_BIG: Final = '(memory (export "memory") 16)'


def _lie(pointer: int, length: int, *, discriminant: int = 0) -> dict[str, str]:
    words = (discriminant, pointer, length)
    return {
        "data": data_at(RESULT_AT, b"".join((word & 0xFFFF_FFFF).to_bytes(4, "little") for word in words))
    }


def _says(octets: bytes, *, discriminant: int = 0) -> dict[str, str]:
    return {"data": result_of(octets, discriminant=discriminant)}


def _import(kind: str) -> dict[str, str]:
    return {"before": f"(import {kind})"}


RUNS: Final[tuple[Attack, ...]] = (
    component("component/loops", "limit.time", execute=f"{_FOR_EVER} {_GIVES}"),
    component("component/loops in realloc", "limit.time", realloc=f"{_FOR_EVER} (i32.const 8)"),
    component("component/loops in start", "limit.time", more=f"(func $s {_FOR_EVER}) (start $s)"),
    component("component/loops in post-return", "limit.time", post=_FOR_EVER,
              note="the runtime tidies after a component, before anybody sees its answer"),
    component("component/traps in post-return", "guest.trap", post="unreachable"),
    component("component/burns all fuel", "limit.fuel", execute=f"{_FOR_EVER} {_GIVES}",
              limits={"fuel": 1_000_000}, deadline_s=3),
    component("component/recurses", "limit.stack", more="(func $down (call $down))",
              execute=f"(call $down) {_GIVES}"),
    component("component/traps", "guest.trap", execute="unreachable"),
    component("component/traps in realloc", "guest.trap", realloc="unreachable"),
    component("component/traps in start", "guest.trap", more="(func $s unreachable) (start $s)"),
    component("component/divides by zero", "guest.trap",
              execute=f"(drop (i32.div_s (i32.const 1) (i32.const 0))) {_GIVES}"),
    component("component/reads past its memory", "guest.trap",
              execute=f"(drop (i64.load (i32.const -8))) {_GIVES}"),
    component("component/begins over its memory", "limit.memory", memory='(memory (export "memory") 17)'),
    component("component/begins with 4 GiB", "limit.memory", memory='(memory (export "memory") 65536)'),
    component("component/grows until refused, then traps", "limit.memory", execute=f"{_FILL_UP} unreachable"),
    component("component/grows until refused, then answers", OK, execute=f"{_FILL_UP} {_GIVES}"),
    component("component/begins over its table", "limit.table", more="(table 1001 funcref)"),
    component("component/fills 64 MB in a loop", "limit.time", limits={"memory_bytes": 64 * 2**20},
              memory='(memory (export "memory") 1024)',
              execute=f"(loop (memory.fill (i32.const 64) (i32.const 1) (i32.const 0x3ffff00)) (br 0)) {_GIVES}"),
)  # fmt: skip

LIES: Final[tuple[Attack, ...]] = (
    component("component/realloc gives -1", "abi.bad_alloc", realloc="(i32.const -1)"),
    component("component/realloc gives the end", "abi.bad_alloc", realloc="(i32.const 65535)"),
    component("component/its result stands past its memory", "abi.bad_pointer", execute="(i32.const 65532)"),
    component("component/its result stands at -4", "abi.bad_pointer", execute="(i32.const -4)"),
    component("component/its result stands askew", "abi.bad_pointer", execute="(i32.const 17)"),
    component("component/a string past its memory", "abi.bad_pointer", parts=_lie(65_536, 1)),
    component("component/a string over the end", "abi.bad_pointer", parts=_lie(65_535, 2)),
    component("component/a string of 2 GiB", "abi.bad_pointer", parts=_lie(0, 0x8000_0000)),
    component("component/a string of -1 bytes", "abi.bad_pointer", parts=_lie(0, -1)),
    component("component/a string that wraps round", "abi.bad_pointer", parts=_lie(-2, -2)),
    component("component/neither ok nor error", "output.envelope", parts=_lie(ANSWER_AT, 0, discriminant=2)),
    component("component/a string that is no UTF-8", "output.utf8", parts=_says(b'"\xff"')),
    component("component/a string with a surrogate", "output.utf8", parts=_says(b'"\xed\xa0\x80"')),
    component("component/a string cut off", "output.utf8", parts=_says(b'"\xe2\x82')),
    component("component/an error that is no UTF-8", "output.utf8", parts=_says(b"\xff", discriminant=1)),
    component("component/a string over its limit", "limit.output", memory=_BIG, limits={"output_bytes": 1000},
              parts=_lie(2**16, 900_000)),
    component("component/an error over its limit", "limit.output", memory=_BIG, limits={"output_bytes": 1000},
              parts=_lie(2**16, 900_000, discriminant=1)),
    component("component/is given more than it may", "limit.input", given=b" " * 1001,
              limits={"input_bytes": 1000}),
)  # fmt: skip

_ANSWERS: Final[dict[str, tuple[str, bytes]]] = {
    "nothing": ("output.json", b""),
    "no JSON": ("output.json", b"forty-two"),
    "NaN": ("output.json", b"NaN"),
    "1e999": ("output.json", b"1e999"),
    "duplicate keys": ("output.json", b'{"a":1,"a":2}'),
    "a lone surrogate, escaped": ("output.utf8", b'"\\ud800"'),
    "10,000 lists deep": ("output.json", b"[" * 10_000 + b"]" * 10_000),
    "10,000 digits": ("output.json", b"9" * 10_000),
    "two values": ("output.json", b"1 2"),
    "what would close the envelope": ("output.json", b'1},"error":{"code":"a","message":"b"'),
    "what would add to the envelope": ("output.json", b'1,"error":null'),
    "what looks like an envelope": (OK, b'{"error":{"code":"limit.time","message":"b"}}'),
    "a NUL": ("output.json", b"1\0"),
}
_ERRORS: Final[dict[str, bytes]] = {
    "in words": b"no",
    "of nothing": b"",
    "with a code": b'{"code":"mine","message":"no"}',
    "named as the host's": b'{"code":"limit.time","message":"no"}',
    "of a list": b"[1]",
    "of 10,000 bytes": b"m" * 10_000,
    "of a NUL": b"\0",
    "of duplicate keys": b'{"code":"a","code":"b","message":"c"}',
}

ANSWERS: Final[tuple[Attack, ...]] = (
    *(component(f"component/answers {name}", code, parts=_says(octets)) for name, (code, octets) in _ANSWERS.items()),
    *(component(f"component/an error {name}", "guest.error", parts=_says(octets, discriminant=1))
      for name, octets in _ERRORS.items()),
)  # fmt: skip

_DENIED: Final[dict[str, dict[str, str]]] = {
    "a function": _import('"run" (func)'),
    "WASI's command line": _import(
        '"wasi:cli/environment@0.2.0" (instance (export "get-arguments" (func (result (list string)))))'
    ),
    "WASI's sockets": _import('"wasi:sockets/tcp@0.2.0" (instance (export "t" (type (sub resource))))'),
    "an empty instance": _import('"a:b/c" (instance)'),
    "a component": _import('"c" (component)'),
    "a core module": _import('"m" (core module)'),
    "a type": _import('"t" (type (sub resource))'),
}
_STRING: Final = '(param "input" string)'
_LIFTS: Final = """(canon lift (core func $i "{}") (memory (core memory $i "memory"))
  (realloc (core func $i "realloc")))"""


def _export(signature: str, *, name: str = "execute", core: str = "execute") -> dict[str, str]:
    return {"export": f'(func (export "{name}") {signature} {_LIFTS.format(core)})'}


_BAD: Final[dict[str, dict[str, str]]] = {
    "nothing": {"export": ""},
    "another name": _export(f"{_STRING} (result (result string (error string)))", name="run"),
    "no result": _export(_STRING, core="dealloc") | {"more": '(func (export "dealloc") (param i32 i32))'},
    "a bare string": _export(f"{_STRING} (result string)"),
    "an error of a number": _export(f"{_STRING} (result (result string (error u32)))"),
    "an error of nothing": _export(f"{_STRING} (result (result string))"),
    "a list of bytes": _export('(param "input" (list u8)) (result (result string (error string)))'),
    "two parameters": _export(
        '(param "a" string) (param "b" string) (result (result string (error string)))', core="four"
    ) | {"more": '(func (export "four") (param i32 i32 i32 i32) (result i32) (i32.const 16))'},
    "an instance": {"export": '(instance (export "execute"))'},
    "a resource": {"export": '(type $r (resource (rep i32))) (export "execute" (type $r))'},
}  # fmt: skip

_TYPE_BOMB: Final = "(type $t0 (tuple u8))" + "".join(
    f"(type $t{n} (tuple {f'$t{n - 1} ' * 10}))" for n in range(1, 12)
)
_MANY: Final = "(core instance (instantiate $m))"


def _nested(depth: int) -> bytes:
    inner = COMPONENT
    for _ in range(depth):
        inner = COMPONENT + section(4, inner)
    return inner


SHAPES: Final[tuple[Attack, ...]] = (
    *(component(f"component/imports {name}", "load.import_denied", parts=parts) for name, parts in _DENIED.items()),
    *(component(f"component/exports {name}", "load.bad_export", parts=parts) for name, parts in _BAD.items()),
    component("component/types that multiply", "load.malformed", before=_TYPE_BOMB),
    component("component/of 2,000 instances", "limit.memory", after=_MANY * 2000),
    component("component/of 500 components", OK, before="(component)" * 500),
    module("component/components 1,000 deep", "load.too_large", lambda: _nested(1000), adapter="component",
           needs=("component",)),
    component("component/an answer in UTF-16", "output.json", encoding="utf16", parts=_lie(ANSWER_AT, 1)),
)  # fmt: skip

ATTACKS: Final[tuple[Attack, ...]] = (*RUNS, *LIES, *ANSWERS, *SHAPES)
