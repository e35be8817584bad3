"""Any sequence of calls, against the plainest context one could write."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.errors import AttemptTimedOut, Conflict, NotFound
from memory.context import INPUTS, SharedContext
from memory.rows import context_of, context_values

KEYS = st.sampled_from(["a", "b", "page", "rows_2"])
WRITERS = st.sampled_from(["first", "second"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def spoil(value: Any) -> None:
    if isinstance(value, list):
        value.append("spoilt")
    if isinstance(value, dict):
        value["spoilt"] = True


class ContextModel(RuleBasedStateMachine):
    """Two contexts told the same: ours, and a dictionary of deep copies."""

    @initialize(values=st.dictionaries(KEYS, JSON, max_size=2))
    def begin(self, values: dict[str, Any]) -> None:
        self.model = {k: (copy.deepcopy(v), INPUTS) for k, v in values.items()}
        self.context = SharedContext(values)
        for value in values.values():
            spoil(value)

    @rule(key=KEYS, value=JSON, by=WRITERS, replace=st.booleans())
    def set(self, key: str, value: Any, by: str, *, replace: bool) -> None:
        if key in self.model and not replace:
            with pytest.raises(Conflict) as refused:
                self.context.set(key, value, by=by)
            assert refused.value.data["written_by"] == self.model[key][1]
        else:
            self.model[key] = (copy.deepcopy(value), by)
            self.context.set(key, value, by=by, replace=replace)
        spoil(value)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        if key not in self.model:
            with pytest.raises(NotFound):
                self.context.get(key)
            with pytest.raises(AttemptTimedOut):
                self.context.wait(key, 0)
            return
        for got in (self.context.get(key), self.context.wait(key, 5)):
            assert got == self.model[key][0]
            spoil(got)
        assert self.context.written_by(key) == self.model[key][1]

    @rule()
    def keep_and_restore(self) -> None:
        self.context = context_of(context_values(self.context))

    @invariant()
    def says_the_same_as_the_model(self) -> None:
        whole = self.context.snapshot()
        assert whole == {k: v for k, (v, _) in self.model.items()}
        assert self.context.keys() == set(self.model)
        assert {k: self.context.written_by(k) for k in whole} == {k: by for k, (_, by) in self.model.items()}
        for value in whole.values():
            spoil(value)


ContextModel.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_any_sequence_of_calls_says_what_the_model_says = ContextModel.TestCase
