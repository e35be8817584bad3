"""Conditions and expressions, as they are written in a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

Column = Annotated[
    str, Field(min_length=1, max_length=500, description="a column's name, or a JSON pointer into the row")
]
NewName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/]")]
Order = Literal["lt", "le", "gt", "ge"]
COMPARED = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "contains", "in"})


class Term(BaseModel):
    """What every part of a spec has in common: nothing but the fields it names."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Comparison(Term):
    """One column held against a value or another column."""

    column: Column
    test: Literal[
        "eq", "ne", "lt", "le", "gt", "ge", "contains", "in", "exists", "empty", "is_true", "is_false"
    ]
    value: JsonValue = None
    other: Column | None = None
    """Another column of the row, instead of a value."""

    @model_validator(mode="after")
    def _has_what_its_test_needs(self) -> Self:
        given = [name for name in ("value", "other") if name in self.model_fields_set]
        if self.test in COMPARED and len(given) != 1:
            raise ValueError(f"the test {self.test} needs value or other, one of them")
        if self.test not in COMPARED and given:
            raise ValueError(f"the test {self.test} takes neither value nor other")
        if self.test == "in" and self.other is None and not isinstance(self.value, list):
            raise ValueError("the test in needs a list as its value")
        return self


class All(Term):
    """Every condition holds."""

    all: Annotated[list[Condition], Field(max_length=200)]


class AnyOf(Term):
    """One of the conditions holds."""

    any: Annotated[list[Condition], Field(max_length=200)]


class Not(Term):
    """The condition does not hold."""

    not_: Annotated[Condition, Field(alias="not")]


def _condition_tag(value: Any) -> str:
    names: dict[str, type[Term]] = {"all": All, "any": AnyOf, "not": Not}
    if isinstance(value, Mapping):
        return next((name for name in names if name in value), "test")
    return next((name for name, kind in names.items() if isinstance(value, kind)), "test")


Condition = Annotated[
    Annotated[Comparison, Tag("test")]
    | Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_condition_tag),
]


class ColumnValue(Term):
    """The row's value in a column."""

    column: Column


class Constant(Term):
    """The same value for every row."""

    literal: JsonValue


class Sum(Term):
    """Numbers added."""

    add: Annotated[list[Expression], Field(min_length=1, max_length=20)]


class Difference(Term):
    """The first less the second."""

    sub: Annotated[list[Expression], Field(min_length=2, max_length=2)]


class Product(Term):
    """Numbers multiplied."""

    mul: Annotated[list[Expression], Field(min_length=1, max_length=20)]


class Quotient(Term):
    """The first by the second; null when that is zero."""

    div: Annotated[list[Expression], Field(min_length=2, max_length=2)]


class Rounded(Term):
    """A number to so many digits after the point (0 unless given), halves to the even one."""

    round: Annotated[list[Expression], Field(min_length=1, max_length=2)]


class Numeral(Term):
    """The first number in a text, such as 128000 in "128,000 km"; a number as it is; null where a text holds none."""

    number: Expression


class When(Term):
    """Whether a condition holds."""

    when: Condition


_EXPRESSIONS: dict[str, type[Term]] = {
    "column": ColumnValue,
    "literal": Constant,
    "add": Sum,
    "sub": Difference,
    "mul": Product,
    "div": Quotient,
    "round": Rounded,
    "number": Numeral,
    "when": When,
}


def _expression_tag(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return next((name for name in _EXPRESSIONS if name in value), None)
    return next((name for name, kind in _EXPRESSIONS.items() if isinstance(value, kind)), None)


Expression = Annotated[
    Annotated[ColumnValue, Tag("column")]
    | Annotated[Constant, Tag("literal")]
    | Annotated[Sum, Tag("add")]
    | Annotated[Difference, Tag("sub")]
    | Annotated[Product, Tag("mul")]
    | Annotated[Quotient, Tag("div")]
    | Annotated[Rounded, Tag("round")]
    | Annotated[Numeral, Tag("number")]
    | Annotated[When, Tag("when")],
    Discriminator(_expression_tag),
]

for _term in (All, AnyOf, Not, Sum, Difference, Product, Quotient, Rounded, Numeral, When):
    _term.model_rebuild()
