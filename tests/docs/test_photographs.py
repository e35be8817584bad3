"""The README's screenshots can be taken again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.photograph import SCHEMES, keep, photograph_run


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(
    "UPDATE_IMAGES" not in os.environ, reason="UPDATE_IMAGES=1 takes the README's screenshots again"
)
async def test_photographs_of_the_example_run_can_be_taken(in_empty_folder: Path) -> None:
    taken = await photograph_run(in_empty_folder)
    assert set(taken) == set(SCHEMES.values())
    keep(taken)
