"""A folder that is its owner's alone, and the key that signs what lies in it."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from contracts.errors import Unavailable

KEY: Final = "key"
KEY_BYTES: Final = 32
_OTHERS: Final = 0o077


def open_folder(folder: Path) -> int:
    """Return a descriptor of the folder, made when it is not there.

    What is done through the descriptor stays in this folder, whatever its
    path is made to name later.

    Raises:
        Unavailable: `host.internal`: it is a link, no folder, somebody else's, or open to others.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as exc:
        reason = "it is a link or no folder" if folder.is_symlink() or folder.exists() else str(exc.strerror)
        raise _unfit(folder, reason) from exc
    found = os.fstat(number)
    if found.st_uid == os.geteuid() and not found.st_mode & _OTHERS:
        return number
    os.close(number)
    if found.st_uid != os.geteuid():
        raise _unfit(folder, f"it belongs to user {found.st_uid}")
    raise _unfit(folder, f"others may use it (mode {stat.S_IMODE(found.st_mode):o}); chmod 700 mends that")


def open_owned(folder: int, name: str, *, most: int) -> int:
    """Return a descriptor of a file in the folder, if it is one, ours alone and not too large.

    Raises:
        OSError: It is not.
    """
    # Not to wait for a writer, should somebody have put a pipe there.
    number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    found = os.fstat(number)
    if (
        stat.S_ISREG(found.st_mode)
        and found.st_uid == os.geteuid()
        and not found.st_mode & _OTHERS
        and found.st_size <= most
    ):
        return number
    os.close(number)
    raise OSError(f"{name!r} is not a file of ours")


def read_key(folder: int) -> bytes:
    """Return the folder's key, made the first time.

    One that others could have read, or of another length, is replaced; what
    it signed is then compiled anew.

    Raises:
        OSError: None can be kept.
    """
    found = _found_key(folder)
    if found:
        return found
    mark = f".{secrets.token_hex(8)}.tmp"
    number = os.open(
        mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    try:
        with os.fdopen(number, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Linked whole: another process sees no key, or all of it, and the first one stays.
        with suppress(FileExistsError):
            os.link(mark, KEY, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.unlink(mark, dir_fd=folder)
    found = _found_key(folder)
    if not found:
        raise OSError("the key was replaced while it was read")
    return found


def _found_key(folder: int) -> bytes:
    try:
        number = open_owned(folder, KEY, most=KEY_BYTES)
    except FileNotFoundError:
        return b""
    except OSError:
        with suppress(OSError):
            os.unlink(KEY, dir_fd=folder)
        return b""
    with os.fdopen(number, "rb") as file:
        key = file.read()
    if len(key) != KEY_BYTES:
        with suppress(OSError):
            os.unlink(KEY, dir_fd=folder)
        return b""
    return key


def _unfit(folder: Path, reason: str) -> Unavailable:
    return Unavailable(
        "host.internal",
        f"compiled code cannot be kept in {str(folder)[:200]!r}: {reason}",
        hint="Give `guests.cache` a folder of your own, mode 700.",
    )
