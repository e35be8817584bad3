"""The same attacks under Extism: spelled for its ABI, run in its own process, held to the same two promises."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.attack.attack import OK, Attack, from_wat
from benchmarks.attack.batch import run_in_child
from benchmarks.attack.spell import spell_extism
from benchmarks.attack.verdict import Verdict, judge

PATIENCE_S: Final = 20.0
PAGE: Final = 65_536
CHILD: Final = Path(__file__).with_name("extism_child.py")

_AS_THEY_ARE: Final = frozenset({"import", "export", "bytes", "size"})
_SKIPPED: Final = frozenset({"answer", "host call", "component", "component bytes"})
"""Extism passes any bytes on, offers other host functions, and runs no components."""

_WORDS: Final = {
    "limit.time": "timeout",
    "limit.fuel": "fuel",
    "limit.memory": "oom|memory",
    "limit.table": "table",
    "limit.stack": "stack",
    "limit.output": "output|memory",
    "limit.input": "input|memory",
    "guest.trap": "unreachable|out of bounds|divide|overflow|conversion|uninitialized|indirect|null|undefined",
    "guest.exit": "exit",
    "abi.bad_alloc": "alloc|bounds",
    "abi.bad_pointer": "pointer|bounds",
    "load.import_denied": "import",
    "load.bad_export": "export|function|memory|type",
    "load.digest": "hash",
    "load.too_large": "large|size",
    "load.malformed": "pars|valid|magic|expected|unexpected|support|decode|version|section|wat",
    "compile.budget": "time|budget",
}


def chosen(attacks: Sequence[Attack]) -> list[Attack]:
    """Return the attacks that mean something to it: it counts no fuel in Python, and has no hash but of files."""
    return [a for a in attacks if a.group not in _SKIPPED and a.code not in {"limit.fuel", "limit.input"}]


def run_extism(python: str, attacks: Sequence[Attack]) -> Iterator[Verdict]:
    """Yield how each attack ends there.

    Args:
        python: The interpreter of the peers' environment.
        attacks: Those of `chosen`.
    """
    with tempfile.TemporaryDirectory(prefix="attack-") as name:
        folder = Path(name)
        warm = folder / "warm.wasm"
        warm.write_bytes(from_wat(spell_extism({})))
        lines = [(a.name, _asked(a, folder / f"{n}.wasm")) for n, a in enumerate(attacks)]
        outcomes = run_in_child([python, str(CHILD), str(warm)], lines, patience_s=PATIENCE_S, is_quiet=True)
        for attack, found in zip(attacks, outcomes, strict=True):
            yield judge(attack, found, tells_cause=_tells_cause(attack, found))


def _tells_cause(attack: Attack, found: dict[str, Any]) -> bool:
    """Return whether its text says what the code here says."""
    if attack.code == OK:
        return str(found["code"]) == OK
    words = _WORDS.get(attack.code, "$^")
    return re.search(words, str(found.get("text", "")), re.IGNORECASE) is not None


def _asked(attack: Attack, path: Path) -> str:
    is_spelled = attack.parts and attack.group not in _AS_THEY_ARE
    path.write_bytes(from_wat(spell_extism(attack.parts)) if is_spelled else attack.build())
    limits = attack.all_limits
    wall_ms = min(int(attack.deadline_s * 1000), limits["wall_ms"])
    return json.dumps(
        {
            "name": attack.name,
            "path": str(path),
            "function": "execute_x" if is_spelled else "execute",
            "given": attack.given.decode(),
            "timeout_ms": max(1, wall_ms),
            "max_pages": limits["memory_bytes"] // PAGE,
        }
    )
