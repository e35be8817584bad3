from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import Unavailable
from egress.chromium import find_chromium
from egress.launch import launch_error, prepare_launch

LAUNCHER = Path(__file__).parents[2] / "egress" / "launch_chromium.py"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to drop")


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    path.chmod(0o755)
    return path


def test_a_chromium_that_the_setting_names_is_found_first(tmp_path: Path) -> None:
    named, on_path = executable(tmp_path / "mine"), executable(tmp_path / "bin" / "chromium")
    assert find_chromium({"CALLSHEET_CHROMIUM": str(named), "PATH": str(on_path.parent)}) == named
    assert find_chromium({"PATH": str(on_path.parent)}) == on_path


def test_a_setting_that_names_nothing_is_not_replaced_by_another(tmp_path: Path) -> None:
    on_path = executable(tmp_path / "chromium")
    assert find_chromium({"CALLSHEET_CHROMIUM": "/no/such/file", "PATH": str(on_path.parent)}) is None


def test_the_newest_of_playwrights_downloads_is_the_last_resort(tmp_path: Path) -> None:
    builds = [executable(tmp_path / f"chromium-{n}" / "chrome-linux" / "chrome") for n in (999, 1200)]
    assert find_chromium({"PATH": "", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}) == builds[1]


def test_a_machine_without_chromium_has_none(tmp_path: Path) -> None:
    assert find_chromium({"PATH": str(tmp_path), "HOME": str(tmp_path)}, shared=tmp_path) is None


def test_a_missing_chromium_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_CHROMIUM", "/no/such/file")
    with pytest.raises(Unavailable) as caught:
        prepare_launch()
    assert (caught.value.code, "callsheet doctor" in caught.value.hint) == ("egress.no_browser", True)


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("[FATAL:zygote] No usable sandbox! If you are running on Ubuntu", "egress.no_sandbox"),
        ("callsheet: cannot become uid 65534: Operation not permitted", "egress.no_sandbox"),
        ("callsheet: uid 65534 cannot execute /root/.cache/chrome", "egress.no_browser"),
        ("error while loading shared libraries: libnss3.so", "egress.no_browser"),
    ],
)
def test_a_failed_start_is_told_by_what_chromium_said(log: str, code: str) -> None:
    error = launch_error("x" * 5000 + log)
    assert error.code == code
    assert len(error.data["log"]) <= 600


def launched(home: Path, chromium: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-I",
        "-S",
        str(LAUNCHER),
        "65534",
        "65534",
        str(home),
        str(chromium),
        *arguments,
    ]
    environ = {"SECRET": "canary", "CHROMIUM_FLAGS": "--no-sandbox"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder the unprivileged user may enter; pytest's own lie in a private one."""
    with tempfile.TemporaryDirectory(prefix="callsheet-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "home").mkdir()
        os.chown(folder / "home", 65534, 65534)
        yield folder


@as_root
def test_the_launcher_owns_nothing_and_tells_nothing(open_folder: Path) -> None:
    script = executable(open_folder / "fake", '#!/bin/sh\nid -u; id -g; id -G; pwd; env; echo "$@"\n')
    done = launched(open_folder / "home", script, "--user-data-dir=/tmp/of-root", "--headless")
    lines = done.stdout.splitlines()
    assert lines[:4] == ["65534", "65534", "65534", str(open_folder / "home")]
    assert lines[-1] == f"--user-data-dir={open_folder / 'home' / 'profile'} --headless"
    assert "canary" not in done.stdout
    assert "CHROMIUM_FLAGS" not in done.stdout


@pytest.mark.parametrize(
    "switch", ["--no-sandbox", "--disable-setuid-sandbox", "--disable-namespace-sandbox"]
)
def test_the_launcher_switches_no_sandbox_off(tmp_path: Path, switch: str) -> None:
    done = launched(tmp_path, executable(tmp_path / "fake"), switch)
    assert (done.returncode, "not to be switched off" in done.stderr) == (77, True)


@as_root
def test_the_launcher_says_which_user_cannot_run_it(open_folder: Path) -> None:
    hidden = executable(open_folder / "fake")
    hidden.chmod(0o700)
    done = launched(open_folder / "home", hidden)
    assert (done.returncode, "uid 65534 cannot execute" in done.stderr) == (78, True)
