"""Long texts, kept once under the SHA-256 of what they say, compressed, checked whenever they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol
from zlib import crc32

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from contracts.errors import Damaged, InvalidInput
from storage.failure import Executes, damaged
from storage.sums import Column, row_sum
from storage.table import Row

BLOB_CHARS: Final = 64 * 1024
"""Bytes of UTF-8 above which a text is kept as a blob."""
MAX_BLOB_BYTES: Final = 256 * 1024 * 1024
"""Of one text."""

_LEVEL: Final = 3
_MAX_WINDOW: Final = 2**27
_STORED: Final = "SELECT sha256, length, body, sum FROM blob WHERE sha256 = ?"
_STORE: Final = "INSERT OR REPLACE INTO blob (sha256, length, body, sum) VALUES (?, ?, ?, ?)"


class Blob:
    """A long text under its own name."""

    __slots__ = ("raw", "sha256")

    def __init__(self, text: str) -> None:
        self.raw: Final = text.encode("utf-8")
        self.sha256: Final = sha256(self.raw).hexdigest()
        if len(self.raw) > MAX_BLOB_BYTES:
            raise InvalidInput(
                "storage.too_large", f"a text of {len(self.raw)} bytes, at most {MAX_BLOB_BYTES} are kept"
            )


class Source(Protocol):
    """What answers queries."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Row]:
        """Return every row."""
        ...


def blob_for(text: str) -> Blob | None:
    """Return the blob a text is kept as; None for one that is short enough to stand in its row."""
    if len(text) * 4 <= BLOB_CHARS or len(text.encode("utf-8", "surrogatepass")) <= BLOB_CHARS:
        return None
    return Blob(text)


def store_blobs(connection: Executes, blobs: Iterable[Blob]) -> None:
    """Keep blobs that are not kept yet; one that was damaged meanwhile is made whole."""
    for blob in {b.sha256: b for b in blobs}.values():
        kept = [tuple(row) for row in connection.execute(_STORED, (blob.sha256,))]
        if kept and _sum(*kept[0][:3]) == kept[0][3]:
            continue
        body = ZstdCompressor(level=_LEVEL, write_content_size=True).compress(blob.raw)
        row = (blob.sha256, len(blob.raw), body)
        connection.execute(_STORE, (*row, _sum(*row)))


def blob_text(row: Row) -> str:
    """Return the text a blob's row keeps, which is what was written.

    Raises:
        Damaged: `storage.damaged`.
    """
    name, length, body = row["sha256"], row["length"], row["body"]
    if _sum(name, length, body) != row["sum"] or not (
        isinstance(body, bytes) and 0 <= length <= MAX_BLOB_BYTES
    ):
        raise _damage(name)
    try:
        with ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(body) as stream:
            raw = stream.read(length + 1)
        if len(raw) != length or sha256(raw).hexdigest() != name:
            raise _damage(name)
        return raw.decode("utf-8")
    except (ZstdError, UnicodeDecodeError, MemoryError) as exc:
        raise _damage(name) from exc


def read_blob(source: Source, name: str) -> str:
    """Return the text that is kept under a SHA-256.

    Raises:
        Damaged: `storage.damaged`; also when there is no such blob.
    """
    rows = source.query(_STORED, (name,))
    if not rows or rows[0]["sha256"] != name:
        raise _damage(name)
    return blob_text(rows[0])


def text_of(source: Source, text: str | None, blob: str | None) -> str | None:
    """Return a text that stands in its row or in a blob; None for neither.

    Raises:
        Damaged: `storage.damaged`.
    """
    return text if blob is None else read_blob(source, blob)


def _sum(name: Column, length: Column, body: Column) -> int:
    return row_sum(name, length, crc32(body) if isinstance(body, bytes) else body)


def _damage(name: str) -> Damaged:
    return damaged("blob", str(name)[:64])
