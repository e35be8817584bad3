"""The whole corpus once, through both doors: each attack ends with its one code, and the host goes on."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.attack.attack import OK, Attack, Need
from benchmarks.attack.batch import run_in_child
from benchmarks.attack.corpus.every import ATTACKS, BY_NAME
from benchmarks.attack.failing_calls import fail_often
from benchmarks.attack.fuzz_child import Block
from benchmarks.attack.mutations import case, kind_of, sections_of, seeds
from benchmarks.attack.ours import run_attack
from benchmarks.attack.page import table_of
from benchmarks.attack.verdict import Verdict, judge, judge_all
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.host import Host

LACKING: frozenset[Need] = frozenset()
"""What the host cannot do yet: attacks that need one of these are left out."""
SLOW: frozenset[Need] = frozenset({"compile_child"})
"""Each takes the compiler's whole budget: `make attack` runs them, and one of them is run here."""
BOMB = "size/loops 5,000 deep with 300 live locals"
QUICK = [a for a in ATTACKS if not a.needs & (LACKING | SLOW)] + [BY_NAME[BOMB]]
KINDS = 12


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host(Compiler(None))
    yield host
    host.close()


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in QUICK])
def test_an_attack_ends_with_its_one_code_through_both_doors(host: Host, attack: Attack) -> None:
    found = run_attack(host, replace(attack, deadline_s=0.05) if attack.code == "limit.time" else attack)
    assert found.code == attack.code, found.text


def test_a_host_that_was_attacked_serves_the_next_guest(host: Host) -> None:
    for name in ("stack/recursion", "memory/begins with all 4 GiB", "trap/unreachable", "loop/in start"):
        run_attack(host, BY_NAME[name])
    assert run_attack(host, BY_NAME["answer/of -0"]).code == OK


def test_every_attack_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(a.name for a in ATTACKS).items() if count > 1] == []


def test_the_corpus_is_as_large_as_promised_over_both_adapters() -> None:
    assert Counter(a.adapter for a in ATTACKS) >= Counter(core=120, component=60)


@pytest.mark.parametrize("number", range(3 * KINDS))
def test_any_bytes_end_inside_the_taxonomy(host: Host, number: int) -> None:
    block = Block()
    block.take(host, 7, number)
    assert block.outside == []


def test_a_case_is_the_same_each_time_and_every_kind_is_made() -> None:
    assert [case(1, n) for n in range(KINDS)] == [case(1, n) for n in range(KINDS)]
    assert case(1, 3) != case(2, 3)
    assert len({kind_of(n) for n in range(KINDS)}) == KINDS


def test_what_is_mutated_can_be_taken_apart() -> None:
    assert sum(sections_of(wasm) is not None for wasm in seeds()) > 100


def test_failing_host_calls_reach_whoever_made_them() -> None:
    found = fail_often(3_200)
    assert (found.made, found.lost, found.astray) == (3_200, 0, 0)


def test_a_child_that_dies_names_its_killer_and_the_rest_is_run() -> None:
    dies_on_two = "import sys\nfor line in sys.stdin:\n  sys.exit(3) if line == '2\\n' else print('{\"code\":\"ok\"}', flush=True)"
    command = [sys.executable, "-c", dies_on_two]
    found = list(run_in_child(command, [("one", "1"), ("two", "2"), ("three", "3")]))
    assert found == [
        {"name": "one", "code": "ok"},
        {"name": "two", "code": "outside: died with 3"},
        {"name": "three", "code": "ok"},
    ]


def test_a_child_that_hangs_is_killed_after_its_patience() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    found = list(run_in_child(command, [("one", "1")], patience_s=0.2))
    assert found == [{"name": "one", "code": "outside: hung"}]


def told(
    name: str = "loop/plain", code: str = "limit.time", *, call_ms: float = 0.0, grown: int = 0
) -> Verdict:
    return judge(BY_NAME[name], {"code": code, "call_ms": call_ms, "grown_bytes": grown})


def test_a_verdict_knows_what_is_late_large_and_dead() -> None:
    assert (told(call_ms=124).is_in_time, told(call_ms=126).is_in_time) == (True, False)
    assert (told(grown=11 * 2**20).is_held, told(grown=12 * 2**20).is_held) == (True, False)
    assert not told(code="outside: died with -11").is_alive


def test_what_was_late_once_is_tried_again_and_its_best_counts() -> None:
    tries = iter([900.0, 300.0, 101.0, 999.0])
    found = judge_all([BY_NAME["loop/plain"]], lambda some: [told(call_ms=next(tries)) for _ in some])
    assert [v.late_ms for v in found] == [1.0]


def test_the_table_counts_by_class_and_names_what_the_peer_lost() -> None:
    table = table_of([told(), told("trap/unreachable", "guest.error")], [told(call_ms=5_100)])
    assert "| loop | 1 | 1 | 0 | 0 | 1 | 0 | 1 | 1 | 0 of 1 |" in table
    assert "| trap | 1 | 0 | 0 | 0 |" in table
    assert "- `loop/plain`: 5,000 ms past its deadline" in table
