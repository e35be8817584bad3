"""Compiled code on disk, signed, and believed only after its signature was checked.

wasmtime runs what it loads and can tell only some damage. So each file is
signed with a key that never leaves its folder; it is read once, into memory
nobody can change, and what was read is what was checked and what is loaded.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from wasm_agents.compiling.owned import open_folder, open_owned, read_key
from wasm_agents.compiling.scratch import CHUNK, Scratch, new_scratch
from wasm_agents.compiling.shape import Shape, shape_from

MAX_BYTES: Final = 1024 * 1024 * 1024
"""All files together; the ones not used for longest go."""
MAX_FILE: Final = 512 * 1024 * 1024
STALE_S: Final = 3600
"""After which half-written files of a killed process go."""
_SUFFIX: Final = ".aot"
_HEADER: Final = struct.Struct("<8s64sIQ")  # magic, key, bytes of the shape, bytes of the code
_MAGIC: Final = b"callaot1"
_TAG: Final = 32
_MAX_SHAPE: Final = 4 * 1024 * 1024


class Cache:
    """One folder of signed files; several processes may use it at once.

    Args:
        folder: Made with mode 700 when it is not there.
        max_bytes: What its files may take together.

    Raises:
        Unavailable: `host.internal`, the folder is not its owner's alone.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = open_folder(folder)
        self._max_bytes = max_bytes

    def get(self, key: str) -> tuple[Scratch, Shape] | None:
        """Return what was compiled under a key, checked and sealed; None when there is nothing to believe."""
        try:
            number = open_owned(self._folder, key + _SUFFIX, most=min(MAX_FILE, self._max_bytes))
        except OSError:
            return None
        try:
            found = _read(number, key, read_key(self._folder))
            if found is not None:
                os.utime(number)
        except (OSError, ValueError):
            return None
        finally:
            os.close(number)
        return found

    def put(self, key: str, code: Scratch, shape: Shape) -> bool:
        """Keep what was compiled; return whether there was room and leave to."""
        size = code.size
        words = shape.as_json()
        if _HEADER.size + len(words) + size + _TAG > min(MAX_FILE, self._max_bytes):
            return False
        mark = f".{secrets.token_hex(8)}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            signer = hmac.new(read_key(self._folder), digestmod=hashlib.sha256)
            number = os.open(mark, flags, 0o600, dir_fd=self._folder)
        except OSError:
            return False
        try:
            with os.fdopen(number, "wb", buffering=0) as file:
                head = _HEADER.pack(_MAGIC, key.encode(), len(words), size) + words
                for part in (head, *(code.read(at) for at in range(0, size, CHUNK))):
                    signer.update(part)
                    _write(file.fileno(), part)
                _write(file.fileno(), signer.digest())
                os.fsync(file.fileno())
                os.rename(mark, key + _SUFFIX, src_dir_fd=self._folder, dst_dir_fd=self._folder)
                self._evict(key + _SUFFIX, os.fstat(file.fileno()).st_mtime)
        except OSError:
            with suppress(OSError):
                os.unlink(mark, dir_fd=self._folder)
            return False
        return True

    def _evict(self, newest: str, now: float) -> None:
        kept, total = [], 0
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(OSError):  # another process may be doing the same
                    found = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(_SUFFIX):
                        total += found.st_size
                        kept.append((found.st_mtime, found.st_size, entry.name))
                    elif entry.name.endswith(".tmp") and found.st_mtime < now - STALE_S:
                        os.unlink(entry.name, dir_fd=self._folder)
        for _, size, name in sorted(kept):
            if total <= self._max_bytes:
                return
            if name != newest:
                total -= size
                with suppress(OSError):
                    os.unlink(name, dir_fd=self._folder)

    def close(self) -> None:
        """Let go of the folder."""
        folder, self._folder = self._folder, -1
        if folder >= 0:
            os.close(folder)

    def __del__(self) -> None:
        if hasattr(self, "_folder"):
            self.close()


def _read(number: int, key: str, secret: bytes) -> tuple[Scratch, Shape] | None:
    """Copy the code out while checking it; only what was checked is returned."""
    head = os.read(number, _HEADER.size)
    if len(head) != _HEADER.size:
        return None
    magic, named, words_size, size = _HEADER.unpack(head)
    whole = _HEADER.size + words_size + size + _TAG
    if (
        magic != _MAGIC
        or named != key.encode()
        or words_size > _MAX_SHAPE
        or os.fstat(number).st_size != whole
    ):
        return None
    signer = hmac.new(secret, head, hashlib.sha256)
    words = os.read(number, words_size)
    signer.update(words)
    code = new_scratch("callsheet-code")
    left = size
    while left:
        part = os.read(number, min(CHUNK, left))
        if not part:
            return None
        signer.update(part)
        code.write(part)
        left -= len(part)
    if not hmac.compare_digest(signer.digest(), os.read(number, _TAG)):
        return None
    code.seal()
    return code, shape_from(words)


def _write(number: int, part: bytes) -> None:
    left = memoryview(part)
    while left:
        left = left[os.write(number, left) :]
