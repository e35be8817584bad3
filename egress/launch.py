"""Start Chromium with its sandbox on, as root too: then under a user that owns nothing."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.errors import CallsheetError, Unavailable
from egress.chromium import SETTING, find_chromium, is_open
from egress.launch_chromium import environment

_NOBODY: Final = 65534
_LAUNCHER: Final = Path(__file__).with_name("launch_chromium.py")

# Playwright's own list already silences updates, sync, breakpad and field trials.
_SWITCHES: Final = (
    "--disable-quic",
    "--disable-client-side-phishing-detection",
    "--disable-domain-reliability",
    "--dns-prefetch-disable",
    "--no-pings",
    # No name is ever resolved by the browser: the proxy does that.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    # WebRTC may only use what goes through the proxy.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--blink-settings=imagesEnabled=false",
    "--js-flags=--max-old-space-size=512",
)
# Switches of Playwright's that serve tests of one's own pages, not visits to strangers'.
_DROPPED: Final = (
    "--disable-popup-blocking",
    "--disable-ipc-flooding-protection",
    "--enable-unsafe-swiftshader",
    "--disable-hang-monitor",
)


_NO_SANDBOX: Final = (
    "no usable sandbox",
    "sandboxing failed",
    "crbug.com/638180",
    "cannot become uid",
    "still root",
)


@dataclass(frozen=True, slots=True)
class Launch:
    """A folder of one browser's own, and how Playwright is to start it."""

    folder: Path
    executable: Path

    def options(self, proxy_url: str) -> dict[str, Any]:
        """Return the arguments of Playwright's `launch`."""
        return {
            "executable_path": str(self.executable),
            "headless": True,
            "chromium_sandbox": True,
            "proxy": {"server": proxy_url},
            "args": list(_SWITCHES),
            "ignore_default_args": list(_DROPPED),
            "env": environment(self.folder / "home"),
            "timeout": 60_000,
            "handle_sigint": False,
            "handle_sigterm": False,
            "handle_sighup": False,
        }

    def remove(self) -> None:
        """Delete the folder and all the browser left there."""
        shutil.rmtree(self.folder, ignore_errors=True)


def prepare_launch() -> Launch:
    """Return a fresh launch.

    Raises:
        Unavailable: `egress.no_browser`.
    """
    chromium = find_chromium()
    if chromium is None:
        raise Unavailable(
            "egress.no_browser",
            "no Chromium was found",
            hint=f"callsheet doctor says how to get one; {SETTING} names one by path.",
        )
    folder = Path(tempfile.mkdtemp(prefix="callsheet-browser-", dir=_open_folder()))
    home = folder / "home"
    home.mkdir(mode=0o700)
    if os.geteuid() != 0:
        return Launch(folder, chromium)
    uid, gid = _nobody()
    os.chown(home, uid, gid)
    folder.chmod(0o711)
    words = [sys.executable, "-I", "-S", str(_LAUNCHER), str(uid), str(gid), str(home), str(chromium)]
    script = folder / "chromium"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    return Launch(folder, script)


def launch_error(log: str) -> CallsheetError:
    """Return the error for a Chromium that did not start, from what it said."""
    last = log.strip()[-600:]
    if any(sign in log.lower() for sign in _NO_SANDBOX):
        return Unavailable(
            "egress.no_sandbox",
            "Chromium cannot be sandboxed here, and is not run without",
            hint="Allow unprivileged user namespaces, or install the distribution's chromium-sandbox package.",
            data={"log": last},
        )
    hint = "callsheet doctor"
    if "cannot execute" in log:
        hint = (
            f"As root the browser runs as uid {_nobody()[0]}: put it where that user may read it ({SETTING})."
        )
    return Unavailable("egress.no_browser", "Chromium did not start", hint=hint, data={"log": last})


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return _NOBODY, _NOBODY
    return entry.pw_uid, entry.pw_gid


def _open_folder() -> str | None:
    """Return a folder for temporary files that other users may pass through; None for the usual one."""
    if os.geteuid() != 0:
        return None
    if is_open(Path(tempfile.gettempdir())):
        return None
    return "/var/tmp"  # noqa: S108  # only as the parent of a fresh private folder
