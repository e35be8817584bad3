"""What holds for every test: whatever else the machine does, it decides none of them."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

# An example that takes long where others want the machine too is no finding.
settings.register_profile(
    "patient", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


# Compiled guests are kept between the tests of a run, and not among the user's own.
os.environ["XDG_CACHE_HOME"] = str(Path(tempfile.gettempdir(), f"callsheet-tests-{os.getuid()}"))
# A model that the user chose plans for the user, and in no test.
os.environ["XDG_DATA_HOME"] = str(Path(tempfile.gettempdir(), f"callsheet-tests-{os.getuid()}", "data"))


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start: a shell that runs them in the background has it ignored, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Spare the collector the thousands of tests and their modules, which stay until the end anyway."""
    gc.collect()
    gc.freeze()
