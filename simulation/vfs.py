"""SQLite's way to the simulated disk, as an apsw VFS; the methods bear SQLite's names.

One connection at a time opens the file, with `locking_mode = EXCLUSIVE`: its
write-ahead log then needs no shared memory, and locks are nobody's.
"""

from __future__ import annotations

from typing import Final

import apsw
from typing_extensions import Buffer, override

from simulation.disk import Disk, SimFile

POWERSAFE_OVERWRITE: Final = 0x1000
"""As ordinary file systems claim: a torn write spoils no byte beside it."""
PAGE: Final = 4096


class OpenFile:
    """One open file."""

    def __init__(self, disk: Disk, file: SimFile) -> None:
        self._disk = disk
        self._file = file

    def excepthook(self, *_: object) -> bool:
        """Say nothing of an error that SQLite asked for while it dealt with another."""
        return True

    def xRead(self, amount: int, offset: int) -> bytes:
        """Return what stands there, short at the end of the file."""
        return bytes(self._file.content[offset : offset + amount])

    def xWrite(self, data: Buffer, offset: int) -> None:
        """Write, unsynced."""
        self._disk.write(self._file, (offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        """Cut the file off, unsynced."""
        self._disk.write(self._file, (newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: ARG002   # every sync is a full one
        """Make every write durable."""
        self._disk.sync(self._file)

    def xFileSize(self) -> int:
        """Return the size in bytes."""
        return len(self._file.content)

    def xLock(self, level: int) -> None:
        """Nobody else is there."""

    def xUnlock(self, level: int) -> None:
        """Nobody else is there."""

    def xCheckReservedLock(self) -> bool:
        """Nobody else is there."""
        return False

    def xClose(self) -> None:
        """Nothing is held."""

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: ARG002   # none is known
        """Know no control."""
        return False

    def xSectorSize(self) -> int:
        """Return what one write changes at least."""
        return PAGE

    def xDeviceCharacteristics(self) -> int:
        """Return what may be relied on."""
        return POWERSAFE_OVERWRITE


class SimVFS(apsw.VFS):
    """The files of one disk.

    Args:
        name: For `apsw.Connection(…, vfs=name)`.
        disk: Where they lie.
    """

    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, base="")

    @override
    def excepthook(self, *_: object) -> bool:
        """Say nothing of an error that SQLite asked for while it dealt with another."""
        return True

    @override
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> OpenFile:  # type: ignore[override]  # apsw asks for the methods, not for its own class
        """Open a file, made where it is missing; one without a name is for sorting and never durable."""
        flags[1] = flags[0]
        if name is None:
            return OpenFile(Disk(self._disk.rng), SimFile())
        path = name if isinstance(name, str) else name.filename()
        return OpenFile(self._disk, self._disk.files.setdefault(path, SimFile()))

    @override
    def xAccess(self, pathname: str, flags: int) -> bool:  # who may see it may write it
        """Say whether a file is there."""
        return pathname in self._disk.files

    @override
    def xDelete(self, filename: str, syncdir: bool) -> None:  # SQLite's form; at once
        """Remove a file, durably; without power nothing happens."""
        if not self._disk.is_dead:
            self._disk.files.pop(filename, None)

    @override
    def xFullPathname(self, name: str) -> str:
        """Return the name: there are no folders."""
        return name
