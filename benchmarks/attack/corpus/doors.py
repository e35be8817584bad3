"""Modules whose exports are not what the ABI asks for, or that import what nobody gives."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import OK, Attack, guest

_MEMORY: Final = '(memory (export "memory") 1)'
_ALLOC: Final = '(func (export "alloc") (param i32) (result i32) (i32.const 8))'
_DEALLOC: Final = '(func (export "dealloc") (param i32 i32))'
_EXECUTE: Final = '(func (export "execute") (param i32 i32) (result i64) (i64.const 0))'
_REST: Final = f"{_DEALLOC} {_EXECUTE}"


def _alloc(signature: str) -> str:
    return f'(func (export "alloc") {signature} unreachable) {_REST}'


def _execute(signature: str) -> str:
    return f'{_ALLOC} {_DEALLOC} (func (export "execute") {signature} unreachable)'


_BAD: Final[dict[str, dict[str, str]]] = {
    "none at all": {"memory": "(memory 1)", "exports": ""},
    "no memory": {"memory": "(memory 1)"},
    "no alloc": {"exports": _REST},
    "no dealloc": {"exports": f"{_ALLOC} {_EXECUTE}"},
    "no execute": {"exports": f"{_ALLOC} {_DEALLOC}"},
    "memory as a function": {"memory": '(memory 1) (func (export "memory"))'},
    "memory as a global": {"memory": '(memory 1) (global (export "memory") i32 (i32.const 0))'},
    "memory as a table": {"memory": '(memory 1) (table (export "memory") 1 funcref)'},
    "memory in another case": {"memory": '(memory (export "Memory") 1)'},
    "memory with a NUL behind": {"memory": '(memory (export "memory\\00") 1)'},
    "memory in other letters": {"memory": '(memory (export "m\\d0\\b5mory") 1)'},
    "alloc as a global": {"exports": f'(global (export "alloc") i32 (i32.const 8)) {_REST}'},
    "alloc as a memory": {"memory": '(memory (export "memory") (export "alloc") 1)', "exports": _REST},
    "alloc of 64 bits": {"exports": _alloc("(param i64) (result i64)")},
    "alloc of no parameter": {"exports": _alloc("(result i32)")},
    "alloc of two parameters": {"exports": _alloc("(param i32 i32) (result i32)")},
    "alloc of no result": {"exports": _alloc("(param i32)")},
    "alloc of two results": {"exports": _alloc("(param i32) (result i32 i32)")},
    "alloc of a float": {"exports": _alloc("(param i32) (result f32)")},
    "alloc of a reference": {"exports": _alloc("(param i32) (result funcref)")},
    "execute of two results": {"exports": _execute("(param i32 i32) (result i32 i32)")},
    "execute of 32 bits": {"exports": _execute("(param i32 i32) (result i32)")},
    "execute of a vector": {"exports": _execute("(param i32 i32) (result v128)")},
    "alloc of a vector": {"exports": _alloc("(param v128) (result i32)")},
    "execute of 1,000 parameters": {"exports": _execute(f"(param {'i32 ' * 1000}) (result i64)")},
    "execute of 1,000 results": {"exports": _execute(f"(param i32 i32) (result {'i64 ' * 1000})")},
    "_start only": {"exports": '(func (export "_start"))'},
}

_DENIED: Final[dict[str, str]] = {
    "env.system": '(import "env" "system" (func (param i32) (result i32)))',
    "a memory": '(import "env" "memory" (memory 1))',
    "a table": '(import "env" "table" (table 1 funcref))',
    "a global": '(import "env" "__stack_pointer" (global (mut i32)))',
    "an empty name": '(import "" "" (func))',
    "a name of 90,000 bytes": f'(import "{"m" * 90_000}" "{"n" * 90_000}" (func))',
    "1,000 of them": "".join(f'(import "env" "f{n}" (func))' for n in range(1000)),
    "agent.exec": '(import "agent" "exec" (func (param i32 i32)))',
    "agent.call with a NUL": '(import "agent\\00" "call" (func (param i32 i32 i32 i32) (result i64)))',
    "agent.call in another case": '(import "Agent" "CALL" (func (param i32 i32 i32 i32) (result i64)))',
    "agent.call in other letters": '(import "\\d0\\b0gent" "call" (func (param i32 i32 i32 i32) (result i64)))',
    "agent.call with white space": '(import " agent" "call " (func (param i32 i32 i32 i32) (result i64)))',
    "agent.call of 64 bits": '(import "agent" "call" (func (param i64 i64) (result i64)))',
    "agent.call of no result": '(import "agent" "call" (func (param i32 i32 i32 i32)))',
    "agent.call as a memory": '(import "agent" "call" (memory 1))',
    "agent.call as a global": '(import "agent" "call" (global i64))',
    "agent.log of a result": '(import "agent" "log" (func (param i32 i32) (result i32)))',
    "agent.call as a component names it": '(import "agent/call" "call" (func (param i32 i32 i32 i32) (result i64)))',
    "the host's words": '(import "wasm_agents" "load" (func))',
    "another host's words": '(import "extism:host/env" "http_request" (func (param i64 i64) (result i64)))',
    "emscripten's": '(import "env" "emscripten_memcpy_big" (func (param i32 i32 i32)))',
    "WASI's threads": '(import "wasi" "thread-spawn" (func (param i32) (result i32)))',
    "WASI of another version": '(import "wasi_unstable" "fd_write" (func (param i32 i32 i32 i32) (result i32)))',
    "WASI of no version": '(import "wasi_snapshot_preview2" "fd_write" (func (param i32 i32 i32 i32) (result i32)))',
    "a call WASI has not": '(import "wasi_snapshot_preview1" "proc_spawn" (func (param i32) (result i32)))',
    "a WASI call of another type": '(import "wasi_snapshot_preview1" "proc_exit" (func (param i64)))',
    "a function of a vector": '(import "env" "v" (func (param v128) (result v128)))',
    "a global that is a vector": '(import "env" "v" (global v128))',
    "agent.call of a vector": '(import "agent" "call" (func (param v128) (result i64)))',
    "WASI's as a memory": '(import "wasi_snapshot_preview1" "memory" (memory 1))',
}


def _denied(name: str, imports: str) -> Attack:
    if not imports.endswith("(memory 1))"):
        return guest(f"import/{name}", "load.import_denied", imports=imports)
    given = '(export "memory" (memory 0))'
    return guest(f"import/{name}", "load.import_denied", imports=imports, memory="", more=given)


ATTACKS: Final[tuple[Attack, ...]] = (
    *(guest(f"export/{name}", "load.bad_export", parts=parts) for name, parts in _BAD.items()),
    guest("export/_initialize with a parameter", "load.bad_export", needs=("initialize",),
          more='(func (export "_initialize") (param i32))'),
    guest("export/_initialize with a result", "load.bad_export", needs=("initialize",),
          more='(func (export "_initialize") (result i32) (i32.const 0))'),
    guest("export/_initialize as a memory", "load.bad_export", needs=("initialize",),
          memory='(memory (export "memory") (export "_initialize") 1)'),
    guest("export/another function of a vector", OK, more='(func (export "v") (param v128) (result v128) (local.get 0))'),
    guest("export/a global that is a vector", OK, more='(global (export "v") v128 (v128.const i64x2 0 0))'),
    guest("export/30,000 more", "load.too_large", deadline_s=1,
          more="".join(f'(export "{n}" (func $alloc))' for n in range(30_000))),
    guest("export/900 more", OK, more="".join(f'(export "{n}" (func $alloc))' for n in range(900))),
    guest("export/execute is alloc's other name", "load.bad_export",
          exports=f'(func (export "alloc") (export "execute") (param i32) (result i32) (i32.const 8)) {_DEALLOC}'),
    *(_denied(name, imports) for name, imports in _DENIED.items()),
)  # fmt: skip
