"""Every fault there is, by name."""

from __future__ import annotations

from typing import Final

from simulation.faults import keeping, living, more, planning, resuming, storing, telling
from simulation.faults.plant import Fault

FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for room in (keeping, resuming, living, planning, more, storing, telling)
    for fault in room.FAULTS
}
