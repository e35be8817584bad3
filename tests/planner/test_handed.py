"""A guest asked for after other steps takes what they give; a literal only where the text hands it to that guest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.card import AgentCard
from planner.rules.plan import plan_by_rules

Called = Callable[..., list[tuple[str, dict[str, Any]]]]
House = Callable[[str], dict[str, dict[str, Any]]]
PAGE = "http://x.test/lots"
OBJECT = '{"type":"object","required":["a"]}'


@pytest.fixture
def bound(house: tuple[AgentCard, ...]) -> House:
    """Return agent -> its last subtask's bind, and the list it goes over as `foreach`."""

    def found(objective: str) -> dict[str, dict[str, Any]]:
        plan: Any = plan_by_rules(objective, inputs={}, cards=house)
        return {
            s["required_agent"]: {**s["bind"], **({"foreach": s["foreach"]} if "foreach" in s else {})}
            for s in plan["subtasks"]
        }

    return found


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        (f"Scrape http://x.test/lot/3 and check the result against the schema {OBJECT}", {"key": "page"}),
        (
            f"Read {PAGE}, keep those over 100 dollars and validate the rest against " + '{"type":"array"}',
            {"key": "lots", "pointer": "/rows"},
        ),
        (
            'Give {"a": 1} to the echo guest, and check what comes back against the schema ' + OBJECT,
            {"key": "echo"},
        ),
        (
            f"Average the prices on {PAGE} and check the figure against the schema " + '{"type":"number"}',
            {"key": "lots", "pointer": "/rows/0/mean_price"},
        ),
        (
            "Sort [3, 1, 2] and check the result against " + '{"type":"array"}',
            {"key": "report", "pointer": "/rows"},
        ),
        (f"Scrape {PAGE}. Also, is " + '{"a": 1}' + f" valid against {OBJECT}?", {"literal": {"a": 1}}),
        ('Does {"a": 1} match ' + OBJECT + "?", {"literal": {"a": 1}}),
        ("Is [1, 2, 3] valid against " + '{"type":"array"}?', {"literal": [1, 2, 3]}),
    ],
)
def test_a_result_is_checked_and_never_the_schema_itself(bound: House, objective: str, value: Any) -> None:
    assert bound(objective)["wasm:schema_check"]["value"] == value


@pytest.mark.parametrize(
    ("objective", "binds"),
    [
        (
            f"Find the lots on {PAGE} that close within 6 hours, and for each of them print 'Bid: {{{{ title }}}}'",
            {"values": {"key": "report"}, "foreach": {"key": "report", "pointer": "/rows"}},
        ),
        (
            f"Average price by seller on {PAGE}, and fill the report '{{{{#each rows}}}}{{{{ seller }}}}\n{{{{/each}}}}'",
            {"values": {"key": "report"}},
        ),
        (
            f"Cheapest 5 on {PAGE}, dropped into '{{{{#each events}}}}{{{{ title }}}} {{{{/each}}}}'",
            {"values.events": {"key": "lots", "pointer": "/rows"}},
        ),
        (
            "Convierte 30 pulgadas a cm y rellena 'Mide {{ value }} cm' con el resultado",
            {"values": {"key": "convert"}},
        ),
        ("Count the words in 'a b c' and write 'It has {{ words }}'", {"values": {"key": "text_stats"}}),
        (
            "Fill 'Total {{ total }} due {{ date }}', date = 1 May 2026, and total is the sum of [10, 20, 30]",
            {
                "values.total": {"key": "report", "pointer": "/rows/0/total"},
                "values.date": {"literal": "1 May 2026"},
            },
        ),
        (
            "Fill 'Dear {{ name }}, see you {{ date }}' with name = Ann Lee and date = Friday",
            {"values": {"literal": {"name": "Ann Lee", "date": "Friday"}}},
        ),
    ],
)
def test_a_template_is_filled_with_what_its_places_name(
    bound: House, objective: str, binds: dict[str, Any]
) -> None:
    found = bound(objective)["wasm:template"]
    assert {name: source for name, source in found.items() if name not in {"template", "missing"}} == binds


def test_a_column_is_called_as_the_template_calls_it(bound: House) -> None:
    found = bound(
        f"Average price by seller on {PAGE}, into '{{{{#each rows}}}}{{{{ seller }}}} {{{{ average }}}}{{{{/each}}}}'"
    )
    steps = found["data"]["steps"]["literal"]
    assert steps[-1] == {"op": "derive", "column": "average", "value": {"column": "mean_price"}}


@pytest.mark.parametrize(
    "objective",
    ["How many words are in 'Dear {{ name }}, hello'?", "Echo back '{{ raw }}'"],
)
def test_a_quote_that_is_measured_or_echoed_is_no_template(called: Called, objective: str) -> None:
    assert "wasm:template" not in [name for name, _ in called(objective)]


@pytest.mark.parametrize(
    "objective",
    [
        "grab http://x.test/notice and run it thru echo",
        "Hol die Seite http://x.test/hinweis und schick sie durchs Echo.",
        "Lis http://x.test/avis et fais-le passer par l'écho",
        "Lee http://x.test/aviso y pásalo por el eco",
        "http://x.test/a -> echo",
    ],
)
def test_a_page_is_passed_through_the_echo(bound: House, objective: str) -> None:
    assert bound(objective)["wasm:echo"] == {"result": {"key": "page"}}


def test_an_object_in_the_text_is_passed_through_the_echo(bound: House) -> None:
    assert bound('Schick {"ping":"pong"} einmal durchs Echo-Modul')["wasm:echo"] == {
        "ping": {"literal": "pong"}
    }


@pytest.mark.parametrize(
    "objective",
    [
        "Walk through Echo Park listings at http://x.test/echo-park and give me the cheapest",
        "Which of the lots on http://x.test/tools run through Echo Auctions?",
        "Find amplifiers sent by Echo on http://x.test/amps under 300",
        "cheapest echo speakers on http://x.test/speakers",
    ],
)
def test_a_name_with_echo_in_it_is_no_guest(called: Called, objective: str) -> None:
    assert "wasm:echo" not in [name for name, _ in called(objective)]


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        ("How many words in 'a b a', and which one is the most frequent?", ["wasm:text_stats"]),
        ("Combien de mots dans « a b a » et lequel revient le plus souvent ?", ["wasm:text_stats"]),
        ("Wie viele Zeichen hat http://x.test/faq und wie viele Sätze?", ["scrape", "wasm:text_stats"]),
        ("Lies die CSV 'name;note\nA;2\nB;4' ein, gib mir den Notendurchschnitt.", ["wasm:table", "data"]),
        ("Lis ce CSV : « p,qte,pu\na,2,3\nb,1,4 » puis calcule le montant par p.", ["wasm:table", "data"]),
        (
            "Sort this CSV by age and give it back as CSV: 'n,age\nA,9\nB,3'",
            ["wasm:table", "data", "wasm:table"],
        ),
        (
            "From http://x.test/l the three cheapest, as a CSV file",
            ["scrape", "scrape", "data", "wasm:table"],
        ),
        ("From http://x.test/l drop those that have no image", ["scrape", "scrape", "data"]),
    ],
)
def test_the_steps_are_those_asked_for_in_their_order(
    called: Called, objective: str, agents: list[str]
) -> None:
    assert [name for name, _ in called(objective)] == agents


def test_rows_are_written_after_the_work_on_them(bound: House) -> None:
    found = bound("Read this CSV, keep the rows with qty over 2 and write them as CSV:\nsku,qty\nA,1\nB,5")
    assert found["wasm:table"] == {"rows": {"key": "report", "pointer": "/rows"}}


def test_an_amount_is_quantity_times_unit_price(bound: House) -> None:
    steps = bound("Read the CSV 'item,qty,price\na,2,3\nb,1,4', work out the total cost per item")["data"][
        "steps"
    ]["literal"]
    assert steps[1]["value"] == {"mul": [{"column": "qty"}, {"column": "price"}]}
    assert steps[2] == {
        "op": "group",
        "by": ["item"],
        "aggregates": {"sum": {"fn": "sum", "column": "amount"}},
    }


@pytest.mark.parametrize(
    ("objective", "where"),
    [
        ("Skip those without a photo on http://x.test/l", {"not": {"column": "image", "test": "empty"}}),
        ("List the cars on http://x.test/cars without a photo", {"column": "image", "test": "empty"}),
    ],
)
def test_rows_without_an_image_are_kept_or_dropped(
    bound: House, objective: str, where: dict[str, Any]
) -> None:
    found = bound(objective)
    assert {"op": "filter", "where": where} in found["data"]["steps"]["literal"]
    assert "vision" not in found


@pytest.mark.parametrize(
    ("objective", "agent"),
    [
        ("Show the lots on http://x.test/cars with blurred photos", "vision"),
        ("How much time remains for http://x.test/lot/2?", "time"),
    ],
)
def test_what_looks_like_it_is_still_looked_at(bound: House, objective: str, agent: str) -> None:
    assert agent in bound(objective)
