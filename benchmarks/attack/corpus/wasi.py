"""Guests that reach for a machine through `wasi_snapshot_preview1`, of which there is only a shadow."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import OK, Attack, Need, guest
from benchmarks.attack.spell import ANSWER_AT, DONE, OK_ANSWER, data_at

_NEEDS: Final[tuple[Need, ...]] = ("wasi",)
_TYPES: Final = {
    "args_get": "i32 i32",
    "args_sizes_get": "i32 i32",
    "clock_res_get": "i32 i32",
    "clock_time_get": "i32 i64 i32",
    "environ_get": "i32 i32",
    "environ_sizes_get": "i32 i32",
    "fd_close": "i32",
    "fd_fdstat_get": "i32 i32",
    "fd_prestat_get": "i32 i32",
    "fd_prestat_dir_name": "i32 i32 i32",
    "fd_read": "i32 i32 i32 i32",
    "fd_seek": "i32 i64 i32 i32",
    "fd_write": "i32 i32 i32 i32",
    "path_open": "i32 i32 i32 i32 i32 i64 i64 i32 i32",
    "path_unlink_file": "i32 i32 i32",
    "path_symlink": "i32 i32 i32 i32 i32",
    "poll_oneoff": "i32 i32 i32 i32",
    "proc_exit": "i32",
    "proc_raise": "i32",
    "random_get": "i32 i32",
    "sched_yield": "",
    "sock_accept": "i32 i32 i32",
    "sock_send": "i32 i32 i32 i32 i32",
    "sock_recv": "i32 i32 i32 i32 i32 i32",
    "sock_shutdown": "i32 i32",
}


def _wasi(*names: str) -> str:
    """Return the imports of these calls, each as `$name`."""
    return "".join(
        f'(import "wasi_snapshot_preview1" "{n}" (func ${n} {f"(param {_TYPES[n]})" if _TYPES[n] else ""}'
        f" {'' if n == 'proc_exit' else '(result i32)'}))"
        for n in names
    )


def _run(name: str, *given: int | str) -> str:
    """Return one call; a string stands for itself, a number for a constant of the type it is passed as."""
    types = _TYPES[name].split()
    spelled = (g if isinstance(g, str) else f"({t}.const {g})" for t, g in zip(types, given, strict=True))
    return f"(call ${name} {' '.join(spelled)})"


def _denied(call: str) -> str:
    """Trap when the call succeeded: it must not."""
    return f"(if (i32.eqz {call}) (then unreachable)) {DONE}"


def _again(body: str) -> str:
    return f"(loop {body} (br 0)) {DONE}"


def _iov(fd: int, pointer: int, length: int) -> str:
    return f"""(i32.store (i32.const 64) (i32.const {pointer})) (i32.store (i32.const 68) (i32.const {length}))
      (drop {_run("fd_write", fd, 64, 1, 80)})"""


def _reads(fd: int) -> str:
    """Trap when a file gives a byte."""
    return f"""(i32.store (i32.const 64) (i32.const 1024)) (i32.store (i32.const 68) (i32.const 100))
      (if (i32.eqz {_run("fd_read", fd, 64, 1, 80)}) (then (if (i32.load (i32.const 80)) (then unreachable)))) {DONE}"""


# One subscription: a relative clock of five seconds.
_FIVE_S: Final = data_at(
    512, (7).to_bytes(8, "little") + bytes(8) + bytes(8) + (5 * 10**9).to_bytes(8, "little") + bytes(16)
)
_SLEEP: Final = _run("poll_oneoff", 512, 600, 1, 80)
_NOW: Final = f"(drop {_run('clock_time_get', 1, 0, 64)})"
_AN_HOUR: Final = f"""(local $end i64) {_NOW}
  (local.set $end (i64.add (i64.load (i32.const 64)) (i64.const 3600000000000)))
  (loop {_NOW} (br_if 0 (i64.lt_u (i64.load (i32.const 64)) (local.get $end)))) {DONE}"""
_PIECE: Final = bytes(4) + (60_000).to_bytes(4, "little")
_DATA: Final = data_at(ANSWER_AT, OK_ANSWER) + data_at(2048, b"/etc/passwd")
_NONE_GIVEN: Final = f"(if (i32.load (i32.const 64)) (then unreachable)) {DONE}"
_OPEN: Final = _denied(_run("path_open", 3, 0, 2048, 11, 0, 2, 0, 0, 64))


def _guest(
    name: str, code: str, *calls: str, execute: str, note: str = "", deadline_s: float = 0.1, **parts: str
) -> Attack:
    return guest(
        f"wasi/{name}", code, needs=_NEEDS, imports=_wasi(*calls), data=_DATA, execute=execute, note=note,
        deadline_s=deadline_s, parts=parts,
    )  # fmt: skip


ATTACKS: Final[tuple[Attack, ...]] = (
    *(
        _guest(f"proc_exit of {status}", "guest.exit", "proc_exit", execute=f"{_run('proc_exit', status)} {DONE}")
        for status in (0, 1, 134, -1)
    ),
    _guest("proc_exit in start", "guest.exit", "proc_exit", execute=DONE,
           more=f"(func $s {_run('proc_exit', 0)}) (start $s)"),
    _guest("proc_exit in alloc", "guest.exit", "proc_exit", execute=DONE,
           alloc=f"{_run('proc_exit', 3)} (i32.const 8)"),
    _guest("fd_write in start", OK, "fd_write", execute=DONE, more=f"(func $s {_iov(1, 0, 10)}) (start $s)"),
    _guest("random_get in start", OK, "random_get", execute=DONE,
           more=f"(func $s (drop {_run('random_get', 0, 10)})) (start $s)"),
    _guest("poll_oneoff in start", OK, "poll_oneoff", execute=DONE,
           more=f"{_FIVE_S} (func $s (drop {_SLEEP})) (start $s)"),
    _guest("a sleep of 5 s", OK, "poll_oneoff", execute=f"(drop {_SLEEP}) {DONE}", more=_FIVE_S,
           note="the guest's clock goes on, nobody's time is taken"),
    _guest("sleeps for ever", "limit.time", "poll_oneoff", execute=_again(f"(drop {_SLEEP})"), more=_FIVE_S),
    _guest("poll_oneoff past its memory", OK, "poll_oneoff",
           execute=_denied(_run("poll_oneoff", 65_530, 600, 1, 80))),
    _guest("poll_oneoff of 100 million", OK, "poll_oneoff",
           execute=_denied(_run("poll_oneoff", 0, 0, 100_000_000, 80))),
    _guest("waits for an hour on the clock", "limit.time", "clock_time_get", execute=_AN_HOUR),
    _guest("clock_time_get past its memory", OK, "clock_time_get",
           execute=_denied(_run("clock_time_get", 0, 0, 65_530))),
    _guest("random_get for ever", "limit.time", "random_get",
           execute=_again(f"(drop {_run('random_get', 0, 65_536)})")),
    _guest("random_get past its memory", OK, "random_get", execute=_denied(_run("random_get", 65_530, 100))),
    _guest("random_get of 64 MB", OK, "random_get", execute=_denied(_run("random_get", 0, 64 * 2**20))),
    _guest("random_get of 4 GiB", OK, "random_get", execute=_denied(_run("random_get", 1, -1))),
    *(
        _guest(f"floods fd {fd}", "limit.time", "fd_write", execute=_again(_iov(fd, 0, 4000)))
        for fd in (1, 2)
    ),
    _guest("writes to a file it has not", "limit.time", "fd_write", execute=_again(_iov(77, 0, 4000))),
    _guest("fd_write of 1,000 equal pieces", "limit.time", "fd_write", execute=_again(
        f"(drop {_run('fd_write', 1, 8192, 1000, 80)})"), more=data_at(8192, _PIECE * 1000)),
    _guest("fd_write past its memory", OK, "fd_write", execute=_iov(1, 65_000, 1000) + DONE),
    _guest("args_sizes_get at -1", OK, "args_sizes_get", execute=_denied(_run("args_sizes_get", -1, -1))),
    _guest("fd_write of -1 pieces", OK, "fd_write", execute=_denied(_run("fd_write", 1, 64, -1, 80))),
    _guest("reads stdin", OK, "fd_read", execute=_reads(0)),
    _guest("reads a file it has not", OK, "fd_read", execute=_reads(3)),
    _guest("opens /etc/passwd", OK, "path_open", execute=_OPEN),
    _guest("removes a file", OK, "path_unlink_file", execute=_denied(_run("path_unlink_file", 3, 2048, 11))),
    _guest("looks for folders", OK, "fd_prestat_get", execute=_denied(_run("fd_prestat_get", 3, 64))),
    _guest("looks at its arguments", OK, "args_sizes_get",
           execute=f"(drop {_run('args_sizes_get', 64, 68)}) {_NONE_GIVEN}"),
    _guest("looks at the environment", OK, "environ_sizes_get",
           execute=f"(drop {_run('environ_sizes_get', 64, 68)}) {_NONE_GIVEN}"),
    _guest("accepts a connection", OK, "sock_accept", execute=_denied(_run("sock_accept", 3, 0, 64))),
    _guest("sends to a socket", OK, "sock_send", execute=_denied(_run("sock_send", 3, 0, 1, 0, 64))),
    _guest("random_get at every depth of its stack", "limit.stack", "random_get",
           more=f"(func $down (drop {_run('random_get', 0, 8)}) (call $down))",
           execute=f"(call $down) {DONE}", deadline_s=5),
    _guest("yields for ever", "limit.time", "sched_yield", execute=_again("(drop (call $sched_yield))")),
    _guest("seeks on stdout", OK, "fd_seek", execute=_denied(_run("fd_seek", 1, 0, 0, 64))),
)  # fmt: skip
