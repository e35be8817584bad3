"""Build the guests from their C and Zig sources, the same bytes every time.

    python wasm_agents/build.py          # checks the committed modules
    python wasm_agents/build.py --write  # builds them and puts their SHA-256 into their manifests

The compiler of both is PyPI's `ziglang`, pinned by the lock; it needs no network
and no other toolchain.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

GUESTS: Final = Path(__file__).parent / "guests"

# Relative paths throughout, so that the place of the checkout cannot reach a module.
_C: Final = (
    *("cc", "-target", "wasm32-freestanding", "-std=c11", "-O2", "-g0", "-nostdlib"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-unused-function"),
    *("-Wl,--no-entry", "-Wl,--strip-all", f"-Wl,-z,stack-size={64 * 1024}"),
    *("-I", ".", "-o", "{out}", "{source}"),
)
# ReleaseSafe: a slip in a guest becomes a trap, which is told, and never a wrong answer.
_ZIG: Final = (
    *("build-exe", "-target", "wasm32-freestanding", "-OReleaseSafe", "-fstrip", "-fsingle-threaded"),
    *("-fno-entry", "--export=alloc", "--export=dealloc", "--export=execute"),
    *("--stack", str(256 * 1024), "-femit-bin={out}"),
    *("--dep", "agent", "-Mroot={source}", "-Magent=agent.zig"),
)
COMMANDS: Final = {".c": _C, ".zig": _ZIG}
"""How a source is compiled, by its suffix."""


def sources() -> dict[str, Path]:
    """Return the main source of each guest, `NAME/NAME.c` or `NAME/NAME.zig`, by the guest's name."""
    found = (path for path in GUESTS.glob("*/*") if path.suffix in COMMANDS and path.stem == path.parent.name)
    return {path.stem: path for path in sorted(found)}


def build(name: str, *, caches: Path | None = None) -> bytes:
    """Return the module of one guest, built now.

    Args:
        name: A folder of `guests/`.
        caches: Where the compiler keeps what it made before; a temporary folder when None.

    Raises:
        KeyError: No guest has that name.
        subprocess.CalledProcessError: The source does not compile; the compiler said why on stderr.
    """
    source = sources()[name].relative_to(GUESTS)
    with tempfile.TemporaryDirectory(prefix="callsheet-guest-") as scratch:
        out = Path(scratch) / f"{name}.wasm"
        kept = caches or Path(scratch)
        zig = {"ZIG_GLOBAL_CACHE_DIR": str(kept / "global"), "ZIG_LOCAL_CACHE_DIR": str(kept / "local")}
        words = (word.format(out=out, source=source.as_posix()) for word in COMMANDS[source.suffix])
        command = [sys.executable, "-m", "ziglang", *words]
        subprocess.run(command, cwd=GUESTS, env=os.environ | zig, check=True)  # noqa: S603  # no shell, our own words
        return out.read_bytes()


def _write(module: Path, wasm: bytes) -> None:
    module.write_bytes(wasm)
    manifest = module.with_name("agent.toml")
    said = f'sha256 = "{hashlib.sha256(wasm).hexdigest()}"'
    manifest.write_text(
        re.sub(r'(?m)^sha256 = ".*"$', said, manifest.read_text(encoding="utf-8"), count=1), "utf-8"
    )


def main() -> int:
    """Check or write every guest's module; return the exit status."""
    same = True
    with tempfile.TemporaryDirectory(prefix="callsheet-zig-") as caches:
        for name, source in sources().items():
            wasm = build(name, caches=Path(caches))
            module = source.with_suffix(".wasm")
            if "--write" in sys.argv[1:]:
                _write(module, wasm)
            is_same = module.is_file() and module.read_bytes() == wasm
            same = same and is_same
            said = "as committed" if is_same else "DIFFERS"
            digest = hashlib.sha256(wasm).hexdigest()
            sys.stdout.write(f"{name:<20} {len(wasm):>7} bytes  {digest}  {said}\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
