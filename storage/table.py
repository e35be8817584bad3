"""A table's columns and sums: from a dataclass to a statement, and from a read row back to it, checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from operator import attrgetter
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from storage.failure import damaged
from storage.statement import Statement
from storage.sums import row_sum, text_sum

Fix = tuple[int, Callable[[Any], Any]]


class AnyRow(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


class Row(Protocol):
    """What a query gives: columns by name."""

    def __getitem__(self, name: str, /) -> Any:
        """Return one column."""
        ...


R = TypeVar("R", bound=AnyRow)

_NO_ITEM: Final = -1
"""Stands for None in a primary key, where NULL would equal nothing."""


class Table(Generic[R]):
    """How one kind of row is written and read.

    Args:
        kind: The dataclass: its fields are the columns, in their order.
        name: Of the table.
        key: The columns of its primary key, which also name a row in an error.
        long: Texts whose own sum goes into the row's.
        verb: What to do when the key is there already: fail, or nothing.
    """

    def __init__(
        self,
        kind: type[R],
        name: str,
        *,
        key: Sequence[str],
        long: Sequence[str] = (),
        verb: str = "INSERT INTO",
    ) -> None:
        self.kind, self.name, self.key = kind, name, tuple(key)
        self.columns: Final = tuple(f.name for f in fields(kind))
        self._fields = attrgetter(*self.columns)
        self._store = self._fixes({"bool": int, "float": float}, {"item_index": _item_in})
        self._load = self._fixes({"bool": bool}, {"item_index": _item_out})
        self._long = [self.columns.index(c) for c in long]
        self.select: Final = ", ".join((*self.columns, "sum"))
        self.rows: Final = f"{verb} {name} ({self.select}) VALUES "
        self.insert_sql: Final = f"{self.rows}({', '.join('?' * (len(self.columns) + 1))})"
        changes = ", ".join(f"{c} = excluded.{c}" for c in (*self.columns, "sum") if c not in self.key)
        self._upsert = f"{self.insert_sql} ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {changes}"
        where = f" WHERE {' AND '.join(f'{c} = ?' for c in self.key)}"
        self._update = f"UPDATE {name} SET {', '.join(f'{c} = ?' for c in (*self.columns, 'sum'))}{where}"
        self._delete = f"DELETE FROM {name}{where}"

    def insert(self, row: R) -> Statement:
        """Keep a new row, alone and in its turn."""
        return Statement(self.insert_sql, self.parameters(row))

    def append(self, row: R) -> Statement:
        """Keep a new row, together with others of its kind."""
        return Statement(self.insert_sql, self.parameters(row), self.rows)

    def upsert(self, row: R) -> Statement:
        """Keep a row in place of the one with its key."""
        return Statement(self._upsert, self.parameters(row))

    def update(self, row: R) -> Statement:
        """Write a row over the one with its key, where there is one."""
        return Statement(self._update, (*self.parameters(row), *self._names(row)))

    def delete(self, row: R) -> Statement:
        """Remove the row with this one's key."""
        return Statement(self._delete, self._names(row))

    def parameters(self, row: R) -> tuple[Any, ...]:
        """Return the columns as they are stored, the sum last."""
        stored = self.stored(row)
        return (*stored, self.sum_of(stored))

    def stored(self, row: R) -> tuple[Any, ...]:
        """Return the columns as SQLite will give them back."""
        return _fixed(self._fields(row), self._store)

    def sum_of(self, stored: tuple[Any, ...]) -> int:
        """Return the sum of a row's columns."""
        if not self._long:
            return row_sum(*stored)
        columns = list(stored)
        for i in self._long:
            columns[i] = text_sum(columns[i])
        return row_sum(*columns)

    def read(self, row: Row) -> R:
        """Return a row that is what was written.

        Raises:
            Damaged: `storage.damaged`.
        """
        stored = tuple(row[c] for c in self.columns)
        if self.sum_of(stored) != row["sum"]:
            raise damaged(self.name, *(row[c] for c in self.key))
        return self.loaded(stored)

    def loaded(self, stored: tuple[Any, ...]) -> R:
        """Return a row from its columns, unchecked."""
        return self.kind(*_fixed(stored, self._load))

    def _names(self, row: R) -> tuple[Any, ...]:
        stored = dict(zip(self.columns, self.stored(row), strict=True))
        return tuple(stored[c] for c in self.key)

    def _fixes(self, by_type: dict[str, Any], by_name: dict[str, Any]) -> list[Fix]:
        found: list[Fix] = []
        for i, f in enumerate(fields(self.kind)):
            if f.name in self.key and f.name in by_name:
                found.append((i, by_name[f.name]))
            elif f.type in by_type:
                found.append((i, by_type[str(f.type)]))
        return found


def _fixed(columns: tuple[Any, ...], fixes: list[Fix]) -> tuple[Any, ...]:
    if not fixes:
        return columns
    found = list(columns)
    for i, fix in fixes:
        found[i] = fix(found[i])
    return tuple(found)


def _item_in(index: int | None) -> int:
    return _NO_ITEM if index is None else index


def _item_out(index: int) -> int | None:
    return None if index == _NO_ITEM else index
