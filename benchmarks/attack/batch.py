"""Run attacks in a process of their own, and start another when one dies."""

from __future__ import annotations

import json
import selectors
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Final

PATIENCE_S: Final = 90.0
"""How long one attack may keep its process; far past every deadline."""


def run_in_child(
    command: Sequence[str],
    lines: Iterable[tuple[str, str]],
    *,
    patience_s: float = PATIENCE_S,
    is_quiet: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield how each attack ended, in order.

    Args:
        command: Starts the process that reads one line and writes one JSON object, again and again.
        lines: The attack's name, and the line that asks for it.
        patience_s: How long one may take; a process that takes longer is killed, and hung.
        is_quiet: Drop what the process says as it dies.
    """
    child: subprocess.Popen[str] | None = None
    try:
        for name, line in lines:
            if child is None:
                last_words = subprocess.DEVNULL if is_quiet else None
                child = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=last_words, text=True
                )
            found = _ask(child, line, patience_s)
            if isinstance(found, str):
                _end(child)
                child = None
                yield {"name": name, "code": f"outside: {found}"}
            else:
                yield {"name": name, **found}
    finally:
        if child is not None:
            _end(child)


def _ask(child: subprocess.Popen[str], line: str, patience_s: float) -> dict[str, Any] | str:
    """Return what the child says, or how it died."""
    stdin, stdout = _pipes(child)
    try:
        stdin.write(line + "\n")
        stdin.flush()
    except BrokenPipeError:
        return f"died with {child.wait()}"
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        if not selector.select(patience_s):
            return "hung"
    said = stdout.readline()
    if not said:
        return f"died with {child.wait()}"
    found: dict[str, Any] = json.loads(said)
    return found


def _pipes(child: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if child.stdin is None or child.stdout is None:
        raise ValueError("the child was started without pipes")
    return child.stdin, child.stdout


def _end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait()
    for pipe in _pipes(child):
        pipe.close()
