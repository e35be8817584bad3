"""Proposals a guest may not use: each widens what must be believed of the compiler."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import Attack, guest, module
from benchmarks.attack.octets import HEADER, honest, section, vec
from benchmarks.attack.spell import DONE

_OFF: Final[dict[str, dict[str, str]]] = {
    "tail calls for ever": {"execute": "(return_call $execute (local.get 0) (local.get 1))"},
    "tail calls through a table": {
        "more": "(type $v (func)) (table funcref (elem $t)) (func $t (return_call_indirect (type $v) (i32.const 0)))"
    },
    "a second memory": {"more": "(memory 1)"},
    "memories by the hundred": {"more": "(memory 100)" * 99},
    "a memory of 64 bits": {"more": "", "memory": '(memory (export "memory") i64 1)', "data": ""},
    "a table of 64 bits": {"more": "(table i64 1 funcref)"},
    "a shared memory": {"memory": '(memory (export "memory") 1 2 shared)'},
    "an atomic": {"execute": f"(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) {DONE}"},
    "an atomic wait": {
        "execute": f"(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))) {DONE}"
    },
    "a fence": {"execute": f"atomic.fence {DONE}"},
    "structs": {"more": "(type $s (struct (field i64)))"},
    "arrays": {
        "more": "(type $a (array (mut i64)))",
        "execute": f"(drop (array.new $a (i64.const 1) (i32.const 100000000))) {DONE}",
    },
    "i31 references": {"execute": f"(drop (ref.i31 (i32.const 1))) {DONE}"},
    "recursive types": {"more": "(rec (type $x (func (param (ref null $y)))) (type $y (func (param (ref null $x)))))"},
    "typed references": {"more": "(type $v (func)) (func (param (ref $v)) (call_ref $v (local.get 0)))"},
    "exceptions": {"more": "(tag $e)", "execute": "(throw $e)"},
    "exceptions caught for ever": {
        "more": "(tag $e)",
        "execute": f"(loop (block (try_table (catch_all 0) (throw $e))) (br 0)) {DONE}",
    },
    "relaxed vectors": {
        "execute": f"(drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))) {DONE}"
    },
    "pages of one byte": {"memory": '(memory (export "memory") 1 (pagesize 1))', "data": ""},
    "128-bit arithmetic": {
        "execute": f"(drop (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0))) drop {DONE}"
    },
    "references to the host's own": {"more": "(table 1 externref)"},
    "continuations": {"more": "(type $f (func)) (type $k (cont $f))"},
}  # fmt: skip

ATTACKS: Final[tuple[Attack, ...]] = (
    *(guest(f"feature/{name}", "load.malformed", parts=parts) for name, parts in _OFF.items()),
    module("feature/exceptions of the old kind", "load.malformed",
           lambda: honest(functions=[3], bodies=[b"\x00\x06\x40\x19\x0b\x0b"])),
    module("feature/an exnref", "load.malformed",
           lambda: HEADER + section(1, vec([b"\x60\x01\x69\x00"]))),
)  # fmt: skip
