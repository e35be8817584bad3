"""Log lines as JSON on stderr, one a line, with the run's and the subtask's id.

JSON escapes every control character, so a hostile page title can neither
forge a line nor move a terminal's cursor; known secrets are replaced before a
line is written.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from traces.redaction import Redactor

MAX_TEXT: Final = 10_000
"""Characters of one field."""

_QUIET: Final = (
    "httpx", "httpcore", "httpx2", "httpcore2", "openai", "anthropic", "ollama", "asyncio", "PIL", "multipart",
    "python_multipart",
)  # fmt: skip
"""Below a warning they write down what is sent, prompts too."""


class _Redact:
    """Replace secrets in every field, and bound what one field may hold."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, bool | int | float) or value is None:
            return value
        if isinstance(value, dict | list):
            return self._redactor.value(value)
        text = self._redactor.text(str(value))
        return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT // 2]} … {text[-MAX_TEXT // 2 :]}"


def configure_logs(level: str, *, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Send our log lines and the libraries' to `stream` (stderr), as JSON."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _Redact(redactor),
        structlog.processors.JSONRenderer(default=repr),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(stream or sys.stderr)
    lines.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


@contextmanager
def logged_as(**ids: str) -> Iterator[None]:
    """Put ids (`run_id`, `subtask_id`, `request_id`) on every line logged inside."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield
