"""Run the attacks named on stdin, one after the other, and tell how each ended on stdout.

Its parent names one attack a line and reads one outcome a line, so a process
that dies has named its killer.
"""

from __future__ import annotations

import json
import sys

from benchmarks.attack.corpus.every import BY_NAME
from benchmarks.attack.ours import run_attack
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.host import Host


def main() -> None:
    """Serve until stdin ends."""
    host = Host(Compiler(None))
    run_attack(host, BY_NAME["pointer/answers nothing"])  # what the first call imports is no attack's growth
    for line in sys.stdin:
        outcome = run_attack(host, BY_NAME[line.rstrip("\n")])
        print(json.dumps(outcome.as_json()), flush=True)
    host.close()


if __name__ == "__main__":
    main()
