"""Reckon an expression for a row: null in, null out; whole numbers stay whole where the result is exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from pydantic import JsonValue

from agents.data.columns import cell
from agents.data.conditions import holds
from agents.data.numerals import number_in
from agents.data.terms import (
    ColumnValue,
    Constant,
    Difference,
    Expression,
    Numeral,
    Product,
    Quotient,
    Rounded,
    Sum,
    When,
)
from agents.data.values import MAX_BITS, CellProblem, Row, number

Number = int | float
_DIGITS: Final = 15
_OPS: Final[dict[type, str]] = {
    Sum: "add", Difference: "sub", Product: "mul", Quotient: "div", Rounded: "round"
}  # fmt: skip


def reckon(expression: Expression, row: Row) -> JsonValue:
    """Return an expression's value.

    Raises:
        CellProblem: Something else than a number is reckoned with, or the result is out of range.
    """
    match expression:
        case ColumnValue():
            return cell(row, expression.column)
        case Constant():
            return expression.literal
        case When():
            return holds(expression.when, row)
        case Numeral():
            return number_in(reckon(expression.number, row), _name(expression.number, "number"))
        case _:
            op = _OPS[type(expression)]
            return _over(getattr(expression, op), row, op)


def exact_mean(total: Number, count: int) -> Number:
    """Return total by count, whole where it is exact."""
    return _divided(total, count)


def ranged(value: Number, column: str) -> Number:
    """Return a number, if it is one JSON can carry.

    Raises:
        CellProblem: It is infinite or has too many digits.
    """
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise CellProblem(column, "the result is out of range")
    if isinstance(value, float) and not math.isfinite(value):
        raise CellProblem(column, "the result is out of range")
    return value


def _over(parts: Sequence[Expression], row: Row, op: str) -> Number | None:
    operands = [number(reckon(part, row), _name(part, op)) for part in parts]
    if any(o is None for o in operands):
        return None
    known = [o for o in operands if o is not None]
    try:
        result = _applied(op, known)
    except OverflowError as exc:
        raise CellProblem(op, "the result is out of range") from exc
    return None if result is None else ranged(result, op)


def _applied(op: str, operands: Sequence[Number]) -> Number | None:
    match op:
        case "add":
            return total(operands)
        case "sub":
            return operands[0] - operands[1]
        case "mul":
            return math.prod(operands)
        case "div":
            return None if operands[1] == 0 else _divided(operands[0], operands[1])
        case _:
            return _rounded(operands[0], operands[1] if len(operands) > 1 else 0)


def total(operands: Sequence[Number]) -> Number:
    """Return the sum: exact for whole numbers, rounded once for the rest, the same in any order."""
    return sum(operands) if all(isinstance(o, int) for o in operands) else math.fsum(operands)


def _divided(one: Number, other: Number) -> Number:
    if isinstance(one, int) and isinstance(other, int):
        exact = Fraction(one, other)
        return exact.numerator if exact.denominator == 1 else float(exact)
    return one / other


def _rounded(value: Number, digits: Number) -> Number:
    if not isinstance(digits, int) or not -_DIGITS <= digits <= _DIGITS:
        raise CellProblem("round", f"digits are a whole number from -{_DIGITS} to {_DIGITS}")
    return round(value) if digits == 0 else round(value, digits)


def _name(part: Expression, op: str) -> str:
    return part.column if isinstance(part, ColumnValue) else op
