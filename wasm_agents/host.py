"""Run guests: bytes in, bytes out, in a fresh instance, within limits.

    host = Host()
    guest = host.load(Path("echo.wasm"), GuestLimits())
    guest.call(b'{"a": 1}', 2.0).output
    (await guest.call_async(b'{"a": 1}', 2.0)).output

`call` holds its thread (and lets go of the interpreter's lock); `call_async`
runs on fibers, so that a guest that waits for a host call holds no thread.
Either may be stopped from outside, and ends at its deadline.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from contracts.errors import InvalidInput, NotFound
from wasm_agents.binary import kind_of
from wasm_agents.compiling.compiler import Compiler, shared_compiler
from wasm_agents.component.code import ComponentCode
from wasm_agents.engines import engine_of
from wasm_agents.fibers import Fibers
from wasm_agents.guest import Code, DirectGuest, Guest
from wasm_agents.limits import MAX_COMPONENT_BYTES, GuestLimits, component_limits
from wasm_agents.loaded import CoreCode, check_shape
from wasm_agents.public.code import Loader, PublicCode
from wasm_agents.public.guest import PublicGuest
from wasm_agents.public.threads import Threads
from wasm_agents.selfcheck import why_not

MAX_CACHED: Final = 64


class Host:
    """Loads modules, keeps their code, and owns the threads long calls run on.

    Args:
        compiler: Shared by every host of the process when None.
        backend: Over the C API, or through wasmtime-py's public one; what `selfcheck.py` finds when None.
    """

    def __init__(
        self, compiler: Compiler | None = None, *, backend: Literal["direct", "public"] | None = None
    ) -> None:
        self._fibers = Fibers()
        self._threads = Threads()
        self._compiler = compiler
        self._backend = backend
        self._lock = threading.Lock()  # guards _codes; never held while compiling
        self._codes: dict[str, Code | PublicCode] = {}

    @property
    def backend(self) -> Literal["direct", "public"]:
        """What runs its guests."""
        return self._backend or ("public" if why_not() else "direct")

    @property
    def going(self) -> int:
        """Calls from event loops that took longer than a moment and have not ended."""
        return self._fibers.going + self._threads.going

    def load(self, source: Path | bytes, limits: GuestLimits, *, sha256: str = "") -> Guest:
        """Return a module ready to be called; compiled once for equal bytes.

        Args:
            source: The module's file or its bytes.
            limits: For each call.
            sha256: Hex; what the bytes must hash to, when given.

        Raises:
            NotFound: `load.missing`.
            InvalidInput: `load.unreadable`, `load.digest`, `load.malformed`, `load.too_large`,
                `load.import_denied`, `load.bad_export`, `compile.budget`, `compile.failed`.
        """
        wasm = source if isinstance(source, bytes) else read_module(source)
        digest = hashlib.sha256(wasm).hexdigest()
        if sha256 and digest != sha256:
            raise InvalidInput(
                "load.digest",
                f"the module's SHA-256 is {digest[:12]}…, its manifest says {sha256[:12]!r}…",
                where=str(source) if isinstance(source, Path) else "",
                hint="Build the guest again, or restore the file.",
            )
        with self._lock:
            code = self._codes.get(digest)
        if code is None:
            code = self._keep(digest, self._make(wasm, digest))
        return self._guest(digest, limits, code)

    def close(self) -> None:
        """End the threads."""
        self._fibers.close()
        self._threads.close()

    def _guest(self, digest: str, limits: GuestLimits, code: Code | PublicCode) -> Guest:
        if isinstance(code, ComponentCode) or (isinstance(code, PublicCode) and code.kind == "component"):
            limits = component_limits(limits)
        if isinstance(code, PublicCode):
            return PublicGuest(digest, limits, code, self._threads)
        return DirectGuest(digest, limits, code, self._fibers)

    @cached_property
    def _loader(self) -> Loader:
        return Loader(self._compiler or shared_compiler())

    def _make(self, wasm: bytes, digest: str) -> Code | PublicCode:
        kind = kind_of(wasm)
        if self.backend == "public":
            return self._loader.load(wasm, digest=digest, kind=kind)
        compiler = self._compiler or shared_compiler()
        artifact = compiler.compile_module(wasm, digest=digest, profile=kind, check=check_shape)
        try:
            if kind == "component":
                return ComponentCode(artifact.path, engine_of("component").handle)
            return CoreCode(artifact)
        finally:
            artifact.close()

    def _keep(self, digest: str, code: Code | PublicCode) -> Code | PublicCode:
        with self._lock:
            code = self._codes.setdefault(digest, code)
            for oldest in self._beyond():
                del self._codes[oldest]
        return code

    def _beyond(self) -> Iterator[str]:
        yield from list(self._codes)[: max(0, len(self._codes) - MAX_CACHED)]


def read_module(path: Path) -> bytes:
    """Return a module file's bytes, at most one more than a module may have.

    Raises:
        NotFound: `load.missing`.
        InvalidInput: `load.unreadable`.
    """
    try:
        if path.exists() and not path.is_file():
            raise InvalidInput("load.unreadable", f"{path.name!r} is no file", where=str(path))
        with path.open("rb") as file:
            return file.read(MAX_COMPONENT_BYTES + 1)
    except FileNotFoundError as exc:
        message = f"there is no module {path.name!r}"
        raise NotFound("load.missing", message, where=str(path), hint="Build the guest again.") from exc
    except OSError as exc:
        message = f"{path.name!r} cannot be read: {exc.strerror}"
        raise InvalidInput("load.unreadable", message, where=str(path)) from exc
