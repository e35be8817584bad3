"""The door to compiled code: from a module's bytes to something wasmtime loads at once.

    artifact = shared_compiler().compile_module(wasm, digest=digest, profile="core")
    artifact.shape.imports, artifact.path

What was compiled before is taken from memory, then from the folder; what was
not is compiled in a process apart, under a budget.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import platform
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from contracts.errors import InvalidInput
from wasm_agents import binary, limits
from wasm_agents.binary import Facts, look_at, without_names
from wasm_agents.capi import config
from wasm_agents.capi.config import Profile
from wasm_agents.compiling.apart import Apart
from wasm_agents.compiling.budget import Budget, budget_for
from wasm_agents.compiling.cache import Cache
from wasm_agents.compiling.early import look_closer
from wasm_agents.compiling.scratch import Scratch
from wasm_agents.compiling.shape import Shape
from wasm_agents.compiling.verdict import no_compiler
from wasm_agents.component import outer

FORMAT: Final = 3
"""Of what is compiled of a module, and kept beside the code."""
MAX_HELD: Final = 64
MAX_HELD_BYTES: Final = 256 * 1024 * 1024
"""Of code kept in memory for modules nobody may be using."""
_BOUNDS: Final = (
    limits.MAX_BODY_BYTES,
    limits.MAX_COMPONENT_BODY_BYTES,
    limits.MAX_CODE_BYTES,
    limits.MAX_FUNCTIONS,
    binary.MAX_TYPES,
    binary.MAX_GLOBALS,
    binary.MAX_COMPONENT_GLOBALS,
    binary.MAX_COMPONENT_IMPORTS,
)


class Artifact:
    """Compiled code, checked and sealed, held by a descriptor of its own."""

    __slots__ = ("_code", "shape")

    def __init__(self, code: Scratch, shape: Shape) -> None:
        self._code = code
        self.shape = shape

    @property
    def path(self) -> bytes:
        """What to hand to `wasmtime_{module,component}_deserialize_file`; valid until `close`."""
        return self._code.path

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._code.size

    def again(self) -> Artifact:
        """Return a second hold on the same code."""
        return Artifact(self._code.again(), self.shape)

    def close(self) -> None:
        """Let go of it; what wasmtime loaded from it stays loaded."""
        self._code.close()


class Compiler:
    """Compiles each module once; may be used from any thread.

    Args:
        folder: Where compiled code is kept between runs; None keeps it in memory alone.
        budget: What compiling a module may cost.

    Raises:
        Unavailable: `host.internal`, the folder is not its owner's alone.
    """

    def __init__(self, folder: Path | None, *, budget: Callable[[Facts], Budget] = budget_for) -> None:
        # No owner and no mode to go by: nothing on disk is believed there.
        self._cache = Cache(folder) if folder is not None and os.name == "posix" else None
        self._budget = budget
        self._apart = Apart()
        self._lock = threading.Lock()  # guards _held and _doing
        self._held: OrderedDict[str, Artifact] = OrderedDict()
        self._doing: dict[str, threading.Lock] = {}

    def compile_module(
        self, wasm: bytes, *, digest: str, profile: Profile, check: Callable[[Shape], None] | None = None
    ) -> Artifact:
        """Return a module's code, from wherever it is had soonest.

        Args:
            wasm: A core module or a component.
            digest: Its SHA-256, hex.
            profile: What it is to run under.
            check: Raises for a core module whose imports and exports nobody serves. It is asked early,
                so that nothing is compiled in vain, of a module not compiled before; ask again.

        Raises:
            InvalidInput: `load.malformed`, `load.too_large`, `load.import_denied`, `load.bad_export`,
                `compile.budget`, `compile.failed`.
            AttemptFailed: `limit.memory`, `limit.table`, more than any guest is given.
            Unavailable: `host.internal`, no process can be started.
        """
        try:
            return self._from_anywhere(cache_key(digest, profile), wasm, profile, check)
        except OSError as exc:  # no descriptor left, or no memory for what one holds
            raise no_compiler(str(exc)) from exc

    def _from_anywhere(
        self, key: str, wasm: bytes, profile: Profile, check: Callable[[Shape], None] | None
    ) -> Artifact:
        with self._lock:
            found = self._again(key)
            if found is not None:
                return found
            doing = self._doing.setdefault(key, threading.Lock())
        with doing:
            try:
                with self._lock:
                    found = self._again(key)
                return found or self._make(key, wasm, profile, check)
            finally:
                with self._lock:
                    self._doing.pop(key, None)

    def _make(
        self, key: str, wasm: bytes, profile: Profile, check: Callable[[Shape], None] | None
    ) -> Artifact:
        kept = self._cache.get(key) if self._cache is not None else None
        if kept is None:
            facts = look_at(wasm)
            if (facts.kind == "component") != (profile == "component"):
                raise InvalidInput(
                    "load.malformed", f"a {facts.kind} module where a {profile} one was expected"
                )
            wasm = without_names(wasm, facts)
            seen = look_closer(wasm, facts, check)
            made = self._apart.compile(wasm, profile, facts, seen, budget=self._budget(facts))
            kept = made.code, replace(made.shape, has_tables=facts.has_tables, has_start=facts.has_start)
            if self._cache is not None:
                self._cache.put(key, *kept)
        code, shape = kept
        with self._lock:
            self._held[key] = Artifact(code.again(), shape)
            self._let_go()
        return Artifact(code, shape)

    def _again(self, key: str) -> Artifact | None:
        held = self._held.get(key)
        if held is None:
            return None
        self._held.move_to_end(key)
        return held.again()

    def _let_go(self) -> None:
        total = sum(held.size for held in self._held.values())
        while len(self._held) > MAX_HELD or (total > MAX_HELD_BYTES and len(self._held) > 1):
            _, oldest = self._held.popitem(last=False)
            total -= oldest.size
            oldest.close()

    @property
    def pid(self) -> int:
        """The process that compiles; 0 before the first module."""
        return self._apart.pid

    def close(self) -> None:
        """End the process that compiles and let go of what is held."""
        self._apart.close()
        with self._lock:
            while self._held:
                self._held.popitem()[1].close()


def cache_key(digest: str, profile: Profile) -> str:
    """Return what one compilation depends on, as one hash: module, wasmtime, settings, bounds and CPU."""
    facts = [FORMAT, digest, profile, *_machine(), *_BOUNDS]
    if profile == "component":
        facts.append(outer.DIGEST)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@cache
def _machine() -> tuple[str, str, str]:
    settings = hashlib.sha256(Path(config.__file__).read_bytes()).hexdigest()
    return version("wasmtime"), settings, f"{platform.system()} {platform.machine()} {_cpu_features()}"


def _cpu_features() -> str:
    """Return what the CPU says it can do, where the system says it."""
    try:
        with Path("/proc/cpuinfo").open() as file:
            return next(
                (line.split(":")[1].strip() for line in file if line.startswith(("flags", "Features"))), ""
            )
    except OSError:
        return platform.processor()


def default_folder() -> Path | None:
    """Return where compiled code is kept when nobody says; None where there is no such place."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The standard has relative paths ignored.
        base = Path(given) if given.startswith("/") else Path("~/.cache").expanduser()
        folder = base / "callsheet" / "wasm"
        folder.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a file system nobody may write, a user without a home
        return None
    return folder if folder.exists() or os.access(folder.parent, os.W_OK) else None


@cache
def shared_compiler() -> Compiler:
    """Return this process's compiler, with the default folder.

    Raises:
        Unavailable: `host.internal`, the folder is not its owner's alone.
    """
    compiler = Compiler(default_folder())
    atexit.register(compiler.close)
    return compiler
