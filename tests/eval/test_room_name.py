"""The room `eval` shares its name with a builtin: names are imported out of it, never the room itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("contracts", "storage", "egress", "providers", "memory", "traces", "planner", "agents"),
    *("dispatcher", "wasm_agents", "eval", "service", "examples", "tests", "benchmarks"),
)


def hides_builtin(source: str) -> bool:
    """Return whether a module binds the name `eval` by an import."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            bound = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            bound = {alias.asname or alias.name for alias in node.names}
        else:
            continue
        if "eval" in bound:
            return True
    return False


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_of_a_room_hides_the_builtin_eval(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    assert [str(m.relative_to(ROOT)) for m in modules if hides_builtin(m.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "source", ["import eval", "import eval.score", "from x import eval", "import y as eval"]
)
def test_the_check_sees_every_way_to_hide_it(source: str) -> None:
    assert hides_builtin(source)


@pytest.mark.parametrize(
    "source", ["from eval.score import Score", "import eval.score as score", "eval('1')"]
)
def test_the_check_lets_other_names_through(source: str) -> None:
    assert not hides_builtin(source)
