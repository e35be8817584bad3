"""Content codings undone in small steps, so that a bomb costs its cap and no more."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator

from contracts.errors import AttemptFailed
from egress.bounds import too_large

ACCEPTED = "gzip, deflate"
_STEP = 256 * 1024
_MAGIC = b"\x1f\x8b"


class Decoder:
    """Undoes one content coding into at most `limit` bytes."""

    def __init__(self, coding: str, limit: int) -> None:
        self._limit = limit
        self._out = bytearray()
        self._taken = 0
        self._gzip = coding in {"gzip", "x-gzip"}
        self._deflate = coding == "deflate"
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16) if self._gzip else None
        self._ended = False
        self._after = b""  # the first byte of what may be the next member

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            AttemptFailed: `egress.too_large`, `egress.protocol`.
        """
        if self._deflate and self._inflater is None and data:
            # "deflate" is zlib's format by the standard and a bare stream by
            # some servers; only the former begins with method 8.
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS)
        if self._inflater is None:
            self._keep(data)
            return
        try:
            self._inflate(data)
        except zlib.error as exc:
            raise AttemptFailed("egress.protocol", f"the body is not what its coding says: {exc}") from exc

    def take(self) -> bytes:
        """Return what was decoded since the last call."""
        found = bytes(self._out)
        self._taken += len(found)
        self._out.clear()
        return found

    def finish(self) -> bytes:
        """Return what was not yet taken: the whole body, if nothing was.

        Raises:
            AttemptFailed: `egress.protocol`, the body ends in the middle.
        """
        if self._inflater is not None and not self._ended:
            raise AttemptFailed("egress.protocol", "the compressed body ends in the middle", retryable=True)
        return bytes(self._out)

    def _inflate(self, data: bytes) -> None:
        while data and self._inflater is not None:
            if self._ended:
                data = self._next_member(data)
                continue
            self._keep(self._inflater.decompress(data, _STEP))
            self._ended = self._inflater.eof
            data = self._inflater.unused_data if self._ended else self._inflater.unconsumed_tail

    def _next_member(self, data: bytes) -> bytes:
        # A gzip body may be several members in a row; whatever else follows one is padding, as browsers hold.
        held = self._after + data
        self._gzip = self._gzip and (held.startswith(_MAGIC) or _MAGIC.startswith(held))
        self._after = held if self._gzip and len(held) < len(_MAGIC) else b""
        if not self._gzip or self._after:
            return b""
        self._inflater, self._ended = zlib.decompressobj(zlib.MAX_WBITS | 16), False
        return held

    def _keep(self, data: bytes) -> None:
        if self._taken + len(self._out) + len(data) > self._limit:
            raise too_large(self._limit, "when decoded")
        self._out += data


async def iter_decoded(chunks: AsyncIterable[bytes], *, coding: str, limit: int) -> AsyncIterator[bytes]:
    """Yield a body, decoded.

    Args:
        chunks: As they came off the wire.
        coding: The Content-Encoding header; empty for none.
        limit: In bytes, after decoding.

    Raises:
        AttemptFailed: `egress.too_large`, `egress.protocol`.
    """
    name = coding.strip().lower()
    if name not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise AttemptFailed(
            "egress.protocol", f"the answer is coded as {name[:80]!r}, which was not asked for"
        )
    decoder = Decoder(name, limit)
    empty = True
    async for chunk in chunks:
        empty = empty and not chunk
        decoder.feed(chunk)
        if piece := decoder.take():
            yield piece
    if not empty:
        decoder.finish()


async def read_decoded(chunks: AsyncIterable[bytes], *, coding: str, limit: int) -> bytes:
    """Return a body, decoded; see `iter_decoded`."""
    body = bytearray()
    async for piece in iter_decoded(chunks, coding=coding, limit=limit):
        body += piece
    return bytes(body)
