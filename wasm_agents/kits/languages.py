"""The four languages: what a source is called, what builds it, and with which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from wasm_agents.kits.toolchains import ToolName

LanguageName = Literal["c", "zig", "js", "python"]
LANGUAGES: Final[tuple[LanguageName, ...]] = get_args(LanguageName)

HERE: Final = Path(__file__).parent
GUESTS: Final = HERE.parent / "guests"
C_STACK_BYTES: Final = 64 * 1024
ZIG_STACK_BYTES: Final = 256 * 1024
OUT: Final = "agent.wasm"
"""What every build writes, in the folder it runs in."""


@dataclass(frozen=True, slots=True)
class Language:
    """How one language becomes a module. Every path a compiler is given is relative to the staged sources."""

    name: LanguageName
    source: str
    """The file `execute` or `answer` is in."""
    suffixes: tuple[str, ...]
    """The files that make up an agent."""
    tool: ToolName
    arguments: tuple[str, ...]
    support: Mapping[str, Path]
    """Files the build needs beside the source, by name; a folder's own come first."""
    is_component: bool


_WIT: Final = {"agent.wit": HERE / "shims" / "agent.wit"}

_C: Final = Language(
    "c",
    "main.c",
    (".c", ".h"),
    "zig",
    (
        *("cc", "-target", "wasm32-freestanding", "-std=c11", "-O2", "-g0", "-nostdlib"),
        *("-Wall", "-Wextra", "-Wno-unused-function"),
        *("-Wl,--no-entry", "-Wl,--strip-all", f"-Wl,-z,stack-size={C_STACK_BYTES}"),
        *("main.c", "-I", ".", "-o", OUT),
    ),
    {"agent.h": GUESTS / "agent.h", "json.h": GUESTS / "json.h"},
    is_component=False,
)
_ZIG: Final = Language(
    "zig",
    "main.zig",
    (".zig",),
    "zig",
    (
        # ReleaseSafe: a slip becomes a trap, which is told, and never a wrong answer.
        *("build-exe", "-target", "wasm32-freestanding", "-OReleaseSafe", "-fstrip", "-fsingle-threaded"),
        *("-fno-entry", "--export=alloc", "--export=dealloc", "--export=execute"),
        *("--stack", str(ZIG_STACK_BYTES), f"-femit-bin={OUT}"),
        *("--dep", "agent", "-Mroot=main.zig", "-Magent=agent.zig"),
    ),
    {name: GUESTS / name for name in ("agent.zig", "json.zig", "decimal.zig", "inputs.zig")},
    is_component=False,
)
_JS: Final = Language(
    "js",
    "main.js",
    (".js", ".mjs", ".json"),
    "componentize-qjs",
    ("--stub-wasi", "--sync", "--wit", "agent.wit", "--js", "callsheet_shim.js", "-o", OUT),
    {**_WIT, "callsheet_shim.js": HERE / "shims" / "shim.js"},
    is_component=True,
)
_PYTHON: Final = Language(
    "python",
    "main.py",
    (".py", ".json"),
    "componentize-py",
    (
        *("-q", "-d", "agent.wit", "-w", "agent", "componentize", "--stub-wasi"),
        *("-p", ".", "callsheet_shim", "-o", OUT),
    ),
    {**_WIT, "callsheet_shim.py": HERE / "shims" / "shim.py.txt"},
    is_component=True,
)

BY_NAME: Final[Mapping[LanguageName, Language]] = {lang.name: lang for lang in (_C, _ZIG, _JS, _PYTHON)}
