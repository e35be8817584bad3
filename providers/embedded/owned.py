"""A folder that is its owner's alone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from contracts.errors import Unavailable

_OTHERS: Final = 0o077


def own_folder(folder: Path) -> Path:
    """Return the folder, made with mode 700 when it is not there.

    Raises:
        Unavailable: `model.folder`: it is a link, no folder, somebody else's, or others may write in it.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    except OSError as exc:
        raise _unfit(folder, str(exc.strerror)) from exc
    if not stat.S_ISDIR(found.st_mode):
        raise _unfit(folder, "it is a link or no folder")
    if found.st_uid != os.geteuid():
        raise _unfit(folder, f"it belongs to user {found.st_uid}")
    if found.st_mode & _OTHERS:
        raise _unfit(
            folder, f"others may use it (mode {stat.S_IMODE(found.st_mode):o}); chmod 700 mends that"
        )
    return folder


def _unfit(folder: Path, reason: str) -> Unavailable:
    return Unavailable(
        "model.folder",
        f"models cannot be kept in {str(folder)[:200]!r}: {reason}",
        hint="Give `embedded.folder` a folder of your own, mode 700.",
    )
