"""From nothing to the first plan: a new environment, an empty home, and the line that the docs give.

    python -P benchmarks/models/first_plan.py [--bars without,smallest]

Twice: without a model, and with the smallest one, which is then made to plan
itself (rules may have the last word). pip keeps nothing from one to the other.
A table on stderr; the last line of stdout is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contracts.clock import SystemClock

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "models.md"
MOST_S: Final = 1800
PIP_FILES: Final = (".config/pip/pip.conf", ".pip/pip.conf")
BARS: Final[Mapping[str, str]] = {"without": "bar5_without_models_s", "smallest": "bar5_smallest_model_s"}


def documented_line() -> str:
    """Return the line of the docs that gets everything and makes a plan."""
    found = re.search(r"^`(pip install .+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{PAGE.name} has no line that begins with pip install"
    return found[1]


def line_without_models() -> str:
    """Return the same line for whoever wants no model."""
    first, *_, last = documented_line().split(" && ")
    return f"{first.replace('[embedded]', '')} && {last}"


def seconds_of(line: str) -> tuple[float, str]:
    """Return how long a line takes from nothing to its plan, the making of the environment included, and who planned."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        began = clock.monotonic()
        venv.create(Path(folder, "venv"), with_pip=True)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", line],
            cwd=ROOT, env=_environment(Path(folder, "venv"), home), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, timeout=MOST_S, check=True,
        )  # fmt: skip
        took = clock.monotonic() - began
    origin = json.loads(done.stdout[done.stdout.index("{\n") :])["origin"]
    return took, str(origin["planner"])


def _environment(made: Path, home: Path) -> dict[str, str]:
    """Return what a newcomer's shell has; which index pip asks is the machine's to say."""
    kept = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_", "REQUESTS_", "LANG", "LC_"))}
    given = next((p for p in (Path.home() / name for name in PIP_FILES) if p.is_file()), None)
    found = {"PIP_CONFIG_FILE": str(given)} if given and "PIP_CONFIG_FILE" not in kept else {}
    path = f"{made / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, **found, "PATH": path, "HOME": str(home), "CALLSHEET_MODEL__PLANNING": "model"}


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bars", default=",".join(BARS))
    found: dict[str, float] = {}
    for bar in parser.parse_args().bars.split(","):
        line = line_without_models() if bar == "without" else documented_line()
        took, planner = seconds_of(line)
        found[BARS[bar]] = round(took, 1)
        print(f"{BARS[bar]:<24} {took:>7.1f} s  planned by {planner}: {line}", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
