"""What a component is given, as the two values that cross: how long its answer may be, and the input."""

from __future__ import annotations

import ctypes
from codecs import getincrementaldecoder
from ctypes import c_char_p, c_void_p, cast
from typing import Final

from contracts.errors import InvalidInput
from wasm_agents.component import binding as b

_PIECE: Final = 64 * 1024


def check_text(content: bytes) -> None:
    """Refuse what is no UTF-8, without a second copy of something long.

    Raises:
        InvalidInput: `json.encoding`.
    """
    if content.isascii():
        return
    decoder, view = getincrementaldecoder("utf-8")(), memoryview(content)
    for at in range(0, len(content), _PIECE):
        try:
            decoder.decode(view[at : at + _PIECE], final=at + _PIECE >= len(content))
        except UnicodeDecodeError as exc:
            where = at + exc.start - len(decoder.getstate()[0])
            raise InvalidInput("json.encoding", f"the input is not UTF-8 at byte {where}") from exc


def arguments(content: bytes, most: int) -> ctypes.Array[b.Value]:
    """Return what the bounded call takes; `content` must outlive it.

    Raises:
        InvalidInput: `json.encoding`; wasmtime would end the process.
    """
    check_text(content)
    arguments = (b.Value * 2)(b.Value(kind=b.U32), b.Value(kind=b.STRING))
    arguments[0].of.u32 = most
    arguments[1].of.string.size = len(content)
    arguments[1].of.string.at = cast(c_char_p(content), c_void_p).value
    return arguments
