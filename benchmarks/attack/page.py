"""Write what was found into the page on attacks: one row a class, between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.attack.bar6 import by_class
from benchmarks.attack.verdict import MIB, Verdict

PAGE: Final = Path(__file__).parents[2] / "docs" / "attacks.md"
BEGIN: Final = "<!-- what `make attack` found: begin -->"
END: Final = "<!-- what `make attack` found: end -->"

_HEAD: Final = """\
| class | attacks | exact code | late, ms | over, MB | Extism: ran | in time | held | lived | cause told |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""


def table_of(ours: Sequence[Verdict], theirs: Sequence[Verdict]) -> str:
    """Return the table, and below it each attack that Extism did not stop or hold."""
    there = by_class(theirs)
    rows = [_row(group, here, there.get(group, [])) for group, here in by_class(ours).items()]
    rows.append(_row("**all**", list(ours), list(theirs)))
    lost = [f"- `{v.attack.name}`: {_loss(v)}" for v in theirs if not (v.is_in_time and v.is_held)]
    below = (
        "\nUnder Extism, not stopped, not held, or the end of the host:\n\n" + "\n".join(lost) + "\n"
        if lost
        else ""
    )
    return _HEAD + "".join(rows) + below


def write_page(ours: Sequence[Verdict], theirs: Sequence[Verdict]) -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}\n\n{table_of(ours, theirs)}\n{END}{after}"
    PAGE.write_text(text, encoding="utf-8")


def _row(group: str, here: Sequence[Verdict], there: Sequence[Verdict]) -> str:
    exact = sum(v.code == v.attack.code for v in here)
    late, over = max(v.late_ms for v in here), max(v.over_bytes for v in here) / MIB
    cells = [group, str(len(here)), f"{exact}", f"{late:.0f}", f"{over:.0f}"]
    if there:
        counts = (
            sum(v.is_in_time for v in there),
            sum(v.is_held for v in there),
            sum(not v.code.startswith("outside: died") for v in there),
        )
        errors = [v.tells_cause for v in there if v.is_refusal]
        cells += [str(len(there)), *(str(count) for count in counts), f"{sum(errors)} of {len(errors)}"]
    else:
        cells += [""] * 5
    return f"| {' | '.join(cells)} |\n"


def _loss(verdict: Verdict) -> str:
    if verdict.code.startswith("outside: died"):
        return f"the process {verdict.code.removeprefix('outside: ')}"
    if not verdict.is_alive:
        return "ran on for 20 s, until its process was killed"
    said = []
    if not verdict.is_in_time:
        said.append(f"{verdict.late_ms:,.0f} ms past its deadline")
    if not verdict.is_held:
        said.append(f"{verdict.over_bytes / MIB:,.0f} MB over its memory")
    return ", ".join(said)
