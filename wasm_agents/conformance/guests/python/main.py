"""The conformance guest in Python: one operation a call, named by `op`."""

import os
from typing import Any

calls = 0


class UnknownOp(Exception):
    """There is no such operation."""

    code = "unknown_op"


class Said(Exception):
    """What `fail` was told to say."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


def execute(input: Any) -> Any:  # noqa: A002  # the kit's word for it
    """Do what `op` names."""
    name = input.get("op") if isinstance(input, dict) else None
    if not isinstance(name, str) or name not in OPERATIONS:
        raise UnknownOp("op is missing or unknown")
    return OPERATIONS[name](input)


def kind(value: Any) -> str:
    """Return the name JSON Schema has for a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def fail(given: Any) -> None:
    """Refuse, as it was told to."""
    raise Said(given["code"], given["message"], retryable=given.get("retryable", False))


def spin(_: Any) -> None:
    """Never end."""
    while True:
        pass


def eat(_: Any) -> None:
    """Take memory until there is none, and crash then."""
    held = []
    for size in (1 << 20, 1 << 16, 1 << 12, 1 << 8):
        try:
            while True:
                held.append(bytearray(size))
        except MemoryError:
            continue
    os.abort()


def recurse(given: Any) -> Any:
    """Call itself without end."""
    return [recurse(given)]


def bump(_: Any) -> int:
    """Count the calls this instance has served."""
    global calls  # noqa: PLW0603  # what must not outlive a call
    calls += 1
    return calls


OPERATIONS = {
    "echo": lambda given: given["value"],
    "kind": lambda given: kind(given["value"]),
    "length": lambda given: len(given["text"]),
    "codes": lambda given: [ord(c) for c in given["text"]],
    "chars": lambda given: "".join(map(chr, given["codes"])),
    "keys": lambda given: list(given["value"]),
    "count": lambda given: len(given["value"]),
    "sum": lambda given: sum(given["numbers"]),
    "flood": lambda given: "x" * given["bytes"],
    "not_json": lambda _: {"a set", "is no JSON"},
    "crash": lambda _: os.abort(),
    "fail": fail,
    "spin": spin,
    "eat": eat,
    "recurse": recurse,
    "bump": bump,
}
