import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.latency import quantile

SAMPLES = st.lists(st.floats(0, 1e9), min_size=1, max_size=50)


@given(samples=SAMPLES, q=st.floats(0, 1))
def test_a_quantile_is_numpys_default(samples: list[float], q: float) -> None:
    assert quantile(samples, q) == pytest.approx(float(np.quantile(samples, q)), rel=1e-9, abs=1e-9)


@given(samples=SAMPLES, q=st.floats(0, 1))
def test_a_quantile_lies_between_least_and_most(samples: list[float], q: float) -> None:
    assert min(samples) * (1 - 1e-12) <= quantile(samples, q) <= max(samples) * (1 + 1e-12)


def test_the_ends_are_the_least_and_the_most() -> None:
    assert (quantile([3, 1, 2], 0), quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 1)) == (1, 2, 3)


def test_one_sample_is_its_every_quantile() -> None:
    assert {quantile([7.5], q) for q in (0, 0.3, 1)} == {7.5}


@pytest.mark.parametrize(("samples", "q"), [([], 0.5), ([1.0], -0.1), ([1.0], 1.1), ([1.0], float("nan"))])
def test_no_samples_or_q_out_of_range_is_a_value_error(samples: list[float], q: float) -> None:
    with pytest.raises(ValueError, match=r"quantile|\[0, 1\]"):
        quantile(samples, q)
