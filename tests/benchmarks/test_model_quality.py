"""The bench of planning models: what it counts, with a model that refuses everything and one that is away."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.models.bench import main
from benchmarks.models.figures import verdict_of
from benchmarks.models.quality import measure_quality
from contracts.clock import SystemClock
from contracts.errors import Unavailable
from providers.chat import PLAIN, Completion, Message, Options, Usage


class Refusing:
    """A model that knows nobody for anything, or does not answer."""

    def __init__(self, *, is_away: bool = False) -> None:
        self._is_away = is_away

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        assert messages
        assert max_tokens
        assert options.shape is not None
        if self._is_away:
            raise Unavailable("provider.unreachable", "gone")
        return Completion('{"steps":[]}', "stop", Usage(10, 4))


async def test_a_model_that_refuses_everything_is_valid_and_of_no_use() -> None:
    found = await measure_quality(Refusing(), SystemClock(), half="seen", most=5)
    assert (found["bar3_objectives"], found["bar3_valid"], found["bar3_useful"]) == (5, 1.0, 0.0)
    assert (found["bar3_rules_useful"], found["bar3_combined_useful"]) == (1.0, 1.0)
    assert found["bar3_tokens_per_sketch"] == 4.0


async def test_what_a_model_that_is_away_did_not_plan_is_told_apart() -> None:
    found = await measure_quality(Refusing(is_away=True), SystemClock(), half="seen", most=5)
    assert (found["bar3_fell_back"], found["bar3_useful_without_fallback"]) == (5, 0.0)
    assert found["bar3_useful"] == 1.0
    assert found["bar3_crashed"] == 0


@pytest.mark.parametrize(
    ("key", "value", "verdict"),
    [
        ("bar3_useful", 0.79, "FAILS"),
        ("bar3_useful", 0.80, "holds"),
        ("bar4_warm_plan_p50_s", 6.1, "FAILS"),
        ("bar4_warm_plan_p50_s", None, "absent"),
        ("bar3_rules_useful", 0.1, ""),
    ],
)
def test_a_figure_is_held_against_its_promise(key: str, value: float | None, verdict: str) -> None:
    assert verdict_of(key, value) == verdict


def test_without_a_model_it_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "qwen2.5-coder-0.5b-that-nobody-pulled"]) == 2
    assert "--model FILE.gguf" in capsys.readouterr().err
