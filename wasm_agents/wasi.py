"""The part of WASI preview 1 a guest may import: no files, no sockets, no waiting.

Standard output and error go to the call's log, the clock and chance are the
call's own (`surroundings.py`), a sleep lets virtual time pass and returns at
once. Everything else answers as a system does that has no such thing. Written
for any backend: a function gets whole numbers and a view of the guest's memory.

Source: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from wasm_agents.surroundings import RANDOM_BYTES, Surroundings

MODULE: Final = "wasi_snapshot_preview1"

SUCCESS: Final = 0
BADF: Final = 8
FAULT: Final = 21
INVAL: Final = 28
NOSYS: Final = 52
NOTSUP: Final = 58
SPIPE: Final = 70

U64: Final = 0xFFFF_FFFF_FFFF_FFFF
MAX_VECTORS: Final = 1024
MAX_WRITE: Final = 64 * 1024
MAX_SUBSCRIPTIONS: Final = 64
_REALTIME: Final = 0
_CLOCKS: Final = 4


class BadPointer(Exception):
    """A pointer and length that do not lie in the guest's memory."""


class Exit(Exception):
    """The guest called `proc_exit`.

    Args:
        code: What it said.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class GuestMemory(Protocol):
    """A guest's memory as it is now; every pointer is checked."""

    def read(self, at: int, length: int) -> bytes:
        """Return a copy.

        Raises:
            BadPointer: Not all of it is in memory.
        """
        ...

    def write(self, at: int, content: bytes) -> None:
        """Put `content` there.

        Raises:
            BadPointer: Not all of it is in memory.
        """
        ...


Body = Callable[[Surroundings, GuestMemory, Sequence[int]], int]


class Import(NamedTuple):
    """One function: parameters as a word of `i` (i32) and `I` (i64), whether it answers an errno, its body."""

    params: str
    body: Body
    answers: bool = True


def _empty_list(_world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    memory.write(args[0], bytes(4))
    memory.write(args[1], bytes(4))
    return SUCCESS


def _nothing(_world: Surroundings, _memory: GuestMemory, _args: Sequence[int]) -> int:
    return SUCCESS


def _no_file(_world: Surroundings, _memory: GuestMemory, _args: Sequence[int]) -> int:
    return BADF


def _not_here(_world: Surroundings, _memory: GuestMemory, _args: Sequence[int]) -> int:
    return NOSYS


def _clock_resolution(_world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    if args[0] >= _CLOCKS:
        return INVAL
    memory.write(args[1], struct.pack("<Q", 1_000))
    return SUCCESS


def _clock_time(world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    clock, _, at = args
    if clock >= _CLOCKS:
        return INVAL
    now = world.look()
    memory.write(at, struct.pack("<Q", (now if clock == _REALTIME else world.elapsed()) & U64))
    return SUCCESS


def _random(world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    at, size = args
    if size > RANDOM_BYTES:
        return INVAL
    memory.write(at, world.random(size))
    return SUCCESS


def _write(world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    fd, vectors, count, written = args
    if fd not in {1, 2}:
        return BADF
    if count > MAX_VECTORS:
        return INVAL
    total = 0
    for at, size in struct.iter_unpack("<II", memory.read(vectors, count * 8)):
        took = min(size, MAX_WRITE - total)
        world.write(memory.read(at, took))
        total += took
        if took < size:
            break
    memory.write(written, struct.pack("<I", total))
    return SUCCESS


def _read(_world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    fd, _, _, read = args
    if fd != 0:
        return BADF
    memory.write(read, bytes(4))  # standard input is empty
    return SUCCESS


def _fd_stat(_world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    fd, at = args
    if fd > 2:
        return BADF
    # A character device that may be read (0) or written (1, 2) and nothing more.
    rights = 1 << 1 if fd == 0 else 1 << 6
    memory.write(at, struct.pack("<BxHxxxxQQ", 2, 0, rights, 0))
    return SUCCESS


def _seek(_world: Surroundings, _memory: GuestMemory, args: Sequence[int]) -> int:
    return SPIPE if args[0] <= 2 else BADF


def _close(_world: Surroundings, _memory: GuestMemory, args: Sequence[int]) -> int:
    return SUCCESS if args[0] <= 2 else BADF


def _poll(world: Surroundings, memory: GuestMemory, args: Sequence[int]) -> int:
    wanted, happened, count, told = args
    if not 0 < count <= MAX_SUBSCRIPTIONS:
        return INVAL
    raw = memory.read(wanted, count * 48)
    waits, events = [], []
    for at in range(0, len(raw), 48):
        user, tag = struct.unpack_from("<QB", raw, at)
        if tag == 0:
            clock, timeout, is_absolute = *struct.unpack_from("<IxxxxQ", raw, at + 16), raw[at + 40] & 1
            if clock >= _CLOCKS:
                return INVAL
            base = world.now_ns if clock == _REALTIME else 0
            waits.append((timeout - base - world.elapsed() if is_absolute else timeout, user))
        else:
            (fd,) = struct.unpack_from("<I", raw, at + 16)
            events.append(struct.pack("<QHB21x", user, SUCCESS if fd in {1, 2} else BADF, tag))
    if not events and waits:
        shortest = min(wait for wait, _ in waits)
        world.sleep(shortest)
        events = [struct.pack("<QHB21x", user, SUCCESS, 0) for wait, user in waits if wait <= shortest]
    memory.write(happened, b"".join(events))
    memory.write(told, struct.pack("<I", len(events)))
    return SUCCESS


def _exit(_world: Surroundings, _memory: GuestMemory, args: Sequence[int]) -> int:
    raise Exit(args[0])


def _no_sockets(_world: Surroundings, _memory: GuestMemory, _args: Sequence[int]) -> int:
    return NOTSUP


FUNCTIONS: Final[Mapping[str, Import]] = {
    "args_get": Import("ii", _nothing),
    "args_sizes_get": Import("ii", _empty_list),
    "environ_get": Import("ii", _nothing),
    "environ_sizes_get": Import("ii", _empty_list),
    "clock_res_get": Import("ii", _clock_resolution),
    "clock_time_get": Import("iIi", _clock_time),
    "random_get": Import("ii", _random),
    "sched_yield": Import("", _nothing),
    "poll_oneoff": Import("iiii", _poll),
    "proc_exit": Import("i", _exit, answers=False),
    "proc_raise": Import("i", _not_here),
    "fd_write": Import("iiii", _write),
    "fd_read": Import("iiii", _read),
    "fd_fdstat_get": Import("ii", _fd_stat),
    "fd_close": Import("i", _close),
    "fd_seek": Import("iIii", _seek),
    "fd_tell": Import("ii", _seek),
    **{
        name: Import(params, _no_file)
        for name, params in {
            "fd_advise": "iIIi", "fd_allocate": "iII", "fd_datasync": "i", "fd_fdstat_set_flags": "ii",
            "fd_fdstat_set_rights": "iII", "fd_filestat_get": "ii", "fd_filestat_set_size": "iI",
            "fd_filestat_set_times": "iIIi", "fd_pread": "iiiIi", "fd_prestat_get": "ii",
            "fd_prestat_dir_name": "iii", "fd_pwrite": "iiiIi", "fd_readdir": "iiiIi", "fd_renumber": "ii",
            "fd_sync": "i", "path_create_directory": "iii", "path_filestat_get": "iiiii",
            "path_filestat_set_times": "iiiiIIi", "path_link": "iiiiiii", "path_open": "iiiiiIIii",
            "path_readlink": "iiiiii", "path_remove_directory": "iii", "path_rename": "iiiiii",
            "path_symlink": "iiiii", "path_unlink_file": "iii",
        }.items()
    },
    **{
        name: Import(params, _no_sockets)
        for name, params in {
            "sock_accept": "iii", "sock_recv": "iiiiii", "sock_send": "iiiii", "sock_shutdown": "ii",
        }.items()
    },
}  # fmt: skip
"""By name: what can be linked."""
