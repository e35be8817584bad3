"""Attack the guest host: hostile guests, bytes that are none, and host calls that fail.

    python benchmarks/attack/main.py [--n N] [--bars 6,7] [--peers PYTHON] [--seed N] [--page]

N = 1000 is the whole of it: 100,000 fuzz cases and 1,000,000 failing calls.
The attacks are run once each, whatever N; with `--peers` also against Extism.
A table on stderr; the last line of stdout is one JSON object. Exit 1 when a
figure is over what it may be.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from benchmarks.attack.bar6 import bar6, bar6_extism
from benchmarks.attack.bar7 import failing_calls, fuzz
from benchmarks.attack.page import write_page
from benchmarks.attack.verdict import Verdict
from benchmarks.chaos.figures import Figure, show

FULL: Final = 1000
CASES: Final = 100_000
FAILING: Final = 1_000_000
LEAST: Final = 1_000


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--bars", default="6,7")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", type=Path, help="the interpreter of the peers' environment")
    parser.add_argument("--page", action="store_true", help="write what was found into docs/attacks.md")
    return parser.parse_args()


def main() -> int:
    """Run, print, and say by the exit code whether everything holds."""
    asked = arguments()
    bars, found = asked.bars.split(","), list[Figure]()
    if "6" in bars:
        say("bar 6: attacks, here")
        figures, ours = bar6()
        found += figures
        theirs = list[Verdict]()
        if asked.peers is not None and asked.peers.exists():
            say("bar 6: attacks, under Extism")
            figures, theirs = bar6_extism(str(asked.peers.absolute()))
            found += figures
        if asked.page:
            write_page(ours, theirs)
    if "7" in bars:
        say("bar 7: any bytes")
        found += fuzz(scaled(CASES, asked.n), asked.seed)
        say("bar 7: failing host calls")
        found += failing_calls(scaled(FAILING, asked.n))
    show(found, title="attack")
    return int(any(figure.verdict == "FAILS" for figure in found))


def scaled(full: int, n: int) -> int:
    """Return how much of something N asks for."""
    return min(full, max(LEAST, full * n // FULL))


def say(text: str) -> None:
    """Tell whoever watches how far it is."""
    print(f"attack: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
