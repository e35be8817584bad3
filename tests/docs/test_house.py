"""What the house asks of its texts and names, everywhere at once."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from tests.docs.pages import ROOT

ROOMS = (
    *("contracts", "storage", "egress", "providers", "memory", "traces", "planner", "agents"),
    *("dispatcher", "wasm_agents", "eval", "service", "examples", "tests", "benchmarks"),
)
# Spelled in pieces, so that this file does not name what it looks for.
WORKPLACE = re.compile(rb"(?<![\w.])/wo" + rb"rk/|/tm" + rb"p/w\b")
HOME = re.compile(rb"(?<![\w.])/ro" + rb"ot/")
"""Tests may play somebody whose home it is."""
BINARY = {".wasm", ".jpg", ".png", ".db"}


def committed() -> list[Path]:
    """Return every text file that is, or would be, committed."""
    asked = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        names = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    else:  # an unpacked archive
        names = [
            p for room in (*ROOMS, "docs") for p in (ROOT / room).rglob("*") if "__pycache__" not in p.parts
        ]
    return [path for path in names if path.suffix not in BINARY and not path.name.startswith(".coverage")]


def names_machine(path: Path) -> bool:
    """Say whether a file names a machine's path; one that has just gone, or is a link, does not."""
    try:
        text = b"" if path.is_symlink() else path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return False
    is_test = path.is_relative_to(ROOT / "tests")
    return bool(WORKPLACE.search(text) or (not is_test and HOME.search(text)))


def ships(name: str, room: str) -> bool:
    """Say whether a distribution has files in a package called like a room; some only claim to."""
    return any(file.parts[0] == room for file in distribution(name).files or ())


def test_no_other_distribution_ships_a_package_named_like_a_room() -> None:
    claimed = packages_distributions()
    shipped = {
        room: [d for d in claimed.get(room, ()) if d != "callsheet" and ships(d, room)] for room in ROOMS
    }
    assert {room: names for room, names in shipped.items() if names} == {}


def test_no_file_names_a_path_of_one_machine() -> None:
    assert sorted(str(path.relative_to(ROOT)) for path in committed() if names_machine(path)) == []


def test_the_search_for_machine_paths_finds_them() -> None:
    assert WORKPLACE.search(b"cd /wo" + b"rk/main")
    assert HOME.search(b'"/ro' + b'ot/x"')
    assert not WORKPLACE.search(b"https://example.com/network/wo" + b"rk/")
