"""`callsheet plans`: check, show, compare and bring in plans, by hand and by programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.structure import seal
from tests.service.commands_at_hand import ECHO, STEP, Done, process, typed
from tests.wasm_agents.offered import manifest, offer

PAGE: dict[str, Any] = {
    **STEP, "id": "read", "required_agent": "scrape", "bind": {"url": {"literal": "https://x.test/"}}, "output_key": "page",
}  # fmt: skip
ENDS: dict[str, Any] = {
    **STEP, "id": "ends", "required_agent": "time", "dependencies": ["read"], "input_keys": ["page"],
    "bind": {"text": {"key": "page", "pointer": "/listings"}}, "output_key": "times",
}  # fmt: skip
WRONG: dict[str, Any] = {"objective": "when", "subtasks": [PAGE, ENDS, {**STEP, "required_agent": "ecko"}]}
HUGGING = [
    {"task": "scrape", "id": 0, "dep": [-1], "args": {"url": "https://x.test/"}},
    {"task": "wasm:echo", "id": 1, "dep": [0], "args": {"x": "<GENERATED>-0"}},
]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a way to type a command beside some plans: `sound.json`, `wrong.json`."""
    for name, document in {"sound": ECHO, "wrong": WRONG, "foreign": HUGGING}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")

    def command(*words: str) -> Done:
        return typed(tmp_path, "plans", *words)

    return command


def test_a_sound_plan_is_said_to_be_sound(told: Any) -> None:
    done = told("check", "sound.json")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == ["sound: 1 subtask for wasm:echo", f"plan {seal(ECHO)['plan_id']}"]


def test_a_wrong_plan_is_refused_with_every_step_reason_and_next_step(told: Any) -> None:
    done = told("check", "wrong.json")
    assert (done.code, done.out) == (3, "")
    assert "plan.unknown_agent at /subtasks/2/required_agent: 'a' wants the agent 'ecko'" in done.err
    assert "hint: Nearest: wasm:echo." in done.err
    assert "plan.type_mismatch at /subtasks/1/bind/text: 'ends' gives time" in done.err
    assert "hint: It takes a string or null. Of what scrape gives, /url" in done.err


def test_programs_get_the_problems_as_json_and_the_same_exit_code(told: Any) -> None:
    done = told("check", "wrong.json", "--json")
    found = json.loads(done.out)
    assert (done.code, found["sound"]) == (3, False)
    assert {p["code"] for p in found["problems"]} == {"plan.unknown_agent", "plan.type_mismatch"}
    assert all({"pointer", "message", "hint"} <= p.keys() for p in found["problems"])


def test_programs_get_a_sound_plans_facts(told: Any) -> None:
    plan_id = seal(ECHO)["plan_id"]
    assert told("check", "sound.json", "--json").json == {
        "plan_id": plan_id,
        "subtasks": 1,
        "agents": ["wasm:echo"],
        "sound": True,
    }


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("gone.json", None, "plan.unreadable"),
        ("bytes.json", b"\xff\xfe", "plan.unreadable"),
        ("text.json", b"no plan", "json.malformed"),
        ("list.json", b"[1]", "plan.shape"),
    ],
)
def test_what_is_no_plan_is_refused_by_code(
    told: Any, tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = told("check", name)
    assert done.code == 3
    assert done.err.startswith(f"error[{code}]")


def test_a_plan_may_come_from_stdin(tmp_path: Path) -> None:
    done = process(tmp_path, "plans", "check", "-", stdin=json.dumps(ECHO))
    assert (done.code, done.out.splitlines()[0]) == (0, "sound: 1 subtask for wasm:echo")


def test_what_the_operator_does_not_grant_is_told_before_a_run(
    told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service import cli_plans  # noqa: PLC0415  # asked for what it found out of the settings

    monkeypatch.chdir(tmp_path)
    assert cli_plans._capabilities() == frozenset()
    (tmp_path / "callsheet.toml").write_text(
        '[guests]\nallow_kv = ["*"]\nallow_llm = ["default"]\nallow_http = ["https://api.x.test/"]\n',
        encoding="utf-8",
    )
    assert cli_plans._capabilities() == {"kv:*", "llm:default", "http:api.x.test"}


@pytest.mark.parametrize(
    ("form", "begins"),
    [("table", "ID"), ("json", "{"), ("mermaid", "flowchart TD"), ("outlook", "ID")],
)
def test_a_plan_is_shown_in_each_form(told: Any, form: str, begins: str) -> None:
    done = told("show", "sound.json", "--format", form)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(begins)
    assert "say it back" in done.out


def test_an_outlook_can_be_had_as_json(told: Any) -> None:
    assert (
        told("show", "sound.json", "--format", "outlook", "--json").json["outlook"]["steps"][0]["id"] == "a"
    )


def test_a_plan_of_agents_nobody_has_can_still_be_shown_and_compared(told: Any) -> None:
    assert told("show", "wrong.json").code == 0
    assert told("show", "wrong.json", "--format", "outlook").code == 3
    assert told("diff", "wrong.json", "wrong.json").out == "nothing changed\n"


def test_two_plans_are_compared_with_what_goes_further_first(told: Any, tmp_path: Path) -> None:
    more = {**ECHO, "subtasks": [STEP, PAGE]}
    (tmp_path / "more.json").write_text(json.dumps(more), encoding="utf-8")
    done = told("diff", "sound.json", "more.json")
    assert done.out.splitlines() == [
        "! uses the agent scrape, which is pure; it did not before",
        "! reaches for the host x.test; it did not before",
        '+ read: scrape: "say it back"',
    ]
    found = told("diff", "more.json", "sound.json", "--json").json
    assert ([s["id"] for s in found["removed"]], found["widens"]) == (["read"], [])


def test_a_foreign_plan_is_brought_in_as_a_plan_that_may_run(told: Any) -> None:
    done = told("import", "foreign.json", "--objective", "say what is there")
    document = done.json
    assert (document["objective"], len(document["subtasks"])) == ("say what is there", 2)
    assert document["subtasks"][1]["dependencies"] == [document["subtasks"][0]["id"]]


def test_a_foreign_plan_of_agents_that_are_not_at_hand_is_refused_unless_they_are_named(
    told: Any, tmp_path: Path
) -> None:
    foreign = [{**HUGGING[0], "task": "image-to-text"}]
    (tmp_path / "theirs.json").write_text(json.dumps(foreign), encoding="utf-8")
    done = told("import", "theirs.json", "--dialect", "hugginggpt", "--objective", "x")
    assert (done.code, "plan.unknown_agent" in done.err) == (3, True)
    named = told("import", "theirs.json", "--agent", "image-to-text", "--objective", "x")
    assert named.code == 0, named.err


def test_a_text_of_no_known_dialect_is_refused_with_those_that_are(told: Any, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text('{"steps": [1]}', encoding="utf-8")
    done = told("import", "odd.json")
    assert done.code == 3
    assert "taskbench" in done.err


def test_hostile_names_do_not_drive_a_terminal(told: Any, tmp_path: Path) -> None:
    loud = {**ECHO, "subtasks": [{**STEP, "required_agent": "\x1b[2Jboo"}]}
    (tmp_path / "loud.json").write_text(json.dumps(loud), encoding="utf-8")
    for words in (("check", "loud.json"), ("show", "loud.json"), ("diff", "sound.json", "loud.json")):
        done = told(*words)
        assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1]", b'{"a":', b"[" * 100, None])
def test_programs_get_json_of_whatever_is_no_plan(told: Any, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "odd.json").write_bytes(content)
    done = told("check", "odd.json", "--json")
    (problem,) = json.loads(done.out)["problems"]
    assert (done.code, done.err, bool(problem["hint"])) == (3, "", True)


def test_a_plan_with_a_byte_order_mark_is_read(told: Any, tmp_path: Path) -> None:
    (tmp_path / "marked.json").write_text("\ufeff" + json.dumps(ECHO), encoding="utf-8")
    assert told("check", "marked.json").code == 0
    assert typed(tmp_path, "run", "marked.json", "--quiet").code == 0


def test_stdin_is_not_compared_with_itself(told: Any) -> None:
    done = told("diff", "-", "-")
    assert (done.code, "stdin holds one plan" in done.err) == (2, True)


def test_hostile_pointers_and_agents_are_spelled_out_on_a_terminal(tmp_path: Path) -> None:
    bind = {"\x1b]0;boo\x07": {"literal": "x"}}
    loud = {
        **ECHO,
        "subtasks": [{**STEP, "required_agent": "time", "bind": {**bind, "text.\u202e": {"literal": 1}}}],
    }
    (tmp_path / "loud.json").write_text(json.dumps(loud), encoding="utf-8")
    shown = {**ECHO, "subtasks": [{**STEP, "required_agent": "\x1b[2J\u202ex"}]}
    (tmp_path / "shown.json").write_text(json.dumps(shown), encoding="utf-8")
    for words in (
        ("plans", "check", "loud.json"),
        ("plans", "show", "shown.json"),
        ("run", "loud.json", "--quiet"),
    ):
        done = typed(tmp_path, *words)
        assert all(c.isprintable() or c == "\n" for c in done.out + done.err)


def test_a_file_is_a_plan_whatever_stands_in_it(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1, 2]", encoding="utf-8")
    done = typed(tmp_path, "run", "list.json", "--quiet")
    assert (done.code, done.err.splitlines()[0]) == (
        3,
        "error[plan.shape]: a plan is an object, this is a list",
    )


def test_checking_and_running_agree_on_what_a_guest_is_not_granted(tmp_path: Path) -> None:
    offer(tmp_path / "mine", manifest(capabilities={"kv": [{"namespace": "notes", "access": "r"}]}))
    assert typed(tmp_path, "agent", "add", "mine").code == 0
    plan = {**ECHO, "subtasks": [{**STEP, "required_agent": "wasm:mine"}]}
    (tmp_path / "mine.json").write_text(json.dumps(plan), encoding="utf-8")
    checked, ran = (
        typed(tmp_path, *words) for words in (("plans", "check", "mine.json"), ("run", "mine.json"))
    )
    assert checked.err.startswith(
        "error[plan.capability_not_granted]: 'a' uses wasm:mine, which asks for kv:notes"
    )
    assert (ran.code, ran.err, ran.out) == (checked.code, checked.err, "")
    (tmp_path / "callsheet.toml").write_text('[guests]\nallow_kv = ["notes"]\n', encoding="utf-8")
    assert typed(tmp_path, "plans", "check", "mine.json").code == 0
    assert typed(tmp_path, "run", "mine.json", "--quiet").code == 0
