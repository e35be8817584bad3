"""Where a Chromium is on this machine, and where one that is downloaded should go."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SETTING: Final = "CALLSHEET_CHROMIUM"
DOWNLOADS_SETTING: Final = "PLAYWRIGHT_BROWSERS_PATH"
"""Playwright's own: where its downloads lie."""
SHARED_BROWSERS: Final = Path("/var/lib/callsheet/browsers")
"""For root's downloads: root's browser runs as a user who may not look into root's home."""
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(environ: Mapping[str, str] | None = None, *, shared: Path = SHARED_BROWSERS) -> Path | None:
    """Return the Chromium to launch, the first there is of these.

    The one `CALLSHEET_CHROMIUM` names; PATH's; Playwright's downloads where
    `PLAYWRIGHT_BROWSERS_PATH` says, in `shared`, and in the home's cache. A
    setting that names no executable finds nothing: what was asked for is not
    replaced. Root finds no download that other users may not run.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(SETTING)
    if named:
        return Path(named).absolute() if os.access(named, os.X_OK) and Path(named).is_file() else None
    for name in _NAMES:
        found = shutil.which(name, path=environ.get("PATH", os.defpath))
        if found:
            return Path(found).absolute()
    said = environ.get(DOWNLOADS_SETTING)
    told = _builds(Path(said)) if said else []
    usual = [build for folder in (shared, _cache(environ)) for build in _builds(folder)]
    return next((b for b in [*told, *filter(_is_runnable, usual)]), None)


def browsers_folder(environ: Mapping[str, str] | None = None, *, shared: Path = SHARED_BROWSERS) -> Path:
    """Return where a download for this user should go, so that `find_chromium` finds it and it runs."""
    environ = os.environ if environ is None else environ
    said = environ.get(DOWNLOADS_SETTING)
    if said:
        return Path(said).absolute()
    return shared if os.geteuid() == 0 else _cache(environ)


def is_open(path: Path) -> bool:
    """Say whether every user may pass through, or execute, a path and all above it."""
    try:
        return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))
    except OSError:
        return False


def _cache(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or "/nonexistent").absolute() / ".cache" / "ms-playwright"


def _builds(folder: Path) -> list[Path]:
    """Return the full Chromiums of a folder of downloads, the newest first.

    Playwright's headless shells are left: a download of Chromium always brings the full one too.
    """
    found = [b.absolute() for b in folder.glob("chromium-*/chrome-linux*/chrome") if os.access(b, os.X_OK)]
    return sorted(found, key=_number, reverse=True)


def _is_runnable(build: Path) -> bool:
    return os.geteuid() != 0 or is_open(build)


def _number(build: Path) -> int:
    number = re.search(r"chromium-(\d{1,9})", build.parts[-3])
    return int(number[1]) if number else 0
