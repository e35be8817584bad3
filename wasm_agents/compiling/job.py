"""Compile one module, in a process that does nothing else and may be killed.

Standard input holds the module, then the order (JSON), then the order's
length; the compiled code goes to standard output, one JSON report to
standard error. Nothing here but the standard library, wasmtime's shared
library and the profile's settings: this runs without the package around it.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from contextlib import suppress
from ctypes import byref, c_char_p, c_size_t
from ctypes import c_void_p as ptr
from pathlib import Path
from typing import Any, ClassVar, Final

from wasm_agents.capi.config import Profile, new_config
from wasm_agents.compiling import declared

if sys.platform != "win32":
    import resource

DONE: Final = 0
MALFORMED: Final = 10
REFUSED: Final = 11
NO_ROOM: Final = 12
VALID: Final = 13
"""And not compiled: nobody would serve it."""
TRAILER: Final = 8
MAX_SAID: Final = 2000
PLACE: Final = "(at offset 0x"
"""In what the parser says: it names a place in the file."""
STOP: Final = b"\x63\0"
"""A section of no kind: a parser that says so of it found nothing before, and nothing is compiled."""
NO_NEW_PRIVILEGES: Final = 38  # PR_SET_NO_NEW_PRIVS of linux/prctl.h
DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
SIGKILL: Final = 9


class _Vec(ctypes.Structure):
    _fields_: ClassVar[Any] = (("size", c_size_t), ("at", ptr))


class Compiler:
    """The library with an engine of each profile; made once, used by every fork."""

    def __init__(self, path: str) -> None:
        self.library = ctypes.CDLL(path)
        self._engines: dict[Profile, int] = {}

    def engine(self, profile: Profile) -> int:
        """Return the profile's engine, without slots: nothing is ever run in it."""
        if profile not in self._engines:
            new: Any = self.library.wasm_engine_new_with_config
            new.restype, new.argtypes = ptr, (ptr,)
            self._engines[profile] = new(new_config(self.library, profile))
        return self._engines[profile]

    def validate(self, engine: int, wasm: bytes) -> str:
        """Return why a core module is not valid, or the empty string."""
        return self._said("wasmtime_module_validate", (ptr, engine), (c_char_p, wasm), (c_size_t, len(wasm)))

    def validate_component(self, wasm: bytes) -> str:
        """Return why a component, whole to its last section, is not valid, or the empty string."""
        _, said = self.compile("component", wasm + STOP)
        return "" if f"{PLACE}{len(wasm) + len(STOP):x})" in said else said

    def compile(self, profile: Profile, wasm: bytes) -> tuple[int, str]:
        """Return the module or component, or why there is none."""
        made = ptr()
        word = "component" if profile == "component" else "module"
        said = self._said(
            f"wasmtime_{word}_new",
            (ptr, self.engine(profile)),
            (c_char_p, wasm),
            (c_size_t, len(wasm)),
            (ptr, byref(made)),
        )
        return made.value or 0, said

    def serialize(self, profile: Profile, made: int) -> memoryview:
        """Return the compiled code.

        Raises:
            MemoryError: There is no room for it.
        """
        vec = _Vec()
        word = "component" if profile == "component" else "module"
        if said := self._said(f"wasmtime_{word}_serialize", (ptr, made), (ptr, byref(vec))):
            raise MemoryError(said)
        return memoryview((ctypes.c_char * vec.size).from_address(vec.at))

    def _said(self, name: str, *arguments: tuple[Any, Any]) -> str:
        function = ctypes.CFUNCTYPE(ptr, *(kind for kind, _ in arguments))((name, self.library))
        error = function(
            *(ctypes.cast(v, ptr) if k is ptr and not isinstance(v, int) else v for k, v in arguments)
        )
        if not error:
            return ""
        vec = _Vec()
        message: Any = self.library.wasmtime_error_message
        message.restype, message.argtypes = None, (ptr, ptr)
        message(error, byref(vec))
        return (
            ctypes.string_at(vec.at, min(vec.size, MAX_SAID)).decode("utf-8", "replace") or "no reason given"
        )


def run(compiler: Compiler) -> int:
    """Do what standard input orders; return the exit status."""
    wasm, order = _read()
    _bind(order)
    try:
        status, report = _compile(compiler, wasm, order)
    except MemoryError:
        status, report = NO_ROOM, {"said": "out of memory"}
    except OSError as exc:
        status, report = NO_ROOM, {"said": f"the compiled code cannot be written: {exc.strerror}"}
    os.write(2, json.dumps(report).encode())
    return status


def _compile(compiler: Compiler, wasm: bytes, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    profile: Profile = order["profile"]
    engine = compiler.engine(profile)
    # Validating costs a hundredth of compiling: what is not valid is said at once.
    for start, end in order["modules"]:
        if said := compiler.validate(engine, wasm if end - start == len(wasm) else wasm[start:end]):
            return MALFORMED, {"said": said}
    start, end = order["guest"]
    if order["only_validate"]:
        said = compiler.validate_component(wasm[start:end]) if profile == "component" else ""
        return (MALFORMED if said else VALID), {"said": said}
    made, said = compiler.compile(profile, wasm)
    unfit = said if PLACE in said and end - start < len(wasm) else ""
    if unfit:
        # It does not fit the outer component. By itself it says why, or is no component at all.
        wasm = wasm[start:end]
        made, said = compiler.compile(profile, wasm)
    if said:
        # The parser names a place in the file, the compiler a function: both cannot be told apart otherwise.
        return MALFORMED if PLACE in said else REFUSED, {"said": said}
    try:
        if profile == "component":
            shape = declared.of_component(compiler.library, made, engine, most=order["most"])
            _refuse_if_it_should_fit(shape, unfit)
        else:
            shape = declared.of_module(compiler.library, made, order["unspelled"])
    except ValueError as exc:
        return MALFORMED, {"said": str(exc)}
    code = compiler.serialize(profile, made)
    while code:
        code = code[os.write(1, code) :]
    return DONE, shape


def _refuse_if_it_should_fit(shape: dict[str, Any], unfit: str) -> None:
    """Raise ValueError when a component would be called although it does not fit the outer one."""
    for name, _, signature in shape["exports"] if unfit and not shape["imports"] else ():
        takes, _, gives = signature.partition(": string) -> ")
        if name == "execute" and ":" not in takes and gives == "result<string, string>":
            raise ValueError(unfit)


def _read() -> tuple[bytes, dict[str, Any]]:
    parts = []
    os.lseek(0, 0, os.SEEK_SET)
    while part := os.read(0, 1 << 26):
        parts.append(part)
    given = b"".join(parts)
    end = len(given) - TRAILER - int.from_bytes(given[-TRAILER:], "little")
    order: dict[str, Any] = json.loads(given[end:-TRAILER])
    return given[:end], order


def _bind(order: dict[str, Any]) -> None:
    """Give up what compiling does not need: time, memory, files, privileges."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        with suppress(OSError):  # if the machine runs out of memory, this process goes first
            Path("/proc/self/oom_score_adj").write_text("1000")
        begun_with = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, begun_with + order["memory_bytes"])
    if sys.platform != "win32":
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, order["artifact_bytes"])
        _limit(resource.RLIMIT_CPU, order["cpu_s"])
        # The three that are open stay; no file, socket or pipe can be opened beside them.
        _limit(resource.RLIMIT_NOFILE, 3)


def _limit(which: int, most: int) -> None:
    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        most = min(most, ceiling)
    resource.setrlimit(which, (most, most))
