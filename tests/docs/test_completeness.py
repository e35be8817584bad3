"""The reference names everything there is: codes, settings, options, routes, agents, steps, statuses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel

from contracts.plan import Plan, Subtask
from contracts.trace import ExecutionTrace, TraceMetadata, TraceStatus
from service.app import create_app
from service.cards import load_cards
from service.cli import callsheet
from service.planbench_cli import planbench
from service.settings import PREFIX, Settings
from tests.docs.pages import DOCS, REFERENCE, codes_in_tables, prose_of, section_of
from tests.docs.source_codes import error_classes, is_file_name, raised_codes, said
from tests.service.desk_at_hand import DeskAtHand
from wasm_agents.doors.door import OPS

ERRORS = REFERENCE / "errors.md"


def documented_codes() -> list[str]:
    return [code for code in codes_in_tables(ERRORS) if "." in code]


def settings_fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings_fields(inner, (*path, name))
        else:
            yield (*path, name)


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_code_the_source_raises_is_documented() -> None:
    known = set(documented_codes())
    assert len(said().whole) > 80
    assert sorted(said().whole - known) == []
    assert [end for end in said().ends if not any(code.endswith(end) for code in known)] == []


def test_every_text_of_the_source_that_reads_as_a_code_is_documented() -> None:
    known = set(documented_codes())
    rooms = {code.partition(".")[0] for code in known}
    paths = {".".join(path) for path in settings_fields(Settings)}
    found = {c for c in said().texts - paths - set(OPS) if c.partition(".")[0] in rooms}
    assert sorted(code for code in found - known if not is_file_name(code)) == []


def test_every_documented_code_is_in_the_source_and_stands_once() -> None:
    documented = documented_codes()
    assert [c for c in documented if c not in said().texts and not c.endswith(said().ends)] == []
    assert len(documented) == len(set(documented))


def test_the_scan_sees_subclasses_keywords_and_codes_made_at_run_time() -> None:
    module = ast.parse(
        "class Mine(CallsheetError): pass\nclass Yours(Mine): pass\n"
        "Yours('a.b', 'm')\nErrorRecord(code='c.d')\nProblem(f'{kind}.bad', '', '')\nother('e.f')\n"
    )
    assert error_classes([module]) >= {"Mine", "Yours"}
    assert raised_codes([module]) == ({"a.b", "c.d"}, {".bad"})


def test_every_setting_is_documented_with_its_variable_and_default() -> None:
    lines = prose_of(REFERENCE / "settings.md").splitlines()
    for path in settings_fields(Settings):
        variable = PREFIX + "__".join(path).upper()
        line = next((line for line in lines if line.startswith(f"| `{'.'.join(path)}` |")), "")
        assert f"`{variable}`" in line, ".".join(path)
        default: Any = Settings()
        for name in path:
            default = getattr(default, name)
        shown = (
            "none" if default in (None, ()) else f"`{default:g}`" if _is_float(default) else f"`{default}`"
        )
        assert line.split("|")[2].strip() == shown, ".".join(path)


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {".".join(path) for path in settings_fields(Settings)}
    documented = [name for name in codes_in_tables(REFERENCE / "settings.md") if "." in name or name in known]
    assert sorted(set(documented) - known) == []
    assert len(documented) == len(known)


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(*found, id=" ".join(found[0])) for found in commands(callsheet)]
)
def test_every_option_of_a_command_is_documented(path: tuple[str, ...], command: click.Command) -> None:
    section = section_of(REFERENCE / "cli.md", f"## callsheet {path[0]}")
    assert len(path) == 1 or f"{path[0]} {path[1]}" in section
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for name in parameter.opts:
                assert f"`{name}" in section, f"callsheet {' '.join(path)} {name}"


def test_every_option_of_the_benchmark_is_documented() -> None:
    section = section_of(REFERENCE / "cli.md", "## callsheet-planbench")
    for parameter in planbench.params:
        assert f"| `{parameter.opts[0]} " in section or f"| `{parameter.opts[0]}`" in section


def test_every_documented_option_exists() -> None:
    known = {
        name
        for c in (planbench, *(command for _, command in commands(callsheet)))
        for p in c.params
        if isinstance(p, click.Option)
        for name in p.opts
    }
    named = set(re.findall(r"^\| `(--[a-z][a-z0-9-]*)", prose_of(REFERENCE / "cli.md"), re.MULTILINE))
    assert sorted(named - known) == []


def test_the_api_page_names_every_route_and_no_other(desk: DeskAtHand) -> None:
    paths = create_app(desk).openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert set(codes_in_tables(REFERENCE / "api.md")) == routes


def test_every_agent_parameter_is_documented() -> None:
    text = prose_of(REFERENCE / "agents.md")
    for card in load_cards():
        assert card.name in text
        section = section_of(REFERENCE / "agents.md", f"## {card.name}") if card.entry else text
        for name in card.takes.get("properties", {}):
            assert f"`{name}`" in section, f"{card.name}: {name}"


def test_every_step_of_the_data_agent_is_documented() -> None:
    card = next(card for card in load_cards() if card.name == "data")
    steps = {
        d["properties"]["op"]["const"]
        for d in card.takes["$defs"].values()
        if "op" in d.get("properties", {})
    }
    section = section_of(REFERENCE / "agents.md", "## data")
    assert {step for step in steps if f"| `{step}` |" not in section} == set()


@pytest.mark.parametrize("model", [Plan, Subtask])
def test_every_field_of_a_plan_is_documented(model: type[BaseModel]) -> None:
    text = prose_of(REFERENCE / "plan.md")
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_operation_a_guest_may_call_is_documented() -> None:
    assert {name for name in codes_in_tables(DOCS / "guest-calls.md") if "." in name} == set(OPS)


def test_every_field_and_status_of_a_trace_is_documented() -> None:
    text = prose_of(REFERENCE / "traces.md")
    names = [*ExecutionTrace.model_fields, *TraceMetadata.model_fields, *TraceStatus]
    assert [name for name in names if f"`{name}`" not in text] == []
    concepts = (DOCS / "concepts.md").read_text()
    assert [status for status in TraceStatus if f"`{status}`" not in concepts] == []


def test_every_planner_an_origin_may_name_is_documented() -> None:
    text = prose_of(REFERENCE / "plan.md")
    origin = Plan.model_fields["origin"].annotation
    assert isinstance(origin, type)
    assert issubclass(origin, BaseModel)
    for name in get_args(origin.model_fields["planner"].annotation):
        assert f"`{name}`" in text


def _is_float(value: Any) -> bool:
    return isinstance(value, float)
