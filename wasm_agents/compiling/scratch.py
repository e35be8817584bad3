"""Bytes held by a descriptor and by nothing else: no name, no path, no way to change them once sealed."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

if sys.platform == "linux":
    import fcntl

CHUNK: Final = 1024 * 1024


class Scratch:
    """A file without a name; in memory where the system can.

    Sealed, its bytes can be read and mapped but not changed by anybody.
    """

    __slots__ = ("_named", "number")

    def __init__(self, number: int, path: str = "") -> None:
        self.number = number
        self._named = path

    @property
    def path(self) -> bytes:
        """A path under which this process can open it while it is held."""
        if self._named:
            return os.fsencode(self._named)
        return b"/proc/self/fd/%d" % self.number if sys.platform == "linux" else b"/dev/fd/%d" % self.number

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return os.fstat(self.number).st_size

    def write(self, part: bytes | memoryview) -> None:
        """Add bytes at the end."""
        left = memoryview(part)
        while left:
            left = left[os.write(self.number, left) :]

    def read(self, start: int = 0, most: int = CHUNK) -> bytes:
        """Return at most so many bytes, fewer at the end."""
        os.lseek(self.number, start, os.SEEK_SET)
        return os.read(self.number, most)

    def seal(self) -> None:
        """Let nobody change it any more, whoever still holds it.

        Raises:
            OSError: Somebody has it mapped for writing.
        """
        if sys.platform == "linux":
            seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.number, fcntl.F_ADD_SEALS, seals)

    def again(self) -> Scratch:
        """Return a second hold on the same bytes."""
        return Scratch(os.dup(self.number), self._named)

    def close(self) -> None:
        """Let go."""
        number, self.number = self.number, -1
        if number >= 0:
            os.close(number)

    def __del__(self) -> None:
        self.close()


def new_scratch(name: str) -> Scratch:
    """Return an empty one; the name is for whoever looks at the process's descriptors."""
    if hasattr(os, "memfd_create"):
        return Scratch(os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
    number, path = tempfile.mkstemp(prefix="callsheet-")
    if os.name == "nt":  # an open file cannot be removed there
        return Scratch(number, path)
    Path(path).unlink()
    return Scratch(number)
