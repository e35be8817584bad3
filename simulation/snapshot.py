"""What the file holds at one moment, read as plain rows, past every store."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from simulation.connection import Row, SimConnection
from simulation.history import Name

TABLES: Final = {
    "run": "run_id",
    "trace": "run_id, event_id",
    "value": "run_id, key",
    "event": "run_id, event_id",
    "intent": "run_id, subtask_id, item_index, attempt",
    "wait": "run_id, subtask_id, item_index, kind",
    "signal": "run_id, signal_id",
    "request_key": "key",
    "wake": "run_id",
    "plan": "plan_id",
    "blob": "sha256",
}
"""Each with an order that is nobody's choice."""


@dataclass(slots=True)
class Snapshot:
    """Every row."""

    life: int
    """Which life found this; -1: what the last one left."""
    number: int
    """Its place among all that happened."""
    rows: dict[str, list[Row]]

    @classmethod
    def take(cls, connection: SimConnection, *, life: int, number: int) -> Snapshot:
        """Read everything."""
        rows = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
            for table, order in TABLES.items()
        }
        return cls(life, number, rows)

    def runs(self) -> dict[str, Row]:
        """Return the runs by their names."""
        return {row["run_id"]: row for row in self.rows["run"]}

    def traces(self) -> dict[Name, list[Row]]:
        """Return the traces of each element, in the order of their events."""
        found: defaultdict[Name, list[Row]] = defaultdict(list)
        for row in self.rows["trace"]:
            found[row["run_id"], row["subtask_id"], row["item_index"]].append(row)
        return found

    def of_run(self, table: str) -> dict[str, list[Any]]:
        """Return a table's rows by run."""
        found: defaultdict[str, list[Any]] = defaultdict(list)
        for row in self.rows[table]:
            found[row["run_id"]].append(row)
        return found
