"""What the operator says of a model: what its tokens cost, how long its replies may be."""

from __future__ import annotations

import asyncio

import pytest

from providers.chat import PLAIN, Completion, Options, StreamingProvider, Usage
from providers.defaults import Defaulted, Defaults
from providers.prices import Priced, Prices
from tests.providers.scripted_model import ASK, ScriptedModel

BOTH = pytest.mark.parametrize("how", ["complete", "stream"])


def asked(
    provider: StreamingProvider, how: str, *, max_tokens: int = 9, options: Options = PLAIN
) -> Completion:
    async def main() -> Completion:
        if how == "complete":
            return await provider.complete(ASK, max_tokens=max_tokens, options=options)
        pieces = [p async for p in provider.stream(ASK, max_tokens=max_tokens, options=options)]
        assert [p.text for p in pieces if p.end is None] == ["hi"]
        assert pieces[-1].end is not None
        return pieces[-1].end

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(1_000_000, 0), 3.0),
        (Usage(0, 1_000_000), 15.0),
        (Usage(1_000_000, 1_000_000, 400_000), 0.6 * 3 + 0.4 * 0.3 + 15),
        (Usage(100, 0, 5000), 100 * 0.3 / 1e6),
        (Usage(), 0.0),
    ],
)
def test_tokens_cost_by_their_kind(usage: Usage, usd: float) -> None:
    assert Prices(3, 15, 0.3).usd(usage) == pytest.approx(usd)


def test_cached_tokens_without_a_price_cost_as_any_other() -> None:
    assert Prices(3, 15).usd(Usage(1_000_000, 0, 1_000_000)) == 3.0


@BOTH
def test_a_completion_says_what_it_cost(how: str) -> None:
    found = asked(Priced(ScriptedModel(["hi"]), Prices(1, 2, 0.5)), how)
    assert found.usd == pytest.approx((600 + 400 * 0.5 + 200 * 2) / 1e6)


def test_the_cost_of_what_was_not_counted_is_unknown() -> None:
    silent = ScriptedModel(["hi"], usage=Usage())
    assert asked(Priced(silent, Prices(1, 2)), "complete").usd is None


@BOTH
def test_the_operators_most_caps_what_a_caller_asks(how: str) -> None:
    model = ScriptedModel(["hi"])
    provider = Defaulted(model, Defaults(max_tokens=50))
    asked(provider, how, max_tokens=9)
    asked(provider, how, max_tokens=900)
    assert [most for most, _ in model.calls] == [9, 50]


@BOTH
def test_a_callers_options_go_before_the_operators(how: str) -> None:
    model = ScriptedModel(["hi"])
    provider = Defaulted(model, Defaults(num_ctx=4096, temperature=0.7))
    asked(provider, how, options=Options(temperature=0.0, num_ctx=8192))
    asked(provider, how, options=Options(temperature=None))
    assert [(o.temperature, o.num_ctx) for _, o in model.calls] == [(0.0, 8192), (0.7, 4096)]
