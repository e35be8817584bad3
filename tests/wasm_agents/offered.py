"""Agents somebody offers: manifests as documents, as TOML, and in folders beside their modules."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from contracts.card import AgentCard
from wasm_agents.catalogue import GUESTS, card_of, problems_of

ECHO = (GUESTS / "echo" / "echo.wasm").read_bytes()


def manifest(**more: Any) -> dict[str, Any]:
    """Return a manifest with the least one needs."""
    return {
        "name": "mine",
        "version": "1.0.0",
        "abi": "agent/1",
        "module": "mine.wasm",
        "sha256": hashlib.sha256(ECHO).hexdigest(),
        "description": "For tests.",
        "takes": {"type": "object"},
        "gives": {"type": "object"},
        **more,
    }


def asking(**capabilities: Any) -> AgentCard:
    """Return the card of an agent that asks for something."""
    document = manifest(capabilities=capabilities)
    assert list(problems_of(document)) == []
    return card_of(document, where="agent.toml", module=Path("mine.wasm"))


def toml(value: Any) -> str:
    """Return a value as TOML has it inline; a document's fields one a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def document_text(document: dict[str, Any]) -> str:
    """Return a document as a TOML file."""
    return "".join(f"{key} = {toml(value)}\n" for key, value in document.items())


def offer(folder: Path, document: dict[str, Any] | None = None, wasm: bytes = ECHO) -> Path:
    """Write an agent's folder and return it."""
    document = document or manifest(sha256=hashlib.sha256(wasm).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.toml").write_text(document_text(document), encoding="utf-8")
    (folder / document["module"]).write_bytes(wasm)
    return folder
