"""SDKs are imported when they are needed, say what to install when they are not there, and write nothing down."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any, NoReturn

import pytest

from contracts.errors import Unavailable
from providers.sdk import Sdk, load

ADAPTERS = "providers.openai_compatible, providers.ollama, providers.anthropic_messages, providers.forms"
HEAVY = {"openai", "anthropic", "ollama", "httpx", "httpx2", "httpcore"}


def test_importing_the_adapters_imports_no_sdk() -> None:
    program = f"import sys, {ADAPTERS}; print(sorted(set(sys.modules) & {HEAVY!r}))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama"])
async def test_an_sdk_that_is_not_installed_is_told_with_the_command_that_brings_it(name: Sdk) -> None:
    def absent(module: str) -> NoReturn:
        raise ModuleNotFoundError(module)

    with pytest.raises(Unavailable) as caught:
        await load(name, importer=absent)
    assert (caught.value.code, caught.value.retryable) == ("provider.extra_missing", False)
    assert caught.value.hint == f"pip install 'callsheet[{name}]'"


async def test_an_sdk_writes_nothing_below_a_warning() -> None:
    def found(module: str) -> Any:
        logging.getLogger(module).setLevel(logging.DEBUG)  # as OPENAI_LOG=debug makes it
        return module

    assert await load("openai", importer=found) == "openai"
    assert not logging.getLogger("openai._base_client").isEnabledFor(logging.INFO)
