"""What is measured as the first plan is the very line that the docs give."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.models.first_plan import _environment, documented_line, line_without_models
from benchmarks.models.prefix import PrefixFigures


def test_the_measured_line_is_the_documented_one() -> None:
    steps = documented_line().split(" && ")
    assert [step.split()[0] for step in steps] == ["pip", "callsheet", "plan"]
    assert "[embedded]" in steps[0]
    assert line_without_models() == f"pip install '.' && {steps[-1]}"


def test_a_newcomers_shell_has_nothing_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.example/simple")
    found = _environment(tmp_path / "venv", tmp_path / "home")
    assert found["PATH"].startswith(str(tmp_path / "venv" / "bin"))
    assert found["HOME"] == str(tmp_path / "home")
    assert found["PIP_INDEX_URL"] == "http://index.example/simple"
    assert not {"CALLSHEET_MODEL__URL", "XDG_DATA_HOME"} & set(found)


def test_figures_carry_the_number_of_their_bar() -> None:
    fields = dict.fromkeys(PrefixFigures.__dataclass_fields__, 1.23456)
    found = PrefixFigures(**fields).as_bar()  # type: ignore[arg-type]  # every field is a number
    assert found["bar4_restart_ttft_s"] == 1.235
    assert all(key.startswith("bar4_") for key in found)
