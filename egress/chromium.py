"""Where a Chromium is on this machine."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SETTING: Final = "CALLSHEET_CHROMIUM"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the Chromium to launch: the one `CALLSHEET_CHROMIUM` names, else PATH's, else Playwright's own.

    A setting that names no executable finds nothing: what was asked for is not replaced.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(SETTING)
    if named:
        return Path(named).absolute() if os.access(named, os.X_OK) and Path(named).is_file() else None
    for name in _NAMES:
        found = shutil.which(name, path=environ.get("PATH", os.defpath))
        if found:
            return Path(found).absolute()
    return _downloaded(environ)


def _downloaded(environ: Mapping[str, str]) -> Path | None:
    home = Path(environ.get("HOME") or "/nonexistent")
    folder = Path(environ.get("PLAYWRIGHT_BROWSERS_PATH") or home / ".cache" / "ms-playwright")
    builds = sorted(folder.glob("chromium-*/chrome-linux*/chrome"), key=_build, reverse=True)
    return next((b.absolute() for b in builds if os.access(b, os.X_OK)), None)


def _build(path: Path) -> int:
    number = re.search(r"chromium-(\d{1,9})", str(path))
    return int(number[1]) if number else 0
