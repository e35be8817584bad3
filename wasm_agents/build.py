"""Build the guests from their C sources, the same bytes every time.

    python wasm_agents/build.py          # checks the committed modules
    python wasm_agents/build.py --write  # builds them and prints their SHA-256

The compiler is PyPI's `ziglang`, pinned by the lock; it needs no network and
no other toolchain.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

GUESTS: Final = Path(__file__).parent / "guests"
STACK_BYTES: Final = 64 * 1024

COMMAND: Final = (
    *("-m", "ziglang", "cc", "-target", "wasm32-freestanding", "-std=c11", "-O2", "-g0", "-nostdlib"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-unused-function"),
    *("-Wl,--no-entry", "-Wl,--strip-all", f"-Wl,-z,stack-size={STACK_BYTES}"),
)


def build(name: str, *, caches: Path | None = None) -> bytes:
    """Return the module of one guest, built now.

    Args:
        name: A folder of `guests/`.
        caches: Where the compiler keeps what it made before; a temporary folder when None.

    Raises:
        subprocess.CalledProcessError: The source does not compile; the compiler said why on stderr.
    """
    with tempfile.TemporaryDirectory(prefix="callsheet-guest-") as scratch:
        out = Path(scratch) / f"{name}.wasm"
        kept = caches or Path(scratch)
        zig = {"ZIG_GLOBAL_CACHE_DIR": str(kept / "global"), "ZIG_LOCAL_CACHE_DIR": str(kept / "local")}
        # Relative paths, so that the place of the checkout cannot reach the module.
        source = [f"{name}/{name}.c", "-I", ".", "-o", str(out)]
        command = [sys.executable, *COMMAND, *source]
        subprocess.run(command, cwd=GUESTS, env=os.environ | zig, check=True)  # noqa: S603  # no shell, our own words
        return out.read_bytes()


def main() -> int:
    """Check or write every guest's module; return the exit status."""
    same = True
    for source in sorted(GUESTS.glob("*/*.c")):
        wasm = build(source.stem)
        module = source.with_suffix(".wasm")
        if "--write" in sys.argv[1:]:
            module.write_bytes(wasm)
        is_same = module.is_file() and module.read_bytes() == wasm
        same = same and is_same
        said = "as committed" if is_same else "DIFFERS"
        sys.stdout.write(
            f"{source.stem:<20} {len(wasm):>7} bytes  {hashlib.sha256(wasm).hexdigest()}  {said}\n"
        )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
