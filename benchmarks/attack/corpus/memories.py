"""Guests that take memory, tables, globals and segments."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import OK, Attack, guest
from benchmarks.attack.spell import DONE

_FILL_UP: Final = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
_TOUCH: Final = f"""(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
  (memory.fill (i32.const 65536) (i32.const 7) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536)))
  {DONE}"""
_TABLE_UP: Final = "(loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1))))"


def _pages(pages: str) -> str:
    return f'(memory (export "memory") {pages})'


def _refused(growth: str) -> str:
    """Trap unless growing was refused."""
    return f"(if (i32.ne {growth} (i32.const -1)) (then unreachable)) {DONE}"


def _grown(table: str, count: int) -> str:
    return _refused(f"(table.grow $t (ref.null {table}) (i32.const {count}))")


MEMORY: Final[tuple[Attack, ...]] = (
    guest("memory/begins one page over", "limit.memory", memory=_pages("17")),
    guest("memory/begins with all 4 GiB", "limit.memory", memory=_pages("65536")),
    guest("memory/begins with 1 GiB", "limit.memory", memory=_pages("16384 16384")),
    guest("memory/grows until refused, then traps", "limit.memory", execute=f"{_FILL_UP} unreachable"),
    guest("memory/grows until refused, then answers", OK, execute=f"{_FILL_UP} {DONE}"),
    guest("memory/grows until refused, then loops", "limit.time", execute=f"{_FILL_UP} (loop (br 0)) {DONE}"),
    guest("memory/grows and touches 64 MB", OK, execute=_TOUCH, limits={"memory_bytes": 64 * 2**20},
          deadline_s=3),
    guest("memory/grows by 65,535 pages", OK, execute=_refused("(memory.grow (i32.const 65535))")),
    guest("memory/grows by -1 pages", OK, execute=_refused("(memory.grow (i32.const -1))")),
    guest("memory/grows in start, then traps", "guest.trap", more=f"(func $s {_FILL_UP} unreachable) (start $s)",
          note="there is no instance to ask how much it had"),
    guest("memory/grows in alloc, then gives null", "limit.memory", alloc=f"{_FILL_UP} (i32.const 0)"),
    guest("memory/grows past what it declared", OK, memory=_pages("1 2"),
          execute=_refused("(memory.grow (i32.const 2))")),
    guest("memory/declares 4 GiB, begins with a page", OK, memory=_pages("1 65536")),
    guest("memory/of no page", "abi.bad_alloc", memory=_pages("0"), data=""),
    guest("memory/data past its end", "guest.trap", more='(data (i32.const 65536) "x")'),
    guest("memory/data at -1", "guest.trap", more='(data (i32.const -1) "x")'),
    guest("memory/memory.init past its segment", "guest.trap", more='(data $d "abc")',
          execute=f"(memory.init $d (i32.const 0) (i32.const 2) (i32.const 2)) {DONE}"),
    guest("memory/memory.init of a dropped segment", "guest.trap", more='(data $d "abc")',
          execute=f"(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) {DONE}"),
    guest("memory/memory.fill past its end", "guest.trap",
          execute=f"(memory.fill (i32.const 1) (i32.const 0) (i32.const -1)) {DONE}"),
    guest("memory/memory.copy past its end", "guest.trap",
          execute=f"(memory.copy (i32.const 0) (i32.const 65535) (i32.const 2)) {DONE}"),
    guest("memory/2,000 data segments", OK, more='(data (i32.const 0) "x")' * 2_000, deadline_s=1),
    guest("memory/100,001 data segments", "load.malformed", more='(data "")' * 100_001),
)  # fmt: skip

TABLES: Final[tuple[Attack, ...]] = (
    guest("table/begins over its limit", "limit.table", more="(table 1001 funcref)"),
    guest("table/begins with 10 M elements", "limit.table", more="(table 10000000 funcref)"),
    guest("table/begins with 2^32-1 elements", "limit.table", more="(table 4294967295 funcref)"),
    guest("table/five of them", "limit.table", more="(table 1 funcref)" * 5),
    guest("table/a hundred of them", "limit.table", more="(table 1 funcref)" * 100),
    guest("table/a hundred and one", "load.malformed", more="(table 1 funcref)" * 101),
    guest("table/two that are over together", OK, more="(table 600 funcref)" * 2,
          note="the limit is each table's"),
    guest("table/grows by 50 M", OK, more="(table $t 1 funcref)", execute=_grown("func", 50_000_000)),
    guest("table/grows by -1", OK, more="(table $t 1 funcref)", execute=_grown("func", -1)),
    guest("table/grows until refused, then answers", OK, more="(table $t 1 funcref)",
          execute=f"{_TABLE_UP} {DONE}"),
    guest("table/element segment past its end", "guest.trap",
          more="(table 1 funcref) (elem (i32.const 1) $alloc)"),
    guest("table/50,000 elements in a segment", OK, more=f"(elem func {'$alloc ' * 50_000})"),
    guest("table/2,000 element segments", OK, more="(elem func $alloc)" * 2_000),
    guest("table/element segments over the table's limit", "limit.table",
          more=f"(table 2000 funcref) (elem (i32.const 0) {'$alloc ' * 2000})"),
)  # fmt: skip

GLOBALS: Final[tuple[Attack, ...]] = (
    guest("globals/50,000 of them", OK, more="(global (mut i64) (i64.const -1))" * 50_000, deadline_s=1),
    guest("globals/40,000 vectors", OK, deadline_s=1,
          more="(global (mut v128) (v128.const i64x2 0 0))" * 40_000),
    guest("globals/150,000 of them", "load.too_large", more="(global i32 (i32.const 0))" * 150_000, deadline_s=1),
)  # fmt: skip

ATTACKS: Final[tuple[Attack, ...]] = (*MEMORY, *TABLES, *GLOBALS)
