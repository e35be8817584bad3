"""The component every guest is put into: it refuses an answer too long before the host copies a byte of it.

wasmtime copies a string into the host, twice, before anybody sees its length.
Within wasm the copy goes through a `realloc` of ours, which is told the length
first; `outer.wat` is the text of it. Nothing here but the standard library:
the process that compiles uses it too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

BOUNDED: Final = b"bounded"
"""The export that is called: `func(most: u32, input: string) -> result<string, string>`."""
PAGE_BYTES: Final = 64 * 1024
MEMORIES: Final = 1
INSTANCES: Final = 3
"""Of core modules it adds: two of its own, and wasmtime's that hands strings from one side to the other."""

_HEAD: Final = bytes.fromhex(
    "0061736d0d0001000194010061736d01000000010c0260047f7f7f7f017f60000003040300010105030100010606017f01"
    "417f0b072204066d656d6f72790200046d6f73740300077265616c6c6f630000046f76657200010a45033b01017f200323"
    "0041036c230020001b4b044010010b2003418f80046a4110763f006b2104200441004a0440417f2004400046044010020b"
    "0b41100b0300000b0300000b0188010061736d0100000001110360000060037f7f7f0060037f7f7f017f02390404726f6f"
    "6d066d656d6f727902000104726f6f6d046d6f7374037f0104726f6f6d046f766572000005677565737407657865637574"
    "65000103020102070b0107626f756e64656400020a1f011d00200024002001200241001001410028020820004b04401000"
    "0b41000b"
)
_TAIL: Final = bytes.fromhex(
    "020401000000050401000000062303010000076578656375746500020100066d656d6f727900000100077265616c6c6f63"
    "0809010100000203000400021f0201010765786563757465000100010204726f6f6d120005677565737412010717026a01"
    "7301734002046d6f73747905696e7075747300000624030000010207626f756e64656400020100066d656d6f7279000001"
    "00077265616c6c6f63080a010000020203010403010b19020007657865637574650100000007626f756e646564010100"
)
_OVER_AT: Final = 0x99
"""Where `$over` traps."""
_FULL_AT: Final = 0x9D
_COPIES: Final = 3
"""Of an input while a call lasts: two are wasmtime's, the third lies in the outer memory."""
_COMPONENT: Final = b"\x04"
"""The section a component within a component lies in."""

DIGEST: Final = hashlib.sha256(_HEAD + _TAIL).hexdigest()

Place = Literal["over", "full", "border", "guest"]
"""Where a call ended: refused for its length; no room for a string; handing one on; anywhere else."""


def around(size: int) -> tuple[bytes, bytes]:
    """Return what stands before and after a guest of so many bytes."""
    return _HEAD + _COMPONENT + _leb(size), _TAIL


def extra_room(input_bytes: int) -> int:
    """Return what an input takes beside the guest's own memory, in whole pages: counted against its limit."""
    return _COPIES * input_bytes // PAGE_BYTES * PAGE_BYTES


def place_of(frames: Sequence[int]) -> Place:
    """Return where a call ended.

    Args:
        frames: Where each of its functions stands in the component, innermost first.
    """
    if frames[:1] == [_OVER_AT]:
        return "over"
    if frames[:1] == [_FULL_AT]:
        return "full"
    # Nothing of a guest was running: only wasmtime's module and, under it, ours.
    return "border" if len(frames) == 2 and frames[1] < len(_HEAD) else "guest"


def _leb(size: int) -> bytes:
    octets = bytearray()
    while size > 0x7F:
        octets.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*octets, size])
