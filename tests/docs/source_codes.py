"""Every error code the source can raise, read out of its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from tests.docs.pages import ROOT

ROOMS = (
    *("contracts", "storage", "egress", "providers", "memory", "traces", "planner", "agents"),
    *("dispatcher", "wasm_agents", "eval", "service"),
)
CODE = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")
_FILES = (
    *(".json", ".toml", ".html", ".css", ".py", ".tab", ".db", ".sql", ".svg"),
    *(".c", ".h", ".js", ".wasm", ".wit", ".zig"),
)
Node = TypeVar("Node", bound=ast.AST)
_ROOTS = {"CallsheetError", "Problem", "ErrorRecord"}


@dataclass(frozen=True)
class Said:
    """What the source says of codes."""

    whole: frozenset[str]
    """Codes given to errors, as they stand."""
    ends: tuple[str, ...]
    """Ends of those made at run time."""
    texts: frozenset[str]
    """Every text that reads as a code."""


@cache
def said() -> Said:
    """Return what every module of every room says; their trees are let go, so that no collection walks them."""
    modules = trees()
    whole, ends = raised_codes(modules)
    return Said(frozenset(whole), tuple(ends), frozenset(code_like_texts(modules)))


def trees() -> tuple[ast.Module, ...]:
    """Return the syntax tree of every module of every room."""
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return tuple(ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in paths)


def error_classes(modules: Iterable[ast.Module]) -> set[str]:
    """Return the names of the error classes, subclasses included."""
    bases: dict[str, set[str]] = {}
    for node in _nodes(modules, ast.ClassDef):
        bases[node.name] = {b.id for b in node.bases if isinstance(b, ast.Name)}
    known = set(_ROOTS)
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return known


def raised_codes(modules: Iterable[ast.Module]) -> tuple[set[str], set[str]]:
    """Return the codes given to error classes: as they stand, and the ends of those made at run time.

    `f"{kind}.bad_cursor"` has the end `.bad_cursor`.
    """
    modules = tuple(modules)
    known = error_classes(modules)
    whole: set[str] = set()
    ends: set[str] = set()
    for call in _nodes(modules, ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id in known:
            for given in _codes_given(call):
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    whole.add(given.value)
                elif isinstance(given, ast.JoinedStr) and isinstance(given.values[-1], ast.Constant):
                    ends.add(str(given.values[-1].value))
    return whole, ends


def code_like_texts(modules: Iterable[ast.Module]) -> set[str]:
    """Return every text of the source that reads as a code (`room.what`), file names among them."""
    texts = {node.value for node in _nodes(modules, ast.Constant) if isinstance(node.value, str)}
    return {text for text in texts if CODE.fullmatch(text)} | codes_in_migrations()


def codes_in_migrations() -> set[str]:
    """Return the codes that bringing an older file up to date writes into it."""
    scripts = (path.read_text(encoding="utf-8") for path in (ROOT / "storage/migrations").glob("*.sql"))
    return {code for script in scripts for code in re.findall(r'"code":"([a-z.][a-z0-9_.]*)"', script)}


def is_file_name(text: str) -> bool:
    """Say whether a text that reads as a code names a file."""
    return text.endswith(_FILES)


def _codes_given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args[:1]
    yield from (k.value for k in call.keywords if k.arg == "code")


def _nodes(modules: Iterable[ast.Module], kind: type[Node]) -> Iterator[Node]:
    for module in modules:
        yield from (node for node in ast.walk(module) if isinstance(node, kind))
