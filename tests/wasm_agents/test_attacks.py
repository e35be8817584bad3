"""Hostile guests: each is stopped, with the one code that says why."""

import time
from collections.abc import Callable

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError, InvalidInput
from tests.wasm_agents.conftest import code_of, guest_answering, guest_text
