"""How the commands speak: data on stdout, all else on stderr, errors that name the next step.

Exit codes: 0 done; 1 the objective failed; 2 usage; 3 what was sent cannot be
used; 4 denied, or waits for a person; 5 something needed is absent or held; 6 out of time;
7 no such thing; 130 interrupted.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from contracts.errors import CallsheetError, InvalidInput, Unavailable
from service.terminal import terminal_json

EXIT_CODES: Final = """\b
Exit codes:
  0  done                       4  denied, or waits for a person
  1  the objective failed       5  something needed is absent or held
  2  usage                      6  out of time
  3  the input cannot be used   7  no such thing
"""
_WRITING_FAILED: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def run_command(command: click.Command, *, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; no traceback reaches a user.

    Args:
        command: What to run.
        name: As it was called.
        arguments: The process's, when absent.
    """
    try:
        code = command.main(arguments, prog_name=name, standalone_mode=False)
        _flush_stdout()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except CallsheetError as exc:
        show_error(exc)
        return exc.exit_code
    except BrokenPipeError:
        _give_up_stdout()  # whoever read it has gone
        return 0
    except OSError as exc:
        error = _unwritable(exc)
        show_error(error)
        return error.exit_code
    return code if isinstance(code, int) else 0


def _unwritable(exc: OSError) -> Unavailable:
    if exc.filename is not None or exc.errno not in _WRITING_FAILED:
        raise exc  # a defect of ours
    _give_up_stdout()
    return Unavailable(
        "output.unwritable", f"stdout cannot be written: {exc.strerror}", hint="Send it where there is room."
    )


def _flush_stdout() -> None:
    if sys.stdout is not None:  # closed by whoever started us
        sys.stdout.flush()


def _give_up_stdout() -> None:
    # Python flushes once more at exit, and would complain
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def be_sure(question: str) -> None:
    """Go on only when whoever is at the terminal says yes.

    Raises:
        click.UsageError: Nobody can be asked.
        click.Abort: The answer is no.
    """
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: say --yes to go on without asking")
    click.confirm(question, abort=True, err=True)


def show_error(error: CallsheetError) -> None:
    """Print code, message, every further problem and the next step on stderr."""
    click.echo(f"error[{error.code}]: {printable(error.message)}", err=True)
    for problem in error.data.get("problems", [])[:20]:
        where, said = printable(problem["pointer"]) or "/", printable(problem["message"])
        click.echo(f"  {problem['code']} at {where}: {said}", err=True)
        if problem.get("hint", error.hint) != error.hint:
            click.echo(f"    hint: {printable(problem['hint'])}", err=True)
    if error.hint:
        click.echo(f"hint: {printable(error.hint)}", err=True)


def printable(text: str) -> str:
    """Return the text with control characters spelled out: what a page says must not drive a terminal."""
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text)


def print_json(value: Any) -> None:
    """Print one JSON value on stdout, indented."""
    click.echo(terminal_json(value))


def parse_inputs(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Return `--input key=value` pairs as a mapping; a value that is JSON is read as such.

    Raises:
        InvalidInput: `input.malformed`.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise InvalidInput("input.malformed", f"--input wants key=value, got {pair[:80]!r}")
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
    return found


def counted(number: int, thing: str) -> str:
    """Return `1 trace`, `2 traces`."""
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"
