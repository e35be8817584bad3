"""The SDKs of endpoints, imported when the first endpoint of their kind is asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Literal

from contracts.errors import Unavailable

Sdk = Literal["openai", "anthropic", "ollama"]
_LOADED: Final[dict[str, Any]] = {}
"""Those that are imported: a call waits for no thread on their account."""


async def load(name: Sdk, *, importer: Callable[[str], Any] = import_module) -> Any:
    """Return an SDK's module.

    Args:
        name: Of the package, and of our extra that brings it.
        importer: Imports it.

    Raises:
        Unavailable: `provider.extra_missing`.
    """
    if name in _LOADED and importer is import_module:
        return _LOADED[name]
    try:
        module = await asyncio.to_thread(importer, name)
    except ImportError as exc:
        raise missing(name) from exc
    if importer is import_module:
        _LOADED[name] = module
    # Below a warning an SDK writes down what it sends, prompts and all.
    logging.getLogger(name).setLevel(logging.WARNING)
    return module


def missing(extra: str) -> Unavailable:
    """Return the error for what is not installed."""
    found = Unavailable(
        "provider.extra_missing",
        f"the package for {extra!r} endpoints is not installed",
        hint=f"pip install 'callsheet[{extra}]'",
        data={"extra": extra},
    )
    found.retryable = False
    return found
