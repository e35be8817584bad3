"""Durable runs, measured beside their peers: what a subtask costs, what a slow disk does, a service under load.

    python benchmarks/durable/bench.py [--bars 1,2,9] [--rounds N] [--peers PYTHON] [...]

Tables on stderr; the last line of stdout is one JSON object. In one run,
interleaved: Callsheet (trace rows on, JSON files off, and once more with files
on), LangGraph's AsyncSqliteSaver with `durability="sync"`, DBOS on SQLite as it
is shipped, and the floor, which is bare SQLite writing the very rows that the
run before left, many to a commit. Every case is a process of its own, warmed up
with a small run; figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.durable.bar1 import bar1
from benchmarks.durable.bar2 import bar2
from benchmarks.durable.bar9 import bar9
from benchmarks.durable.report import Figures, Report
from benchmarks.durable.rounds import ROOT
from benchmarks.durable.settle import settle
from benchmarks.durable.slow_disk import build_shim, slow_disk

PEERS: Final = ROOT / ".venv-peers" / "bin" / "python"


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bars", default="1,2,9", help="which of them, by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fan", type=int, default=1000, help="subtasks of the wide plan")
    parser.add_argument("--many", type=int, default=200, help="objectives of five subtasks")
    parser.add_argument("--chain", type=int, default=100, help="subtasks in a row")
    parser.add_argument("--sync-ms", type=float, default=2.0, help="put under every fsync for the chain")
    parser.add_argument("--rate", type=float, default=1000, help="POSTs a second")
    parser.add_argument("--seconds", type=float, default=30, help="of that rate")
    parser.add_argument("--peers", type=Path, default=PEERS, help="the interpreter of the peers' environment")
    parser.add_argument("--folder", type=Path, help="where the databases go; a temporary folder when absent")
    return parser.parse_args()


def main() -> None:
    """Measure, print tables, and the JSON line last."""
    given, report = arguments(), Report()
    bars = given.bars.split(",")
    # abspath, not resolve: the link is what makes it the environment's interpreter.
    peers = os.path.abspath(given.peers) if given.peers.exists() else None  # noqa: PTH100  # see above
    if peers is None and {"1", "2"} & {*bars}:
        report.say(
            f"no peers: {given.peers} is not there; `make bench-durable` makes it. Their ratios are left out."
        )
    found: Figures = {}
    # Removed only at the end: ext4 looks past recently freed inodes at each new file.
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        shim = build_shim(folder)
        settle(folder)
        if "1" in bars:
            counted: Mapping[str, str] = slow_disk(shim, sync_ms=0) if shim else {}
            found |= bar1(report, peers=peers, counted=counted, rounds=given.rounds,
                          fan=given.fan, many=given.many, folder=folder)  # fmt: skip
        if "2" in bars and shim:
            slow = slow_disk(shim, sync_ms=given.sync_ms)
            found |= bar2(report, peers=peers, slow=slow, sync_ms=given.sync_ms,
                          rounds=given.rounds, chain=given.chain, folder=folder)  # fmt: skip
        if "9" in bars:
            found |= bar9(report, rounds=given.rounds, rate=given.rate, seconds=given.seconds, folder=folder)
    print(json.dumps(found))
    sys.exit(0)


if __name__ == "__main__":
    main()
