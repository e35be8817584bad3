"""Run Chromium as somebody who owns nothing: `launch_chromium.py UID GID HOME CHROMIUM ARGUMENTS…`.

Chromium's sandbox refuses to work for root, and a browser need not be root. This
script drops user, groups and environment, then becomes Chromium. It stands
alone (it runs before any of the project can be imported) and lets nothing
through that switches the sandbox off.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

CANNOT_DROP = 77
CANNOT_RUN = 78
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> NoReturn:
    """Become Chromium, or exit with `CANNOT_DROP` or `CANNOT_RUN`."""
    uid, gid, home, chromium = int(arguments[0]), int(arguments[1]), Path(arguments[2]), arguments[3]
    if any(
        a.startswith(("--no-sandbox", "--disable-setuid-sandbox", "--disable-namespace")) for a in arguments
    ):
        _fail(CANNOT_DROP, "the sandbox is not to be switched off")
    try:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as exc:
        _fail(CANNOT_DROP, f"cannot become uid {uid}: {exc}")
    if 0 in {*os.getresuid(), *os.getresgid()}:
        _fail(CANNOT_DROP, "still root")
    # Set after the change of user, which clears it: Chromium ends with whoever started it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.umask(0o077)
    if not os.access(chromium, os.X_OK):
        _fail(CANNOT_RUN, f"uid {uid} cannot execute {chromium}")
    profile = f"--user-data-dir={home / 'profile'}"
    rest = [profile if a.startswith("--user-data-dir=") else a for a in arguments[4:]]
    os.chdir(home)
    os.execve(chromium, [chromium, *rest], environment(home))  # noqa: S606  # the point


def environment(home: Path) -> dict[str, str]:
    """Return all that Chromium is told of the machine."""
    return {
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _fail(status: int, why: str) -> NoReturn:
    sys.stderr.write(f"callsheet: {why}\n")
    sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
