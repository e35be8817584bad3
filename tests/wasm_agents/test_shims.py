"""What stands between the host's text and an agent's `execute`, run here by the language itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wasm_agents.kits.cases import read_cases
from wasm_agents.kits.languages import BY_NAME
from wasm_agents.kits.scaffold import new_agent

# What componentize-py makes for the world `agent`.
WIT_WORLD = "class WitWorld: pass\n"
TYPES = "class Err(Exception):\n    def __init__(self, value): self.value = value\n"
ASK_PYTHON = """
import json, sys
out = sys.stdout
from callsheet_shim import WitWorld
from componentize_py_types import Err
said = []
for text in json.load(sys.stdin):
    try:
        said.append({"ok": WitWorld().execute(text)})
    except Err as exc:
        said.append({"err": exc.value})
json.dump(said, out)
"""
ASK_JS = """
import { readFileSync } from "node:fs";
const { execute } = await import("./callsheet_shim.js");
const said = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  try { return { ok: execute(text) }; } catch (thrown) { return { err: thrown.payload }; }
});
process.stdout.write(JSON.stringify(said));
"""
ODD_PYTHON = """
import time, uuid
from pathlib import Path
class Coded(Exception):
    code = "sold_out"
    retryable = True
class Numbered(Exception):
    code = 7
def execute(input):
    match input["do"]:
        case "coded": raise Coded("nothing is left")
        case "numbered": raise Numbered("x")
        case "bare": raise ValueError
        case "exit": raise SystemExit(3)
        case "long": raise ValueError("x" * 100_000)
        case "secret": return {"key": 1}[input["key"]]
        case "set": return {1}
        case "nan": return float("nan")
        case "surrogate": return "\\ud800"
        case "time": return time.time()
        case "sleep": time.sleep(1)
        case "open": return open("main.py").read()
        case "path": return Path("main.py").read_text()
        case "random": return uuid.uuid4().hex
        case "print": print("hello"); return None
        case "text": return "caf\\u00e9 \\U0001f69a"
"""
ODD_JS = """
class Coded extends Error { code = "sold_out"; retryable = true; }
export function execute(input) {
  switch (input.do) {
    case "coded": throw new Coded("nothing is left");
    case "numbered": throw Object.assign(new Error("x"), { code: 7 });
    case "bare": throw new RangeError();
    case "text thrown": throw "just so";
    case "nothing thrown": throw undefined;
    case "long": throw new Error("x".repeat(100000));
    case "now": return Date.now();
    case "new": return new Date();
    case "call": return Date();
    case "dated": return [new Date(0).toISOString(), Date.UTC(1970, 0), new Date(0) instanceof Date];
    case "log": console.log("hello"); return null;
    case "undefined": return undefined;
    case "bigint": return 1n;
    case "surrogate": return "\\ud800";
    case "text": return "caf\\u00e9 \\u{1f69a}";
  }
}
"""


def asked_python(folder: Path, main: str, given: list[str]) -> list[dict[str, Any]]:
    shutil.copyfile(BY_NAME["python"].support["callsheet_shim.py"], folder / "callsheet_shim.py")
    for name, text in {"main": main, "wit_world": WIT_WORLD, "componentize_py_types": TYPES}.items():
        (folder / f"{name}.py").write_text(text)
    return _run([sys.executable, "-c", ASK_PYTHON], folder, given)


def asked_js(folder: Path, main: str, given: list[str]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine")
    shutil.copyfile(BY_NAME["js"].support["callsheet_shim.js"], folder / "callsheet_shim.js")
    (folder / "main.js").write_text(main)
    (folder / "package.json").write_text('{"type": "module"}')
    return _run([node, "--input-type=module", "-e", ASK_JS], folder, given)


def _run(command: list[str], folder: Path, given: list[str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        command, cwd=folder, input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def refusals(said: list[dict[str, Any]], odd: list[str]) -> dict[str, Any]:
    return {do: json.loads(one["err"]) for do, one in zip(odd, said, strict=True) if "err" in one}


def do(names: list[str]) -> list[str]:
    return [json.dumps({"do": name}) for name in names]


def test_whatever_python_raises_becomes_a_code_and_a_message(tmp_path: Path) -> None:
    odd = ["coded", "numbered", "bare", "exit", "long", "secret"]
    found = refusals(asked_python(tmp_path, ODD_PYTHON, do(odd)), odd)
    assert found["coded"] == {"code": "sold_out", "message": "nothing is left", "retryable": True}
    assert found["numbered"]["code"] == "Numbered"
    assert found["bare"] == {"code": "ValueError", "message": "ValueError"}
    assert found["exit"]["code"] == "SystemExit"
    assert len(found["long"]["message"]) == 2000
    assert found["secret"] == {"code": "KeyError", "message": "'key'"}


def test_what_python_cannot_say_in_json_is_refused(tmp_path: Path) -> None:
    odd = ["set", "nan", "surrogate"]
    found = refusals(asked_python(tmp_path, ODD_PYTHON, do(odd)), odd)
    assert {name: said["code"] for name, said in found.items()} == dict.fromkeys(odd, "not_json")


def test_what_python_asks_that_is_not_there_is_an_error_with_a_name(tmp_path: Path) -> None:
    odd = ["time", "sleep", "open", "path", "random"]
    found = refusals(asked_python(tmp_path, ODD_PYTHON, do(odd)), odd)
    codes = [found[name]["code"] for name in odd]
    assert codes == ["no_clock", "no_clock", "no_files", "no_files", "no_random"]


def test_what_javascript_asks_that_is_not_there_is_an_error_with_a_name(tmp_path: Path) -> None:
    odd = ["now", "new", "call"]
    said = asked_js(tmp_path, ODD_JS, [*do(odd), *do(["dated", "log"])])
    assert {one["code"] for one in refusals(said[:3], odd).values()} == {"no_clock"}
    assert [json.loads(one["ok"]) for one in said[3:]] == [["1970-01-01T00:00:00.000Z", 0, True], None]


def test_what_python_prints_goes_nowhere_and_text_stays_as_it_is(tmp_path: Path) -> None:
    said = asked_python(tmp_path, ODD_PYTHON, [*do(["print", "text"]), "{"])
    assert said[:2] == [{"ok": "null"}, {"ok": '"caf\u00e9 \U0001f69a"'}]
    assert json.loads(said[2]["err"])["code"] == "JSONDecodeError"


def test_whatever_javascript_throws_becomes_a_code_and_a_message(tmp_path: Path) -> None:
    odd = ["coded", "numbered", "bare", "text thrown", "nothing thrown", "long"]
    found = refusals(asked_js(tmp_path, ODD_JS, do(odd)), odd)
    assert found["coded"] == {"code": "sold_out", "message": "nothing is left", "retryable": True}
    assert found["numbered"]["code"] == "7"
    assert found["bare"]["code"] == "RangeError"
    assert found["text thrown"] == {"code": "thrown", "message": "just so"}
    assert found["nothing thrown"]["message"] == "undefined"
    assert len(found["long"]["message"]) == 2000


def test_what_javascript_cannot_say_in_json_is_refused(tmp_path: Path) -> None:
    odd = ["undefined", "bigint", "surrogate"]
    said = asked_js(tmp_path, ODD_JS, [*do(odd), *do(["text"])])
    found = refusals(said[:3], odd)
    assert found["undefined"]["code"] == "not_json"
    assert found["bigint"]["code"] == "TypeError"
    assert said[2:] == [
        {"ok": '"\\ud800"'},
        {"ok": '"caf\u00e9 \U0001f69a"'},
    ]  # spelled so, the host refuses it


@pytest.mark.parametrize("language", ["js", "python"])
def test_a_new_agents_own_cases_pass_behind_its_shim(language: str, tmp_path: Path) -> None:
    folder = new_agent("greet", "js" if language == "js" else "python", into=tmp_path)
    cases = read_cases(folder)
    ask = asked_js if language == "js" else asked_python
    source = (folder / f"main.{'js' if language == 'js' else 'py'}").read_text()
    said = ask(folder, source, [json.dumps(case.given) for case in cases])
    for case, one in zip(cases, said, strict=True):
        if case.error:
            assert json.loads(one["err"])["code"] == case.error
        else:
            assert json.loads(one["ok"]) == case.ok
