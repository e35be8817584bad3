"""Plans of other formats become plan documents, or are refused with everything that is wrong in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from planner.dialects.drafting import MAX_PROBLEMS, Imported
from planner.dialects.importing import DIALECTS, import_plan
from planner.dialects.names import Names, slug, stand_in_cards
from planner.validation import check

TOOLS = ("Image-to-Text", "Text Translator", "Text-to-Speech")


def taskbench(*nodes: tuple[str, list[Any]], links: list[tuple[Any, Any]]) -> dict[str, Any]:
    return {
        "task_nodes": [{"task": tool, "arguments": arguments} for tool, arguments in nodes],
        "task_links": [{"source": source, "target": target} for source, target in links],
    }


GOOD = taskbench(
    ("Image-to-Text", ["a.jpg"]),
    ("Text Translator", [{"name": "text", "value": "<node-0>"}, {"name": "to", "value": "French"}]),
    ("Text-to-Speech", ["<node-1>.translation"]),
    links=[("Image-to-Text", "Text Translator"), ("Text Translator", "Text-to-Speech")],
)


def codes_once(found: Imported) -> list[str]:
    return sorted(set(codes(found)))


def codes(found: Imported) -> list[str]:
    assert (found.document is None) == bool(found.problems)
    return sorted({p.code for p in found.problems})


def test_a_taskbench_plan_becomes_a_plan_that_passes_every_check() -> None:
    found = import_plan(GOOD, agents=TOOLS, objective="Say what is on a.jpg in French.")
    document: Any = found.document
    assert check(document, stand_in_cards(Names(TOOLS).owned())) == []
    assert document["origin"] == snapshot(
        {
            "planner": "human",
            "dialect": "taskbench",
            "agents": {
                "image_to_text": "Image-to-Text",
                "text_translator": "Text Translator",
                "text_to_speech": "Text-to-Speech",
            },
        }
    )
    assert [(s["required_agent"], s["dependencies"], s["bind"]) for s in document["subtasks"]] == snapshot(
        [
            ("image_to_text", [], {"arg1": {"literal": "a.jpg"}}),
            ("text_translator", ["s1"], {"text": {"key": "s1_output"}, "to": {"literal": "French"}}),
            ("text_to_speech", ["s2"], {"arg1": {"key": "s2_output", "pointer": "/translation"}}),
        ]
    )
    assert document["result_key"] == "s3_output"


@pytest.mark.parametrize(
    ("nodes", "links", "wanted"),
    [
        ([("Image-to-Texts", [])], [], ["plan.unknown_agent"]),
        ([("Image-to-Text", ["<node-0>"])], [], ["plan.self_dependency"]),
        ([("Image-to-Text", ["<node-3>"])], [], ["plan.unknown_key"]),
        ([("Image-to-Text", ["<node-1>"]), ("Text Translator", [])], [], ["plan.producer_not_ancestor"]),
        ([("Image-to-Text", [])], [("Image-to-Text", "Image-to-Text")], ["plan.self_dependency"]),
        ([("Image-to-Text", [])], [("Image-to-Text", "END")], ["plan.dangling_dependency"]),
        ([("Image-to-Text", [])], [(0, 1)], ["plan.shape"]),
        ([("Image-to-Text", [])], [("Image-to-Text", ["Text Translator"])], ["plan.shape"]),
        ([("Image-to-Text", []), ("Image-to-Text", [])], [], ["plan.dependency_by_name"]),
        (
            [("Image-to-Text", []), ("Text Translator", [])],
            [("Image-to-Text", "Text Translator"), ("Text Translator", "Image-to-Text")],
            ["plan.cycle"],
        ),
        (
            [("Image-to-Text", []), ("Text Translator", ["<node-0>"])],
            [("Text Translator", "Image-to-Text")],
            ["plan.cycle"],
        ),
    ],
)
def test_what_is_wrong_with_a_taskbench_plan_is_told_by_its_code(
    nodes: list[tuple[str, list[Any]]], links: list[tuple[Any, Any]], wanted: list[str]
) -> None:
    assert codes(import_plan(taskbench(*nodes, links=links), agents=TOOLS)) == wanted


def test_an_unknown_agent_is_told_with_the_nearest_and_never_taken_for_it() -> None:
    found = import_plan(taskbench(("Image to Text", []), links=[]), agents=TOOLS)
    problem = found.problems[0]
    assert (problem.code, problem.pointer) == ("plan.unknown_agent", "/task_nodes/0/task")
    assert "Image-to-Text" in problem.hint


def test_references_counted_from_one_are_read_so_only_when_said() -> None:
    plan = taskbench(("Image-to-Text", ["a.jpg"]), ("Text Translator", ["<node-1>"]), links=[])
    assert codes(import_plan(plan, agents=TOOLS)) == ["plan.self_dependency"]
    document: Any = import_plan(plan, agents=TOOLS, count_from=1).document
    assert document["subtasks"][1]["dependencies"] == ["s1"]


def test_a_result_that_is_read_without_a_link_gets_one_and_says_so() -> None:
    plan = taskbench(("Image-to-Text", []), ("Text Translator", ["<node-0>, in French"]), links=[])
    found = import_plan(plan, agents=TOOLS)
    assert [r["code"] for r in found.repairs] == ["dialect.text_beside_reference", "dialect.dependency_added"]
    document: Any = found.document
    assert document["origin"]["repairs"] == list(found.repairs)


@pytest.mark.parametrize(
    "arguments", [{"image": "a.jpg"}, "a.jpg", ["a.jpg"], [{"image": "a.jpg"}], None, [1], [[]]]
)
def test_arguments_of_any_style_are_taken_as_they_are(arguments: Any) -> None:
    plan = {"task_nodes": [{"task": "Image-to-Text", "arguments": arguments}], "task_links": []}
    assert codes(import_plan(plan, agents=TOOLS)) == []


@pytest.mark.parametrize(
    "plan",
    [
        {"task_nodes": []},
        {"task_nodes": "x"},
        {"task_nodes": [1], "task_links": []},
        {"task_nodes": [{"arguments": []}], "task_links": []},
        {"task_nodes": [{"task": "Image-to-Text"}], "task_links": []},
        {"task_nodes": [{"task": 3, "arguments": []}], "task_links": []},
        {"task_nodes": [{"task": t, "arguments": []} for t in TOOLS[:2]]},
        {"task_nodes": [{"task": "Image-to-Text", "arguments": []}], "task_links": {}},
    ],
)
def test_a_taskbench_plan_of_another_shape_is_refused(plan: dict[str, Any]) -> None:
    assert codes(import_plan(plan, "taskbench", agents=TOOLS)) == ["plan.shape"]


def test_a_plan_that_lacks_its_links_or_its_nodes_is_told_so() -> None:
    lone = {"task_steps": [""], "task_nodes": [{"task": "Image-to-Text", "arguments": []}]}
    assert codes(import_plan(lone, agents=TOOLS)) == ["plan.shape"]
    assert codes(import_plan({"task_steps": [""], "task_links": []}, agents=TOOLS)) == ["plan.shape"]
    assert codes(import_plan({**lone, "task_links": None}, agents=TOOLS)) == []


def test_hundreds_of_unknown_agents_hide_no_ring() -> None:
    nodes: list[tuple[str, list[Any]]] = [(f"Tool {n}", ["<node-900>", f"<node-{n}>"]) for n in range(300)]
    found = import_plan(taskbench(*nodes, links=[("Tool 1", "Tool 2"), ("Tool 2", "Tool 1")]), agents=TOOLS)
    assert codes_once(found) == [
        "plan.cycle", "plan.self_dependency", "plan.unknown_agent", "plan.unknown_key"
    ]  # fmt: skip
    assert len(found.problems) <= MAX_PROBLEMS


@pytest.mark.parametrize("value", ["\ud800", float("inf"), 10**500, {1, 2}, b"x"])
def test_a_value_that_no_json_spells_is_refused_and_crashes_nothing(value: Any) -> None:
    found = import_plan(taskbench(("Image-to-Text", [value]), links=[]), agents=TOOLS)
    assert found.document is None
    assert codes(found)[0].startswith(("plan.reply_malformed", "json."))


TEXT = "Node:\n1: go to the shop\n2: buy bread\n3: buy milk\nEdge: (START,1) (1,2) (1,3) (2,END) (3,END)"


def edges(found: Imported) -> list[tuple[str, str]]:
    document: Any = found.document
    return [(d, s["id"]) for s in document["subtasks"] for d in s["dependencies"]]


def test_nodes_and_edges_are_read_from_text_and_from_json_alike() -> None:
    graph = {
        "nodes": [
            {"id": n, "objective": o} for n, o in ((1, "go to the shop"), (2, "buy bread"), (3, "buy milk"))
        ],
        "edges": [[1, 2], [1, 3]],
    }
    forms = [import_plan(form, agents=["walker"]) for form in (TEXT, graph, json.dumps(graph))]
    assert [edges(form) for form in forms] == [[("s1", "s2"), ("s1", "s3")]] * 3
    document: Any = forms[0].document
    assert [s["objective"] for s in document["subtasks"]] == ["go to the shop", "buy bread", "buy milk"]
    assert "result_key" not in document


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (TEXT.replace("(1,2)", "(2,2)"), ["plan.self_dependency"]),
        (TEXT.replace("(1,2)", "(9,2)"), ["plan.dangling_dependency"]),
        (TEXT.replace("(1,2)", "(3,1)"), ["plan.cycle"]),
        (TEXT.replace("3: buy", "2: buy"), ["plan.dangling_dependency", "plan.duplicate_id"]),
        (TEXT[: TEXT.index("Edge")], ["plan.reply_malformed"]),
        (TEXT[: TEXT.index("(1,3)") + 3], ["plan.reply_truncated"]),
        (TEXT[: TEXT.index("(2,END)")], ["plan.reply_truncated"]),
    ],
)
def test_what_is_wrong_with_nodes_and_edges_is_told(text: str, wanted: list[str]) -> None:
    assert codes(import_plan(text, agents=["walker"])) == wanted


def test_a_dialect_without_agents_needs_the_one_that_does_it_all() -> None:
    assert codes(import_plan(TEXT, agents=["a", "b"])) == ["plan.unknown_agent"]
    assert codes(import_plan(TEXT, agents=[])) == ["plan.unknown_agent"]


CALLS = 'Thought: two lookups.\n1. search("Tokyo, (JP)")\n2. search(query="Paris under $100")\n3. compare($1, ["$2"])\n4. join()'


def test_calls_are_read_with_their_arguments_and_results() -> None:
    found = import_plan(CALLS, agents=["search", "compare"])
    document: Any = found.document
    assert [(s["bind"], s["dependencies"]) for s in document["subtasks"]] == snapshot(
        [
            ({"arg1": {"literal": "Tokyo, (JP)"}}, []),
            ({"query": {"literal": "Paris under $100"}}, []),
            ({"arg1": {"key": "s1_output"}, "arg2_1": {"key": "s2_output"}}, ["s1", "s2"]),
        ]
    )
    assert sorted(r["code"] for r in found.repairs) == ["dialect.join_dropped", "dialect.list_spread"]  # type: ignore[type-var]  # codes are texts


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('1. search("a', ["plan.reply_truncated"]),
        ('1. search("a")\n2. search($9)', ["plan.unknown_key"]),
        ("1. search($1)", ["plan.self_dependency"]),
        ("1. search($2)\n2. search($1)", ["plan.cycle"]),
        ('1. search("a")\n2. search("$1 and more")', ["plan.literal_reference"]),
        ('1. search("a")\n2. search("$100")', []),
        ('1. look("a")', ["plan.unknown_agent"]),
        ('1. search("a")\n1. search("b")', ["plan.duplicate_id"]),
        ("1. join()", ["plan.shape"]),
    ],
)
def test_what_is_wrong_with_calls_is_told(text: str, wanted: list[str]) -> None:
    assert codes(import_plan(text, agents=["search"])) == wanted


def task(number: Any, dep: Any, **args: Any) -> dict[str, Any]:
    return {"task": "Text-to-Speech", "id": number, "dep": dep, "args": args}


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        ([task(0, [-1], text="hi"), task(1, [0], text="<GENERATED>-0")], []),
        ([task(0, [-1], text="hi"), task(1, [-1], text="<GENERATED>-0")], []),
        ([task(0, [1]), task(1, [-1])], []),
        ([task(0, [1]), task(1, [0])], ["plan.cycle"]),
        ([task(0, [0])], ["plan.self_dependency"]),
        ([task(0, [7])], ["plan.dangling_dependency"]),
        ([task(0, [-1], text="<GENERATED>-7")], ["plan.unknown_key"]),
        ([task(0, [-1]), task(0, [-1])], ["plan.duplicate_id"]),
        ([task(0, [-1]) | {"task": "Sing"}], ["plan.unknown_agent"]),
        ([task("0", [-1])], ["plan.shape"]),
        ([task(0, -1)], ["plan.shape"]),
        ([task(0, [-1]), 3], ["plan.shape"]),
    ],
)
def test_a_list_of_tasks_is_read_or_refused_by_its_code(plan: list[Any], wanted: list[str]) -> None:
    assert codes(import_plan(json.dumps(plan), "hugginggpt", agents=TOOLS)) == wanted


def test_what_stands_around_a_foreign_plan_is_cut_away_and_said() -> None:
    found = import_plan(f"Here:\n```json\n{json.dumps(GOOD)[:-1]},}}\n```", agents=TOOLS)
    assert [r["code"] for r in found.repairs] == ["reply.fence_dropped", "reply.trailing_comma"]
    assert found.document is not None


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        ("", "plan.reply_empty"),
        ("no plan at all", "plan.reply_malformed"),
        ("{}", "plan.reply_malformed"),
        ('{"a": 1}', "plan.unknown_dialect"),
        (json.dumps(GOOD)[:-1], "plan.reply_truncated"),
        ([], "plan.unknown_dialect"),
    ],
)
def test_a_plan_nobody_reads_is_refused(plan: Any, wanted: str) -> None:
    assert codes(import_plan(plan, agents=TOOLS)) == [wanted]


def test_names_that_look_alike_stay_apart_and_lead_back() -> None:
    names = Names(["Text-to-Speech", "Text to Speech", "text_to_speech", "wasm:echo", "3D Model", "\u56fe"])
    owned = names.owned()
    assert len(set(owned)) == 6
    assert owned[2:4] == ["text_to_speech", "wasm:echo"]
    assert {
        names.own(foreign): foreign for foreign in names.all() if names.own(foreign) != foreign
    } == names.foreign()


@given(name=st.text(max_size=100))
def test_any_name_gets_one_that_a_plan_can_carry(name: str) -> None:
    assert check_name(slug(name))


def check_name(name: str) -> bool:
    return bool(name) and name[0].isalpha() and name.isascii() and len(name) <= 63 and name == name.lower()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["a", "<node-0>", "<GENERATED>-1", "$1", "START", "1"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["task_nodes", "task_links", "task", "arguments", "nodes", "edges", "id", "dep", "args", "name", "value",
                         "source", "target"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(plan=st.dictionaries(st.sampled_from(["task_nodes", "task_links", "nodes", "edges"]), JSON) | st.lists(JSON, max_size=4),
       dialect=st.sampled_from(DIALECTS), text=st.booleans())  # fmt: skip
def test_json_of_any_shape_is_imported_or_refused(plan: Any, dialect: Any, *, text: bool) -> None:
    codes(import_plan(json.dumps(plan) if text else plan, dialect, agents=["a", "b"]))


@given(text=st.text(alphabet="Node:Edge\n12.(),$\"'[]{} ab", max_size=200), dialect=st.sampled_from(DIALECTS))
def test_a_text_of_any_kind_is_imported_or_refused(text: str, dialect: Any) -> None:
    codes(import_plan(text, dialect, agents=["a"]))


@pytest.mark.parametrize(
    ("node", "objective"),
    [
        ("write a list\n1. bread\n2. milk", "write a list 1. bread 2. milk"),
        ("a\u2028b 7: c\x852: d", "a\u2028b 7: c\x852: d"),
        ("note: 3: the edge: it is (1,2) sharp", "note: 3: the edge: it is (1,2) sharp"),
    ],
)
def test_what_stands_in_a_nodes_text_makes_no_node_and_no_edge(node: str, objective: str) -> None:
    found = import_plan(f"Node:\n1: {node}\n2: go\nEdge: (START,1) (1,2) (2,END)", agents=["worker"])
    document: Any = found.document
    assert [(s["objective"], s["dependencies"]) for s in document["subtasks"]] == [
        (objective, []),
        ("go", ["s1"]),
    ]


@pytest.mark.parametrize(
    ("edges", "code"),
    [
        ("", "plan.reply_truncated"),
        ("none to speak of", "plan.reply_truncated"),
        ("(START -> 1) (1 -> 2) (2 -> END)", "plan.reply_malformed"),
        ("(START,1) (1-2) (2,END)", "plan.reply_malformed"),
    ],
)
def test_edges_that_cannot_be_read_are_never_left_out(edges: str, code: str) -> None:
    assert codes(import_plan(f"Node:\n1: a\n2: b\nEdge: {edges}", agents=["worker"])) == [code]


def test_half_a_surrogate_pair_in_a_text_is_refused() -> None:
    assert codes(import_plan("Node:\n1: \ud800\nEdge: (START,1) (1,END)", agents=["w"])) == [
        "plan.reply_malformed"
    ]


@pytest.mark.parametrize("rest", ["2", "2.", "2. ", "2. ma", "  2) math"])
def test_a_call_that_the_text_ends_before_is_truncated(rest: str) -> None:
    found = import_plan(f'1. search("Ann")\n{rest}', "llmcompiler", agents=["search", "math"])
    assert codes(found) == ["plan.reply_truncated"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (["<GENERATED>-0"], {"x": {"key": "s0_output"}}),
        (["<GENERATED>-0", "<GENERATED>-1"], {"x": {"key": "s0_output"}, "x_2": {"key": "s1_output"}}),
        (["<GENERATED>-0", "and more"], None),
        ({"text": "<GENERATED>-0"}, None),
        ({"text": ["plain"]}, {"x": {"literal": {"text": ["plain"]}}}),
    ],
)
def test_a_result_inside_a_value_is_bound_or_told_and_never_a_text(
    value: Any, wanted: dict[str, Any] | None
) -> None:
    tasks = [{"task": "search", "id": n, "dep": [-1], "args": {}} for n in range(2)]
    plan = [*tasks, {"task": "math", "id": 2, "dep": [0, 1], "args": {"x": value}}]
    found = import_plan(plan, agents=["search", "math"])
    if wanted is None:
        assert codes(found) == ["plan.literal_reference"]
        return
    document: Any = found.document
    assert document["subtasks"][2]["bind"] == wanted
