"""Find the compilers: each is an extra, and each can be named by an environment variable.

A variable holds the path of an executable and wins. Otherwise Zig and
componentize-py are looked for among this Python's packages and then on PATH;
componentize-qjs in the kit's own `node_modules` and then on PATH. Nothing is
run to find out, and nothing that lies in an agent's folder is ever run: it may
be somebody else's.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal

from contracts.errors import Unavailable

ToolName = Literal["zig", "componentize-py", "componentize-qjs"]

JS_HOME: Final = Path(__file__).parent / "js"
"""Pins componentize-qjs; `npm ci` here puts it where it is found."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A compiler that was found."""

    name: ToolName
    command: tuple[str, ...]
    """What to run, arguments to follow."""
    origin: str
    """Its version, or where it was found."""


@dataclass(frozen=True, slots=True)
class _Packaged:
    """A compiler that is a Python package."""

    distribution: str
    program: str
    start: tuple[str, ...]
    """Python's arguments that start it."""


PACKAGED: Final[dict[str, _Packaged]] = {
    "zig": _Packaged("ziglang", "zig", ("-m", "ziglang")),
    "componentize-py": _Packaged(
        "componentize-py",
        "componentize-py",
        ("-c", "import sys; from componentize_py import script; sys.exit(script())"),
    ),
}
VARIABLES: Final[dict[ToolName, str]] = {
    "zig": "CALLSHEET_ZIG",
    "componentize-py": "CALLSHEET_COMPONENTIZE_PY",
    "componentize-qjs": "CALLSHEET_COMPONENTIZE_QJS",
}
MENDING: Final[dict[ToolName, str]] = {
    "zig": "pip install 'callsheet[guests]'",
    "componentize-py": "pip install 'callsheet[guests]'",
    "componentize-qjs": "npm install --global componentize-qjs@0.4.3",
}


def find_tool(name: ToolName) -> Tool | None:
    """Return a compiler, or None when it is not here."""
    if named := os.environ.get(VARIABLES[name], ""):
        found = shutil.which(named)
        return Tool(name, (found,), f"{found}, by ${VARIABLES[name]}") if found else None
    return _find_node_tool() if name == "componentize-qjs" else _find_packaged(name)


def need_tool(name: ToolName) -> Tool:
    """Return a compiler.

    Raises:
        Unavailable: `build.no_toolchain`; the hint installs it.
    """
    found = find_tool(name)
    if found is None:
        named = os.environ.get(VARIABLES[name], "")
        said = (
            f"{VARIABLES[name]} names {named[:200]!r}, which is no program"
            if named
            else "it is not installed"
        )
        raise Unavailable("build.no_toolchain", f"this agent is built by {name}: {said}", hint=MENDING[name])
    return found


def _find_packaged(name: ToolName) -> Tool | None:
    package = PACKAGED[name]
    try:
        # -P: what lies in the folder we are called in must not answer to the package's name
        return Tool(name, (sys.executable, "-P", *package.start), version(package.distribution))
    except PackageNotFoundError:
        found = shutil.which(package.program)
        return Tool(name, (found,), found) if found else None


def _find_node_tool() -> Tool | None:
    if shutil.which("node") is None:
        return None  # it is a script of Node's
    kept = JS_HOME / "node_modules" / ".bin" / "componentize-qjs"
    if kept.is_file():
        return Tool("componentize-qjs", (str(kept),), _npm_version(JS_HOME) or str(kept))
    found = shutil.which("componentize-qjs")
    return Tool("componentize-qjs", (found,), found) if found else None


def _npm_version(home: Path) -> str:
    try:
        package = json.loads((home / "node_modules/componentize-qjs/package.json").read_bytes())
        return str(package["version"])[:40]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
