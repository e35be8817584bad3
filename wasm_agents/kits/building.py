"""Build an agent's folder into one module: staged, bounded, the same bytes wherever the folder lies."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.errors import AttemptTimedOut, InvalidInput, NotFound
from wasm_agents.kits.languages import BY_NAME, OUT, Language
from wasm_agents.kits.manifest_text import read_names, write_digest
from wasm_agents.kits.toolchains import Tool, need_tool

TIMEOUT_S: Final = 300.0
MAX_BUILT_BYTES: Final = 64 * 1024 * 1024
MAX_SOURCE_BYTES: Final = 8 * 1024 * 1024
MAX_SOURCES: Final = 500
SKIPPED: Final = frozenset({"node_modules", "__pycache__"})
TAIL_BYTES: Final = 4096
TAIL_LINES: Final = 15


@dataclass(frozen=True, slots=True)
class Built:
    """A module that was built."""

    module: Path
    sha256: str
    size: int
    seconds: float
    language: Language
    tool: Tool


def build(
    folder: Path, *, say: Callable[[str], None] = lambda _: None, timeout_s: float = TIMEOUT_S
) -> Built:
    """Build the agent in `folder`, put its module there and its SHA-256 into `agent.toml`.

    Args:
        folder: Holds `agent.toml` and one of main.c, main.zig, main.js, main.py.
        say: Told what is being done.
        timeout_s: For the compiler.

    Raises:
        NotFound: `build.no_source`.
        InvalidInput: `load.manifest`, `build.failed`, `build.too_large`, `build.no_source`.
        Unavailable: `build.no_toolchain`.
        AttemptTimedOut: `build.timeout`.
    """
    names = read_names(folder)
    language = language_of(folder)
    tool = need_tool(language.tool)
    say(f"building {names.module} from {language.source} with {tool.name} ({tool.origin})")
    begun = time.monotonic()
    wasm = compile_folder(folder, language, tool, timeout_s=timeout_s)
    seconds = time.monotonic() - begun
    digest = hashlib.sha256(wasm).hexdigest()
    module = folder / names.module
    _replace(module, wasm)
    write_digest(folder, digest)
    return Built(module, digest, len(wasm), seconds, language, tool)


def language_of(folder: Path) -> Language:
    """Return the language whose source lies in a folder.

    Raises:
        NotFound: `build.no_source`, there is none.
        InvalidInput: `build.no_source`, there are two.
    """
    found = [language for language in BY_NAME.values() if _is_plain(folder / language.source)]
    wanted = ", ".join(language.source for language in BY_NAME.values())
    if not found:
        raise NotFound(
            "build.no_source",
            f"{folder.name!r} holds none of {wanted}",
            where=str(folder),
            hint="callsheet agent new NAME --lang python",
        )
    if len(found) > 1:
        both = " and ".join(language.source for language in found)
        raise InvalidInput("build.no_source", f"{folder.name!r} holds {both}; keep one", where=str(folder))
    return found[0]


def compile_folder(folder: Path, language: Language, tool: Tool, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Return the module of a folder's sources; nothing in the folder changes.

    Raises:
        InvalidInput: `build.failed`, `build.too_large`.
        AttemptTimedOut: `build.timeout`.
    """
    with tempfile.TemporaryDirectory(prefix="callsheet-build-") as scratch:
        stage = Path(scratch, "agent")
        stage.mkdir()
        _stage(folder, stage, language)
        said, status = _run(
            [*tool.command, *language.arguments], stage, cache=Path(scratch, "cache"), timeout_s=timeout_s
        )
        out = stage / OUT
        if status != 0 or not out.is_file():
            raise InvalidInput(
                "build.failed",
                f"{language.source} does not build: {tool.name} ended with status {status}",
                where=str(folder / language.source),
                hint="Mend what the compiler names.",
                data={"lines": _last_lines(said)},
            )
        if out.stat().st_size > MAX_BUILT_BYTES:
            raise _too_large(f"a module of {out.stat().st_size} bytes, at most {MAX_BUILT_BYTES} are kept")
        return out.read_bytes()


def _stage(folder: Path, stage: Path, language: Language) -> None:
    for name, source in language.support.items():
        shutil.copyfile(source, stage / name)
    room = MAX_SOURCE_BYTES
    for number, path in enumerate(_sources(folder, language)):
        room -= path.stat().st_size
        if room < 0 or number >= MAX_SOURCES:
            raise _too_large(
                f"{folder.name!r} holds more than {MAX_SOURCES} sources or {MAX_SOURCE_BYTES} bytes"
            )
        copy = stage / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _sources(folder: Path, language: Language) -> Iterator[Path]:
    for here, inside, files in os.walk(folder):
        inside[:] = sorted(name for name in inside if name not in SKIPPED and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(language.suffixes) and _is_plain(path := Path(here, name)):
                yield path


def _is_plain(path: Path) -> bool:
    # What a link leads to is not the agent's: it would end up in the module.
    return path.is_file() and not path.is_symlink()


def _run(command: list[str], stage: Path, *, cache: Path, timeout_s: float) -> tuple[bytes, int]:
    """Return the last that a compiler said, and its status."""
    zig = {"ZIG_LOCAL_CACHE_DIR": str(cache)}
    compiler = subprocess.Popen(  # noqa: S603  # no shell, our own words
        command, cwd=stage, env=os.environ | zig, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    late = threading.Event()

    def stop() -> None:
        late.set()
        os.killpg(compiler.pid, signal.SIGKILL)

    timer = threading.Timer(timeout_s, stop)
    timer.start()
    said = b""
    try:
        assert compiler.stdout is not None
        while chunk := os.read(compiler.stdout.fileno(), 65536):
            said = (said + chunk)[-TAIL_BYTES:]
    finally:
        compiler.wait()
        timer.cancel()
        assert compiler.stdout is not None
        compiler.stdout.close()
    if late.is_set():
        raise AttemptTimedOut("build.timeout", f"the build was stopped after {timeout_s:g} s")
    return said, compiler.returncode


def _last_lines(said: bytes) -> list[str]:
    return said.decode(errors="replace").splitlines()[-TAIL_LINES:]


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(data)
    beside.replace(path)


def _too_large(message: str) -> InvalidInput:
    return InvalidInput("build.too_large", message, hint="Leave out what the agent does not use.")
