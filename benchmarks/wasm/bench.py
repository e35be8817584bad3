"""The WASM host, measured beside its peers: CPU time a call, thousands of guests at once, loading, the whole path.

    python benchmarks/wasm/bench.py [--bars 1,2,3,4,5,10] [--rounds N] [--peers PYTHON] [...]

Tables on stderr; the last line of stdout is one JSON object. Every side is a
process of its own, in turn; a figure is the least of many means and of all
rounds. Ours runs as it ships: epoch and fuel on. Extism runs as its Python
package ships, without WASI: epoch on, fuel off.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.durable.report import Figures, Report
from benchmarks.durable.rounds import ROOT
from benchmarks.wasm.calls import bars_1_to_3
from benchmarks.wasm.loads import bar5
from benchmarks.wasm.path import bar10
from benchmarks.wasm.waits import bar4

PEERS: Final = ROOT / ".venv-peers" / "bin" / "python"


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bars", default="1,2,3,4,5,10", help="which of them, by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=300, help="of one mean")
    parser.add_argument("--guests", type=int, default=10_000, help="that wait at once")
    parser.add_argument("--module-bytes", type=int, default=5_000_000, help="of the module that is loaded")
    parser.add_argument("--fan", type=int, default=1000, help="calls in flight along the whole path")
    parser.add_argument("--runs", type=int, default=5, help="of that plan in one process")
    parser.add_argument("--peers", type=Path, default=PEERS, help="the interpreter of the peers' environment")
    parser.add_argument(
        "--components", type=Path, help="holds python.wasm and js.wasm; they are built when absent"
    )
    return parser.parse_args()


def main() -> None:
    """Measure, print tables, and the JSON line last."""
    given, report = arguments(), Report()
    bars = set(given.bars.split(","))
    # abspath, not resolve: the link is what makes it the environment's interpreter.
    peers = os.path.abspath(given.peers) if given.peers.exists() else None  # noqa: PTH100  # see above
    found: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if called := bars & {"1", "2", "3"}:
            if peers is None:
                report.say(
                    f"no peers: {given.peers} is not there; `make bench-wasm` makes it. Their ratios are left out."
                )
            found |= bars_1_to_3(
                report, bars=called, peers=peers, rounds=given.rounds, calls=given.calls, folder=folder
            )
        if "4" in bars:
            found |= bar4(report, rounds=given.rounds, guests=given.guests)
        if "5" in bars:
            found |= bar5(
                report, rounds=given.rounds, size=given.module_bytes, built=given.components, folder=folder
            )
        if "10" in bars:
            found |= bar10(report, rounds=given.rounds, fan=given.fan, runs=given.runs)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
