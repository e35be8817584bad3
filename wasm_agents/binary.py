"""Look at a module's bytes before the compiler does: is it one, and is it small enough to compile?

Compiling is not interruptible and its time grows faster than a function's
length, so a few kilobytes can hold a core for seconds. The section table
tells every function's length without decoding an instruction.
"""

from __future__ import annotations

from typing import Final

from contracts.errors import InvalidInput
from wasm_agents.limits import MAX_BODY_BYTES, MAX_CODE_BYTES, MAX_FUNCTIONS, MAX_MODULE_BYTES

HEADER: Final = b"\0asm\x01\0\0\0"
COMPONENT: Final = b"\0asm\x0d\0\x01\0"
CODE_SECTION: Final = 10


def check_module(wasm: bytes) -> None:
    """Refuse bytes that are no core module, or one too large to compile.

    Raises:
        InvalidInput: `load.malformed`, `load.too_large`.
    """
    if len(wasm) > MAX_MODULE_BYTES:
        raise _too_large(f"a module of {len(wasm)} bytes, at most {MAX_MODULE_BYTES} are loaded")
    _check_header(wasm)
    at = len(HEADER)
    while at < len(wasm):
        section = wasm[at]
        size, at = _read_u32(wasm, at + 1)
        end = at + size
        if end > len(wasm):
            raise _malformed(f"section {section} ends past the module, at byte {end} of {len(wasm)}")
        if section == CODE_SECTION:
            _check_bodies(wasm, at, end)
        at = end


def _check_header(wasm: bytes) -> None:
    if wasm.startswith(HEADER):
        return
    if wasm.startswith(COMPONENT):
        raise _malformed("a component, and agent/1 takes a core module")
    if not wasm:
        raise _malformed("an empty file, not a WebAssembly module")
    raise _malformed(f"not a WebAssembly module: it begins with {wasm[:8]!r}")


def _check_bodies(wasm: bytes, at: int, end: int) -> None:
    count, at = _read_u32(wasm, at)
    if count > MAX_FUNCTIONS:
        raise _too_large(f"{count} functions, at most {MAX_FUNCTIONS} are compiled")
    if end - at > MAX_CODE_BYTES:
        raise _too_large(f"{end - at} bytes of code, at most {MAX_CODE_BYTES} are compiled")
    for number in range(count):
        size, at = _read_u32(wasm, at)
        if size > MAX_BODY_BYTES:
            raise _too_large(
                f"function body {number} has {size} bytes, at most {MAX_BODY_BYTES} are compiled"
            )
        at += size
        if at > end:
            raise _malformed(f"function body {number} ends past its section")


def _read_u32(wasm: bytes, at: int) -> tuple[int, int]:
    """Return the LEB128 number at `at` and the place after it."""
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(wasm):
            break
        byte = wasm[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _malformed(f"a length that does not end, at byte {at}")


def _malformed(message: str) -> InvalidInput:
    return InvalidInput("load.malformed", message, hint="Build the guest for wasm32 as a core module.")


def _too_large(message: str) -> InvalidInput:
    return InvalidInput("load.too_large", message, hint="Split large functions; leave unused code out.")
