"""The steps, as they are written: one tagged object each, the first of which names the rows to begin with."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from agents.data.terms import Column, Condition, Expression, NewName, Term

MAX_STEPS = 50
TableName = Annotated[str, Field(min_length=1, max_length=200)]
Pointer = Annotated[
    str, Field(max_length=500, pattern=r"^(/|$)", description="JSON pointer to the rows in the table")
]
Statistic = Literal["count", "sum", "mean", "median", "min", "max"]


class From(Term):
    """Begin with the rows of a table."""

    op: Literal["from"]
    table: TableName
    pointer: Pointer = ""


class Concat(Term):
    """Begin with the rows of several tables, one after another."""

    op: Literal["concat"]
    tables: Annotated[list[TableName], Field(min_length=1, max_length=50)]


class Zip(Term):
    """Begin with one row per place: the element of each table there, under its prefix; null where it has none."""

    op: Literal["zip"]
    tables: Annotated[dict[NewName, TableName], Field(min_length=1, max_length=50)]


class Flatten(Term):
    """Replace each row by one row per element of the list in a column."""

    op: Literal["flatten"]
    column: Column


class Select(Term):
    """Keep these columns, under new names."""

    op: Literal["select"]
    columns: Annotated[dict[NewName, Column], Field(min_length=1, max_length=200)]


class Filter(Term):
    """Keep the rows for which a condition holds."""

    op: Literal["filter"]
    where: Condition


class Derive(Term):
    """Add a column, or replace one."""

    op: Literal["derive"]
    column: NewName
    value: Expression


class SortKey(Term):
    """One column to sort by."""

    column: Column
    descending: bool = False


class Sort(Term):
    """Order the rows; equal ones keep their order, nulls come last either way."""

    op: Literal["sort"]
    by: Annotated[list[SortKey], Field(min_length=1, max_length=20)]


class Limit(Term):
    """Keep the first rows."""

    op: Literal["limit"]
    count: Annotated[int, Field(ge=0)]


class Distinct(Term):
    """Keep the first row of each combination of values; of whole rows when no column is named."""

    op: Literal["distinct"]
    by: Annotated[tuple[Column, ...], Field(max_length=20, strict=False)] = ()


class Aggregate(Term):
    """A statistic of a column; nulls do not count."""

    fn: Statistic
    column: Column | None = None
    """Needed by all but count, which without it counts rows."""

    @model_validator(mode="after")
    def _has_its_column(self) -> Self:
        if self.fn != "count" and self.column is None:
            raise ValueError(f"{self.fn} needs a column")
        return self


Aggregates = Annotated[dict[NewName, Aggregate], Field(min_length=1, max_length=50)]


class Group(Term):
    """One row per combination of values, in the order they first appear, with statistics of its rows."""

    op: Literal["group"]
    by: Annotated[list[Column], Field(min_length=1, max_length=20)]
    aggregates: Aggregates


class AggregateAll(Term):
    """One row: statistics of all rows."""

    op: Literal["aggregate"]
    aggregates: Aggregates


class On(Term):
    """Two columns that must be equal; null equals nothing."""

    left: Column
    right: Column


class Join(Term):
    """Add the matching row of another table under a prefix; one row per match."""

    op: Literal["join"]
    table: TableName
    pointer: Pointer = ""
    on: Annotated[list[On], Field(min_length=1, max_length=10)]
    how: Literal["inner", "left"] = "inner"
    prefix: Annotated[NewName, Field(alias="as")]


class GroupStat(Term):
    """Add to each row the statistic of its group."""

    op: Literal["group_stat"]
    by: Annotated[list[Column], Field(min_length=1, max_length=20)]
    column: Column | None = None
    fn: Statistic
    into: NewName

    @model_validator(mode="after")
    def _has_its_column(self) -> Self:
        if self.fn != "count" and self.column is None:
            raise ValueError(f"{self.fn} needs a column")
        return self


Step = Annotated[
    From
    | Concat
    | Zip
    | Flatten
    | Select
    | Filter
    | Derive
    | Sort
    | Limit
    | Distinct
    | Group
    | AggregateAll
    | Join
    | GroupStat,
    Field(discriminator="op"),
]


class DataInputs(Term):
    """Tables, and the steps that make rows of them."""

    tables: Annotated[
        dict[TableName, Any],
        Field(
            max_length=200, description="lists of objects or of plain values; an object is one row, null none"
        ),
    ]
    steps: Annotated[list[Step], Field(min_length=1, max_length=MAX_STEPS)]

    @model_validator(mode="after")
    def _begins_with_rows(self) -> Self:
        begins = [isinstance(step, From | Concat | Zip) for step in self.steps]
        if not begins[0] or any(begins[1:]):
            raise ValueError("the first step, and only the first, is from, concat or zip")
        return self
