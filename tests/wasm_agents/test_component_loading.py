"""A component is looked at before anything of it runs; the structures it crosses by are wasmtime's own."""

import ctypes
import gc

import pytest
from wasmtime import _bindings

from contracts.errors import AttemptFailed, InvalidInput
from tests.wasm_agents.components import RESULT, answer_of, code_of, instance_of, spell
from wasm_agents.component import binding
from wasm_agents.component.call import call
from wasm_agents.component.code import ComponentCode
from wasm_agents.engines import engine_of

LIFT = (
    '(canon lift (core func $i "{}") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))'
)
STRING = '(param "input" string)'


def exporting(signature: str, *, name: str = "execute", core: str = "execute") -> str:
    more = '(func (export "quiet") (param i32 i32)) (func (export "four") (param i32 i32 i32 i32) (result i32) (i32.const 16))'
    return spell(more=more, export=f'(func (export "{name}") {signature} {LIFT.format(core)})')


@pytest.mark.parametrize(
    "what",
    [
        '"run" (func)',
        '"wasi:cli/environment@0.2.0" (instance (export "get-arguments" (func (result (list string)))))',
        '"a:b/c" (instance)',
        '"m" (core module)',
        '"t" (type (sub resource))',
    ],
)
def test_whatever_is_imported_is_denied(what: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        code_of(spell(before=f"(import {what})"))
    assert raised.value.code == "load.import_denied"
    assert raised.value.data["imports"] == [what.split('"')[1]]


def test_of_many_imports_the_first_are_named() -> None:
    with pytest.raises(InvalidInput, match="29 more") as raised:
        code_of(spell(before="".join(f'(import "f{n}" (func))' for n in range(30))))
    assert len(raised.value.data["imports"]) == 20


@pytest.mark.parametrize(
    "text",
    [
        spell(export=""),
        exporting(f"{STRING} {RESULT}", name="run"),
        exporting(STRING, core="quiet"),
        exporting(f"{STRING} (result string)"),
        exporting(f"{STRING} (result (result string (error u32)))"),
        exporting(f"{STRING} (result (result u32 (error string)))"),
        exporting(f"{STRING} (result (result string))"),
        exporting(f"{STRING} (result (result (error string)))"),
        exporting(f"{STRING} (result (result))"),
        exporting(f"{STRING} (result (option string))"),
        exporting(f'(param "input" (list u8)) {RESULT}'),
        exporting(f'(param "a" string) (param "b" string) {RESULT}', core="four"),
        spell(export='(instance (export "execute"))'),
        spell(export='(type $r (resource (rep i32))) (export "execute" (type $r))'),
        spell(export='(instance $x (export "t" (core module $m))) (export "a:b/execute" (instance $x))'),
    ],
)
def test_an_export_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        code_of(text)
    assert raised.value.code == "load.bad_export"


def test_a_parameter_may_have_any_name() -> None:
    assert answer_of(exporting(f'(param "text" string) {RESULT}')).value == 1


def test_a_file_that_is_no_component_is_not_loaded() -> None:
    with pytest.raises(AttemptFailed) as raised:
        ComponentCode(b"/dev/null", engine_of("component").handle)
    assert raised.value.code == "host.internal"


def test_a_call_outlives_the_code_it_was_loaded_from() -> None:
    text = spell(answer=b'"still here"')
    instance = instance_of(text)
    code_of.cache_clear()
    gc.collect()
    assert call(instance, b"{}").value == "still here"
    instance.watch.end()
    instance.close()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (binding.Value, "wasmtime_component_val"),
        (binding.ResultOf, "wasmtime_component_valresult"),
        (binding.TypeOrItem, "wasmtime_component_item_t"),
        (binding.Instance, "wasmtime_component_instance"),
        (binding.Function, "wasmtime_component_func"),
    ],
)
def test_our_structures_are_as_large_as_the_librarys(ours: type[ctypes.Structure], theirs: str) -> None:
    assert ctypes.sizeof(ours) == ctypes.sizeof(getattr(_bindings, theirs))


def test_a_type_fits_where_an_item_does() -> None:
    assert ctypes.sizeof(binding.TypeOrItem) >= ctypes.sizeof(_bindings.wasmtime_component_valtype_t)
    assert binding.Value.of.offset == _bindings.wasmtime_component_val.of.offset
