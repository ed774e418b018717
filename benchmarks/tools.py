"""What the benchmark needs beside the project, made once under `.cache/bench/`: compiled programs, the peers' packages.

Debian packages are installed only where they are missing and it may.  What cannot be had is NotHad, with the way out:
the table then says so in the place of a figure.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.data import FOLDER

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
_INSTALL_TIMEOUT_S = 600


class NotHad(Exception):
    """A program or a package is not here and cannot be brought; the message says which, and why."""


def compiled(source: Path, *flags: str) -> Path:
    """A C program, compiled anew when its source has changed.  Raises NotHad."""
    def make(folder: Path) -> None:
        _run([_program("cc", "gcc", "libc6-dev"), "-O2", "-Wall", "-Wextra", "-Werror", *flags, "-o",
              str(folder / source.stem), str(source)])
    return _made(source.stem, [source], make) / source.stem


def peers_python() -> Path:
    """The interpreter of the Python peers: this one, in a virtual environment of their own."""
    wanted = PEERS / "requirements.txt"

    def make(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "-r", str(wanted)])
    return _made("python-peers", [wanted], make, sys.version) / "bin" / "python"


def ding_dong() -> list[str]:
    """The command that starts the Node peer."""
    node, source = _program("node", "nodejs"), PEERS / "ding_dong"
    files = [source / name for name in ("package.json", "package-lock.json", "server.js")]

    def make(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        _run([_program("npm", "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)])
    return [node, str(_made("ding-dong", files, make) / "server.js")]


def versions() -> list[str]:
    """What the peers are, as far as they are here."""
    told = []
    for line in (PEERS / "requirements.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        if version and name == "panoramisk":  # the gate has the others too
            told.append(f"{name} {version}")
    packages = json.loads((PEERS / "ding_dong" / "package.json").read_text())["dependencies"]
    with contextlib.suppress(NotHad):
        told += [f"Node {_run(['node', '--version']).removeprefix('v')}",
                 *(f"{name} {version}" for name, version in packages.items())]
    return told


def _made(name: str, sources: Sequence[Path], make: Callable[[Path], None], *further: str) -> Path:
    """A folder that is made anew when what it is made from has changed; half-made ones are never used."""
    folder = FOLDER / name
    content = [*(source.read_text() for source in sources), *further, str(folder)]
    stamp = hashlib.sha256("\0".join(content).encode()).hexdigest()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs may overlap
        if (folder / "stamp").exists() and (folder / "stamp").read_text() == stamp:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make(folder)
        (folder / "stamp").write_text(stamp)
    return folder


def _program(name: str, *debian: str) -> str:
    """A program of this machine, installed from Debian where it is missing."""
    if shutil.which(name) is None and shutil.which("apt-get") is not None:
        as_root = [] if os.getuid() == 0 else ["sudo", "-n"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = [*as_root, "apt-get", "install", "-y", "-q", "--no-install-recommends", *debian]
        print(f"installing {' '.join(debian)}", file=sys.stderr)
        for command in (install, [*as_root, "apt-get", "update", "-q"], install):
            if shutil.which(name) is not None:
                break
            subprocess.run(command, capture_output=True, env=environment, check=False, timeout=_INSTALL_TIMEOUT_S)
    found = shutil.which(name)
    if found is None:
        raise NotHad(f"no `{name}` here: apt-get install {' '.join(debian)}")
    return found


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHad(f"`{Path(command[0]).name}` did not run: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotHad(f"`{Path(command[0]).name}` failed: {said[-1] if said else done.returncode}")
    return done.stdout.strip()
