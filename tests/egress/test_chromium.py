from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from egress.chromium import SHARED_BROWSERS, browsers_folder, find_chromium, is_open

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's browser runs as another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder every user may pass through; pytest's own lie in a private one."""
    with tempfile.TemporaryDirectory(prefix="callsheet-test-") as name:
        found = Path(name)
        found.chmod(0o755)
        yield found


def build(folder: Path, number: int, *, platform: str = "chrome-linux64", kind: str = "chromium") -> Path:
    path = folder / f"{kind}-{number}" / platform / "chrome"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n", encoding="ascii")
    path.chmod(0o755)
    return path


def environ(home: Path, **more: str) -> dict[str, str]:
    return {"PATH": "", "HOME": str(home), **more}


def cache(home: Path) -> Path:
    return home / ".cache" / "ms-playwright"


def test_a_shared_download_comes_before_the_homes(folder: Path) -> None:
    home, shared = folder / "home", folder / "shared"
    own = build(cache(home), 2000)
    assert find_chromium(environ(home), shared=shared) == own
    everyones = build(shared, 1000)
    assert find_chromium(environ(home), shared=shared) == everyones


def test_a_chromium_on_the_path_comes_before_any_download(folder: Path) -> None:
    build(folder / "shared", 1000)
    on_path = folder / "bin" / "chromium"
    on_path.parent.mkdir()
    on_path.write_text("#!/bin/sh\n", encoding="ascii")
    on_path.chmod(0o755)
    found = find_chromium({"PATH": str(on_path.parent), "HOME": "/"}, shared=folder / "shared")
    assert found == on_path


def test_the_folder_playwright_is_told_of_comes_before_the_shared_one(folder: Path) -> None:
    build(folder / "shared", 2000)
    told = build(folder / "told", 1000)
    said = environ(folder, PLAYWRIGHT_BROWSERS_PATH=str(folder / "told"))
    assert find_chromium(said, shared=folder / "shared") == told


def test_the_newest_build_is_the_one_of_the_highest_number(folder: Path) -> None:
    builds = [build(folder, n) for n in (999, 1255, 1200)]
    assert find_chromium(environ(folder), shared=folder) == builds[1]


def test_a_build_of_the_older_layout_is_found_too(folder: Path) -> None:
    old = build(folder, 1100, platform="chrome-linux")
    assert find_chromium(environ(folder), shared=folder) == old


def test_a_headless_shell_is_not_taken_for_chromium(folder: Path) -> None:
    build(folder, 1255, kind="chromium_headless_shell")
    assert find_chromium(environ(folder), shared=folder) is None


def test_a_download_cut_short_is_passed_over(folder: Path) -> None:
    whole, cut = build(folder, 1000), build(folder, 1255)
    cut.chmod(0o644)
    assert find_chromium(environ(folder), shared=folder) == whole


@as_root
def test_root_passes_over_a_download_that_its_browser_could_not_run(folder: Path) -> None:
    home, shared = folder / "home", folder / "shared"
    build(cache(home), 2000)
    home.chmod(0o700)
    assert find_chromium(environ(home), shared=shared) is None
    everyones = build(shared, 1000)
    assert find_chromium(environ(home), shared=shared) == everyones


@as_root
def test_roots_downloads_go_where_every_user_may_run_them() -> None:
    assert browsers_folder({"HOME": "/root"}) == SHARED_BROWSERS


def test_a_download_goes_where_it_will_be_found(folder: Path) -> None:
    for said in (environ(folder), environ(folder, PLAYWRIGHT_BROWSERS_PATH=str(folder / "told"))):
        own = build(browsers_folder(said, shared=folder / "shared"), 1)
        assert find_chromium(said, shared=folder / "shared") == own


def test_a_path_is_open_only_if_all_above_it_are(folder: Path) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    inner.chmod(0o711)
    inner.parent.chmod(0o711)
    assert is_open(inner)
    inner.parent.chmod(0o700)
    assert not is_open(inner)
    assert not is_open(folder / "absent")
