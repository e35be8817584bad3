"""Score what an attempt gave against what was expected.

- `exact`: the same JSON value.
- `subset`: everything expected is there; more may be. A list's expected
  elements are found in the same order, others between them.
- `numeric`: as `exact`, but numbers may differ by the tolerance.
- `f1`: fields (a leaf and its path, list places left out) found and expected,
  as the harmonic mean of precision and recall; the order of rows is free.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.errors import InvalidInput
from contracts.trace import ExecutionTrace
from eval.compare import close_leaf, same_leaf, tally
from eval.fields import field_f1
from eval.subset import tally_subset

ScorerName = Literal["exact", "subset", "numeric", "f1"]
SCORERS: Final[tuple[ScorerName, ...]] = get_args(ScorerName)
DEFAULT_TOLERANCE: Final = 1e-6


class Score(BaseModel):
    """One scorer's judgement of one output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scorer: ScorerName
    value: Annotated[float, Field(ge=0, le=1)]
    passed: bool
    explanation: str


def score_trace(
    trace: ExecutionTrace,
    scorer: ScorerName,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    pass_at: float = 1.0,
) -> Score:
    """Score a trace's output against its `expected_output`; an attempt without output scores 0.

    Raises:
        InvalidInput: `eval.no_expected`, `eval.too_large`.
    """
    if trace.expected_output is None:
        raise InvalidInput(
            "eval.no_expected",
            f"the trace {trace.trace_id!r} has no expected_output",
            hint="Give the expected value: --expected FILE",
        )
    return score_against(trace, trace.expected_output, scorer, tolerance=tolerance, pass_at=pass_at)


def score_against(
    trace: ExecutionTrace,
    expected: JsonValue,
    scorer: ScorerName,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    pass_at: float = 1.0,
) -> Score:
    """Score a trace's output against `expected`, whatever the trace itself expects.

    Raises:
        InvalidInput: `eval.too_large`.
    """
    if not trace.status.has_output:
        code = trace.metadata.error.code if trace.metadata.error else "no error given"
        explanation = f"the attempt gave no output: {trace.status.value} ({code})"
        return Score(scorer=scorer, value=0.0, passed=False, explanation=explanation)
    return score_output(trace.output, expected, scorer, tolerance=tolerance, pass_at=pass_at)


def score_output(
    output: JsonValue,
    expected: JsonValue,
    scorer: ScorerName,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    pass_at: float = 1.0,
) -> Score:
    """Score one JSON value against another.

    Args:
        output: What was given.
        expected: What was wanted.
        scorer: How to compare.
        tolerance: For `numeric`, relative or absolute, whichever lets more through.
        pass_at: The least value that passes.

    Raises:
        InvalidInput: `eval.too_large`, for `subset`.
    """
    value, differences = _judge(output, expected, scorer, tolerance)
    return Score(
        scorer=scorer,
        value=value,
        passed=value >= pass_at,
        explanation="; ".join(differences) or "everything expected is there",
    )


def _judge(
    output: JsonValue, expected: JsonValue, scorer: ScorerName, tolerance: float
) -> tuple[float, list[str]]:
    if scorer == "f1":
        return field_f1(output, expected)
    if scorer == "subset":
        found = tally_subset(output, expected)
        return found.share, found.differences
    found = tally(output, expected, same_leaf if scorer == "exact" else close_leaf(tolerance))
    value = found.share if scorer == "numeric" else float(found.agreed == found.asked)
    return value, found.differences
