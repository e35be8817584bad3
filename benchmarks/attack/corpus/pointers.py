"""Guests that lie about where and how long: `alloc`'s answer, and `execute`'s."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import OK, Attack, guest
from benchmarks.attack.spell import ANSWER_AT, DONE, OK_ANSWER, data_at, packed

_END: Final = 65536
_COUNTED: Final = "(global $n (mut i32) (i32.const 0))"
_LAST: Final = _END - len(OK_ANSWER)
_TRACKED: Final = f"""(drop (memory.grow (i32.const 3)))
  (memory.copy (i32.const 250000) (i32.const {ANSWER_AT}) (i32.const {len(OK_ANSWER)}))
  {packed(250000, len(OK_ANSWER))}"""

_ALLOCS: Final = {
    "null": "(i32.const 0)",
    "-1": "(i32.const -1)",
    "2 GiB": "(i32.const 0x80000000)",
    "the end": f"(i32.const {_END})",
    "one byte too few": f"(i32.const {_END - 1})",
    "what would wrap round": "(i32.const 0xfffffffe)",
    "its size argument turned negative": "(i32.sub (i32.const 0) (local.get 0))",
}
_ANSWERS: Final = {
    "past the end": packed(_END, 1),
    "over the end": packed(_END - 1, 2),
    "4 GiB": packed(0, 0xFFFF_FFFF),
    "2 GiB": packed(0, 0x8000_0000),
    "-1": "(i64.const -1)",
    "the least number": "(i64.const 0x8000000000000000)",
    "wrapping round": packed(0xFFFF_FFFF, 0xFFFF_FFFF),
    "wrapping to itself": packed(0x8000_0000, 0x8000_0000),
    "past the end of nothing": packed(_END + 1, 0),
    "one over all of memory": packed(0, _END + 1),
}

ATTACKS: Final[tuple[Attack, ...]] = (
    *(guest(f"pointer/alloc gives {name}", "abi.bad_alloc", alloc=body) for name, body in _ALLOCS.items()),
    *(guest(f"pointer/answers {name}", "abi.bad_pointer", execute=body) for name, body in _ANSWERS.items()),
    guest("pointer/alloc gives an odd place", OK, alloc="(i32.const 1023)"),
    guest("pointer/alloc gives the last bytes", OK, alloc=f"(i32.const {_END - 2})"),
    guest("pointer/alloc gives where the answer stands", "output.json", alloc=f"(i32.const {ANSWER_AT})",
          note="the input is written over the answer"),
    guest("pointer/alloc gives another place each time", OK, more=_COUNTED,
          alloc="(global.set $n (i32.add (global.get $n) (i32.const 77))) (global.get $n)"),
    guest("pointer/alloc grows memory under the host", OK,
          alloc=f"(drop (memory.grow (i32.const 2))) (i32.const {_END + 8})"),
    guest("pointer/execute moves memory, answers beyond it", OK, execute=_TRACKED),
    guest("pointer/answers nothing at the end", "output.json", execute=packed(_END, 0)),
    guest("pointer/answers nothing", "output.json", execute="(i64.const 0)"),
    guest("pointer/answers the last bytes", OK, data=data_at(_LAST, OK_ANSWER),
          execute=packed(_LAST, len(OK_ANSWER))),
    guest("pointer/answers all of memory", "output.json", execute=packed(0, _END)),
    guest("pointer/answers its input", "output.envelope", execute=packed(1024, 2)),
    guest("pointer/shrinks nothing by dealloc", OK, dealloc="unreachable",
          note="a fresh instance is dropped, not tidied"),
    guest("pointer/answers more than it may", "limit.output", execute=packed(0, 1001),
          limits={"output_bytes": 1000}),
    guest("pointer/answers all it may", "output.json", execute=packed(0, 1000),
          limits={"output_bytes": 1000}),
    guest("pointer/is given more than it may", "limit.input", execute="unreachable", given=b" " * 1001,
          limits={"input_bytes": 1000}),
    guest("pointer/is given more than its memory", "abi.bad_alloc", given=b" " * 65_000, execute=DONE),
)  # fmt: skip
