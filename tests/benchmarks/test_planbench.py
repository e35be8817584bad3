"""The command that scores the planner on a suite: its figures, its halves, its catalogue, its refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.planning.cards import catalogue_for, read_cards
from eval.planning.suite import read_suite
from service.cards import load_cards
from service.console import run_command
from service.planbench_cli import planbench

Cli = Callable[..., tuple[int, str, str]]
LINES: list[dict[str, Any]] = [
    {"objective": "Sort these prices [5, 2, 9, 4] from low to high.", "agents": ["data"], "kind": "plain"},
    {
        "objective": "Sort these prices [7, 2] from low to high.",
        "agents": ["data", "scrape"],
        "order": [["data", "scrape"]],
    },
    {"objective": "Book a flight to Lisbon.", "agents": []},
]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "suite.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    return path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return what runs the command: exit code, stdout, stderr."""

    def _run(*args: str) -> tuple[int, str, str]:
        code = run_command(planbench, name="callsheet-planbench", arguments=args)
        out = capsys.readouterr()
        return code, out.out, out.err

    return _run


def test_the_last_line_of_stdout_is_one_json_object_of_figures(cli: Cli, suite: Path) -> None:
    code, out, err = cli("--suite", str(suite))
    (line,) = out.splitlines()
    found = json.loads(line)
    assert code == 0
    assert (found["objectives"], found["supported"], found["valid"]) == (3, 2, 1.0)
    assert (found["agent_set_exact"], found["unsupported_refused"], found["order_kept"]) == (0.6667, 1.0, 0.0)
    assert found["agents_at_hand"] >= len(load_cards())
    assert "agent_set_exact" in err


def test_misses_are_named_when_asked_for_and_the_table_may_be_left_out(cli: Cli, suite: Path) -> None:
    _, _, err = cli("--suite", str(suite), "--json", "--verbose")
    assert "agent_set_exact" not in err
    assert err.splitlines() == [
        "'Sort these prices [7, 2] from low to high.'",
        "    wanted data scrape; got data (order 0 of 1)",
    ]


def test_the_halves_together_are_the_whole(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    rows = [{"objective": f"Sort {n}, 4 ascending.", "agents": ["data"]} for n in range(20)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    counts = [
        json.loads(cli("--suite", str(path), "--json", "--half", half)[1])["objectives"]
        for half in ("seen", "unseen")
    ]
    assert sum(counts) == 20
    assert all(counts)


def test_what_the_suite_expects_and_the_catalogue_lacks_comes_from_the_agents_at_hand(
    cli: Cli, suite: Path, tmp_path: Path
) -> None:
    catalogue = tmp_path / "cards.json"
    catalogue.write_text(json.dumps([{"name": "wasm:geocode", "description": "Finds an address."}]))
    _, out, _ = cli("--suite", str(suite), "--json", "--catalogue", str(catalogue))
    found = json.loads(out)
    assert (found["agents_at_hand"], found["agent_set_exact"]) == (3, 0.6667)
    _, out, _ = cli("--suite", str(suite), "--json", "--catalogue", str(catalogue), "--half", "seen")
    assert json.loads(out)["agents_at_hand"] == 3


def test_of_two_cards_with_one_name_the_catalogues_counts() -> None:
    given = {"name": "data", "description": "Does nothing with anything.", "takes": {"type": "object"}}
    read = read_cards([given])
    cards = catalogue_for(read_suite([json.dumps(line) for line in LINES]), read, load_cards())
    assert [card.name for card in cards] == ["data", "scrape"]
    assert cards[0] is read[0]


def test_a_suite_that_a_byte_order_mark_begins_is_read(cli: Cli, suite: Path) -> None:
    suite.write_bytes(b"\xef\xbb\xbf" + suite.read_bytes())
    assert cli("--suite", str(suite), "--json")[0] == 0


def test_an_agent_nobody_expects_does_not_come_along(cli: Cli, tmp_path: Path) -> None:
    suite = tmp_path / "s.jsonl"
    suite.write_text(json.dumps(LINES[2]))
    catalogue = tmp_path / "cards.json"
    catalogue.write_text(
        json.dumps({"agents": [{"name": "wasm:geocode", "description": "Finds an address."}]})
    )
    _, out, _ = cli("--suite", str(suite), "--json", "--catalogue", str(catalogue))
    assert json.loads(out)["agents_at_hand"] == 1


@pytest.mark.parametrize(
    ("text", "args", "code"),
    [
        (b"{", (), "eval.bad_suite"),
        (b"", (), "eval.bad_suite"),
        (b"\x80", (), "eval.bad_suite"),
        (None, (), "eval.bad_suite"),
        (json.dumps(LINES[0]).encode(), ("--half", "unseen"), "eval.bad_suite"),
        (json.dumps(LINES[0]).encode(), ("--catalogue", "absent.json"), "eval.bad_catalogue"),
    ],
)
def test_what_cannot_be_read_is_refused_by_a_code(
    cli: Cli, tmp_path: Path, *, text: bytes | None, args: tuple[str, ...], code: str
) -> None:
    path = tmp_path / "s.jsonl"
    if text is not None:
        path.write_bytes(text)
    found, out, err = cli("--suite", str(path), *args)
    assert (found, out) == (3, "")
    assert err.startswith(f"error[{code}]: ")
