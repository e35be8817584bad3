"""The model that tests talk to: small enough for every run, and too small to say anything wise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTING = "CALLSHEET_TEST_MODEL"


def smallest_model() -> Path:
    """The model's file; without one a test is skipped, and fails where CI is set."""
    path = Path(os.environ.get(SETTING) or ROOT / ".models" / "smallest.gguf").absolute()
    if path.is_file():
        return path
    if os.environ.get("CI"):
        pytest.fail(f"there is no model at {path}: `make test` gets it, or name one in {SETTING}")
    return pytest.skip(f"there is no model at {path}: `make test` gets it, or name one in {SETTING}")
