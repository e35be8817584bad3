"""Guests that turn on the host's own functions, `agent.call` and `agent.log`."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import OK, Attack, Need, guest
from benchmarks.attack.spell import ANSWER_AT, CALL, DONE, LOG, OK_ANSWER, data_at, packed

_NEEDS: Final[tuple[Need, ...]] = ("host_calls",)
_IN_AT: Final = 2048
_OP_AT: Final = 2000
_DATA: Final = data_at(ANSWER_AT, OK_ANSWER) + data_at(_IN_AT, b'{"n":1}')
_BIG: Final = '(memory (export "memory") 16)'
_COUNTED: Final = "(global $n (mut i32) (i32.const 0))"


def _call(op: str, *, given: tuple[int, int] = (_IN_AT, 7), at: tuple[int, int] | None = None) -> str:
    """Return one `agent.call` of the op that stands at `_OP_AT`."""
    op_at, op_length = at or (_OP_AT, len(op))
    return "(call $call {} {} {} {})".format(
        *(f"(i32.const {number})" for number in (op_at, op_length, *given))
    )


def _caller(
    name: str, code: str, *, op: str = "echo", body: str = "", note: str = "", limits: dict[str, int] | None = None,
    memory: str = "", imports: str = CALL, deadline_s: float = 0.1, **parts: str,
) -> Attack:  # fmt: skip
    """Return a guest that calls `op` and answers with the host's own reply, unless `body` says otherwise."""
    return guest(
        f"host call/{name}", code, needs=_NEEDS, imports=imports, data=_DATA + data_at(_OP_AT, op.encode()),
        execute=body or _call(op), note=note, limits=limits, deadline_s=deadline_s,
        parts=parts | ({"memory": memory} if memory else {}),
    )  # fmt: skip


_OUT: Final = {
    "op past the end": _call("", at=(65_536, 1)),
    "op over the end": _call("", at=(65_535, 2)),
    "op of 2 GiB": _call("", at=(0, 0x8000_0000)),
    "op of -1": _call("", at=(0, 0xFFFF_FFFF)),
    "op at -1": _call("", at=(0xFFFF_FFFF, 4)),
    "op wrapping round": _call("", at=(0xFFFF_FFFF, 0xFFFF_FFFF)),
    "input past the end": _call("echo", given=(65_536, 1)),
    "input over the end": _call("echo", given=(65_535, 2)),
    "input of 2 GiB": _call("echo", given=(0, 0x8000_0000)),
    "input of -1": _call("echo", given=(0, 0xFFFF_FFFF)),
    "input at -1": _call("echo", given=(0xFFFF_FFFF, 2)),
}
_AGAIN: Final = f"(loop (drop {_call('echo')}) (br 0)) {DONE}"
_GROWN: Final = """(return (i32.sub
  (i32.mul (i32.add (memory.grow (i32.const 1)) (i32.const 1)) (i32.const 65536)) (i32.const 1000)))"""
_COUNT: Final = "(global.set $n (i32.add (global.get $n) (i32.const 1)))"


def _second_alloc(body: str) -> str:
    """Return an `alloc` that is honest to the input and not to a reply."""
    return f"{_COUNT} (if (i32.gt_u (global.get $n) (i32.const 1)) (then {body})) (i32.const 1024)"


def _log(pointer: int, length: int) -> str:
    return f"(call $log (i32.const {pointer}) (i32.const {length}))"


CALLS: Final[tuple[Attack, ...]] = (
    *(_caller(name, "abi.bad_pointer", body=body) for name, body in _OUT.items()),
    _caller("for ever", "limit.host_calls", body=_AGAIN),
    _caller("more than it may, once", "limit.host_calls", limits={"host_calls": 0}),
    _caller("of an op nobody serves", "guest.error", op="nobody.serves"),
    _caller("of an op it may not", "guest.error", op="denied"),
    _caller("of an op that fails", "guest.error", op="fails"),
    _caller("of an op that breaks", "guest.error", op="breaks", note="what broke is not told to the guest"),
    _caller("of an empty op", "guest.error", op=""),
    _caller("of an op with a path in it", "guest.error", op="../../etc/passwd"),
    _caller("of an op that is no UTF-8", "guest.error", more=data_at(3000, b"\xff\xfe"),
            body=_call("", at=(3000, 2))),
    _caller("of an op of 60 KB", "guest.error", op="o", body=_call("", at=(0, 60_000))),
    _caller("of an op that takes 5 s", "limit.time", op="sleeps"),
    _caller("whose reply alloc traps on", "guest.trap", more=_COUNTED, alloc=_second_alloc("unreachable")),
    _caller("whose reply alloc never places", "limit.time", more=_COUNTED, alloc=_second_alloc("(loop (br 0))")),
    _caller("whose reply alloc puts at null", "abi.bad_alloc", more=_COUNTED,
            alloc=_second_alloc("(return (i32.const 0))")),
    _caller("whose reply alloc puts at the end", "abi.bad_alloc", more=_COUNTED,
            alloc=_second_alloc("(return (i32.const 65535))")),
    _caller("whose reply alloc puts at -1", "abi.bad_alloc", more=_COUNTED,
            alloc=_second_alloc("(return (i32.const -1))")),
    _caller("whose reply alloc recurses on", "limit.stack", more=_COUNTED + "(func $down (call $down))",
            alloc=_second_alloc("(call $down)")),
    _caller("out of which alloc calls again", "abi.bad_alloc", more=_COUNTED,
            alloc=_second_alloc(f"(drop {_call('echo')})")),
    _caller("out of which alloc calls again, without end", "abi.bad_alloc", more=_COUNTED,
            alloc=_second_alloc(f"(drop {_call('echo')})"), limits={"host_calls": 1_000_000}),
    _caller("at every depth of its stack", "limit.stack", body=f"(call $down) {DONE}",
            more=f"(func $down (drop {_call('echo')}) (call $down))",
            limits={"host_calls": 1_000_000}, deadline_s=5),
    _caller("whose reply alloc grows memory for", OK, more=_COUNTED, alloc=_second_alloc(_GROWN)),
    _caller("with a reply of 1 MB", "abi.bad_alloc", op="floods"),
    _caller("between loops", "limit.time", body=f"(drop {_call('echo')}) (loop (br 0)) {DONE}"),
    _caller("and a trap", "guest.trap", body=f"(drop {_call('echo')}) unreachable"),
    _caller("and an answer past its memory", "abi.bad_pointer",
            body=f"(drop {_call('echo')}) {packed(65_536, 9)}"),
    _caller("as its start function", "load.malformed", more="(start $call)"),
    _caller("from its start function", "abi.bad_alloc", body=DONE,
            more=f"(func $s (drop {_call('echo')})) (start $s)",
            note="its alloc is not the host's to call yet"),
    _caller("of nothing, from its start function", "abi.bad_alloc", body=DONE,
            more=f"(func $s (drop {_call('', given=(0, 0), at=(0, 0))})) (start $s)",
            note="its alloc is not the host's to call yet"),
    _caller("from _initialize", OK, initialize=f"(drop {_call('echo')})", body=DONE),
    _caller("with its input as large as it may be", OK, memory=_BIG, op="swallows",
            body=_call("swallows", given=(8192, 60_000))),
)  # fmt: skip

LOGS: Final[tuple[Attack, ...]] = (
    *(
        _caller(f"log {name}", "abi.bad_pointer", imports=LOG, body=f"{_log(*place)} {DONE}")
        for name, place in {
            "past the end": (65_536, 1),
            "over the end": (65_535, 2),
            "of 2 GiB": (0, 0x8000_0000),
            "of -1": (0, 0xFFFF_FFFF),
            "at -1": (0xFFFF_FFFF, 1),
        }.items()
    ),
    _caller("log from its start function", "abi.bad_pointer", imports=LOG, body=DONE,
            more=f"(func $s {_log(3000, 3)}) (start $s)"),
    _caller("log of nothing, from its start function", OK, imports=LOG, body=DONE,
            more=f"(func $s {_log(0, 0)}) (start $s)"),
    _caller("log flood", "limit.time", imports=LOG, body=f"(loop {_log(0, 1000)} (br 0)) {DONE}",
            note="what is over the limit is not kept"),
    _caller("log in one piece over its limit", OK, imports=LOG, body=f"{_log(0, 60_000)} {DONE}"),
    _caller("log at every depth of its stack", "limit.stack", imports=LOG, body=f"(call $down) {DONE}",
            more=f"(func $down {_log(0, 0)} (call $down))", deadline_s=5),
    _caller("log of nothing, for ever", "limit.time", imports=LOG, body=f"(loop {_log(0, 0)} (br 0)) {DONE}"),
    _caller("log that is no UTF-8", OK, imports=LOG, more=data_at(3000, b"\xff\xfe\xc0"),
            body=f"{_log(3000, 3)} {DONE}"),
    _caller("log that forges lines", OK, imports=LOG, more=data_at(3000, b"\r\n\x1b[2J\0ERROR root: all well"),
            body=f"{_log(3000, 28)} {DONE}"),
)  # fmt: skip

ATTACKS: Final[tuple[Attack, ...]] = (*CALLS, *LOGS)
