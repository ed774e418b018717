"""A real Asterisk of one's own: found, started on loopback, asked, and ended by its process id.

Stands beside the gate, never in it: tests and the demo start it.  It never touches an Asterisk that runs on the machine, never
listens beyond loopback or on a standard port, needs no root rights, and leaves nothing behind: everything it writes lies in one
temporary folder, and the kernel ends it when the process that started it ends.

The programs come from PATH or from the folder that `lab/asterisk_root` makes.  There they run through that folder's own loader and
libraries, so that an Asterisk of another Debian runs here without a chroot and the AGI scripts it starts are plain programs of this
machine.  The telephones around it are in `phones.py`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.processes import free_port, tied
from lab.waiting import PATIENCE_S, eventually

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_ROOT = PROJECT / ".cache" / "asterisk-root"
ROOT_VARIABLE = "AGI_GATE_ASTERISK_ROOT"

AGENT_ADDRESS = "127.0.0.2"  # the phone is known by its address, so that it may claim any caller ID
OLDEST = 22
_STOP_S = 5  # then it is killed, which no test minds

# Only what a call through the gate needs: a start takes half a second and nothing else can listen.
MODULES = """
    res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_rtp_asterisk codec_ulaw codec_alaw
    res_pjproject res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_caller_id res_pjsip_diversion res_pjsip_rfc3326
    res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_dlg_options res_pjsip_header_funcs res_pjsip_pubsub chan_pjsip
    res_speech res_agi res_clioriginate pbx_config bridge_simple
    app_dial app_stack app_verbose app_playback format_gsm codec_gsm
    func_callerid func_channel func_cut func_dialplan func_global func_hangupcause func_logic func_strings func_timeout
""".split()


@dataclass(frozen=True)
class Tools:
    """The words that start each program, and the folders that Asterisk must be told of (none where it is installed)."""

    asterisk: tuple[str, ...]
    sipp: tuple[str, ...]
    directories: Mapping[str, Path] = field(default_factory=dict)


def find_asterisk(root: Path | None = None) -> tuple[Tools | None, str]:
    """Look in PATH, then in the made folder; answer the tools, or None and the reason why not."""
    root = root or Path(os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    asterisk, sipp = shutil.which("asterisk", path=path), shutil.which("sipp", path=path)
    if asterisk and sipp and _major((asterisk,)) >= OLDEST:
        return Tools((asterisk,), (sipp,)), ""
    if not (root / "usr/sbin/asterisk").exists():
        return None, f"no asterisk {OLDEST} with sipp in PATH and none in `{root}`; make it with lab/asterisk_root"
    loaders = sorted(root.glob("usr/lib/*-linux-*/ld-linux*.so.*")) or sorted(root.glob("usr/lib*/ld-linux*.so.*"))
    modules = sorted(root.glob("usr/lib/*-linux-*/asterisk/modules"))
    if not loaders or not modules:
        return None, f"`{root}` holds no loader or no modules; remove it and make it again with lab/asterisk_root"

    def start(program: str) -> tuple[str, ...]:
        libraries = str(modules[0].parents[1])
        return (str(loaders[0]), "--library-path", libraries, "--argv0", Path(program).name, str(root / program))

    tools = Tools(
        start("usr/sbin/asterisk"), start("usr/bin/sipp"), {"astmoddir": modules[0], "astdatadir": root / "usr/share/asterisk"}
    )
    if _major(tools.asterisk) < OLDEST:
        return None, f"the asterisk in `{root}` does not run here; remove it and make it again with lab/asterisk_root"
    return tools, ""


def _major(command: tuple[str, ...]) -> int:
    """Answer an Asterisk's major version, 0 where it does not run: `Asterisk 22.10.1` is 22."""
    try:
        said = subprocess.run([*command, "-V"], capture_output=True, text=True, timeout=PATIENCE_S).stdout
        return int(said.split()[1].split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0


class AsteriskFailed(Exception):
    """Asterisk did not start or did not answer; the message holds the end of its log."""


class Asterisk:
    """A running Asterisk with a phone, `agent`, whose calls enter context `agents`, and a trunk, `carrier1`.

    `extensions` is the text of extensions.conf.  `trunk` are further lines of the trunk's endpoint, `agi_bin` the programs in
    its AGI folder by name, `etc` further files of its configuration, `environment` what it sees beside this process's own.
    """

    def __init__(
        self,
        tools: Tools,
        extensions: str,
        *,
        carrier_port: int,
        trunk: tuple[str, ...] = (),
        agi_bin: Mapping[str, Path] | None = None,
        etc: Mapping[str, Path] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._tools = tools
        self._carrier_port, self._trunk, self._extensions = carrier_port, trunk, extensions
        self._files = {"agi": agi_bin or {}, "etc": etc or {}}
        self._environment = {**os.environ, **(environment or {})}
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self._process: subprocess.Popen[bytes] | None = None

    def _write_folder(self) -> None:
        # Short on purpose: the control socket lies in here, and a UNIX socket's path has 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="gate-ast-"))
        self.log = self._folder / "log" / "full"
        for name in ("etc", "lib", "agi", "spool", "run", "log", "cache"):
            (self._folder / name).mkdir()
        for name, text in self._configuration(self._carrier_port, self._trunk, self._extensions).items():
            (self._folder / "etc" / name).write_text(text)
        for folder, files in self._files.items():
            for name, path in files.items():
                (self._folder / folder / name).symlink_to(path)

    def _configuration(self, carrier_port: int, trunk: tuple[str, ...], extensions: str) -> dict[str, str]:
        folder = self._folder
        directories = {
            "astetcdir": folder / "etc", "astvarlibdir": folder / "lib", "astdbdir": folder / "lib", "astkeydir": folder / "lib",
            "astagidir": folder / "agi", "astspooldir": folder / "spool", "astrundir": folder / "run", "astlogdir": folder / "log",
            "astcachedir": folder / "cache", **self._tools.directories,
        }
        endpoint = ["type=endpoint", "disallow=all", "allow=ulaw", "direct_media=no", "media_address=127.0.0.1",
                    "bind_rtp_to_media_address=yes", "rtp_keepalive=0"]
        return {
            "asterisk.conf": _section("directories", [f"{k} => {v}" for k, v in directories.items()])
            + _section("options", ["nocolor=yes", "verbose=5"]),
            "logger.conf": _section("logfiles", ["full => notice,warning,error,verbose(5)"]),
            "modules.conf": _section("modules", ["autoload=no", *(f"load=>{name}.so" for name in MODULES)]),
            "rtp.conf": _section("general", ["rtpstart=36000", "rtpend=36200", "icesupport=no"]),
            "pjsip.conf": _section("global", ["type=global", "endpoint_identifier_order=ip,username"])
            + _section("transport", ["type=transport", "protocol=udp", f"bind=127.0.0.1:{self.sip_port}"])
            + _section("agent", [*endpoint, "context=agents", "trust_id_inbound=yes"])
            + _section("agent-identify", ["type=identify", "endpoint=agent", f"match={AGENT_ADDRESS}"])
            + _section("carrier1", [*endpoint, "context=from-carrier", "aors=carrier1", *trunk])
            + _section("carrier1", ["type=aor", f"contact=sip:127.0.0.1:{carrier_port}"]),
            "extensions.conf": extensions,
        }

    def __enter__(self) -> Self:
        self._write_folder()
        with (self._folder / "log" / "console").open("wb") as console:
            self._process = subprocess.Popen(
                tied([*self._tools.asterisk, "-f", "-C", str(self._folder / "etc/asterisk.conf")]),
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=self._environment, cwd=self._folder,
            )
        try:
            self._wait_until_booted()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_booted(self) -> None:
        process = self._process
        assert process is not None
        try:
            eventually(lambda: process.poll() is not None or "fully booted" in self._run_cli("core waitfullybooted"))
        except AssertionError as error:
            raise AsteriskFailed(f"asterisk did not start: {error}:\n{self.log_tail()}") from error
        if process.poll() is not None:
            raise AsteriskFailed(f"asterisk ended with {process.returncode} at its start:\n{self.log_tail()}")

    def _run_cli(self, command: str) -> str:
        words = [*self._tools.asterisk, "-C", str(self._folder / "etc/asterisk.conf"), "-rx", command]
        try:
            return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=PATIENCE_S).stdout
        except subprocess.TimeoutExpired as error:
            raise AsteriskFailed(f"asterisk did not answer `{command}` in {PATIENCE_S:.0f} s:\n{self.log_tail()}") from error

    def cli(self, command: str) -> str:
        """Say one command on Asterisk's console and answer what it printed."""
        if self._process is None or self._process.poll() is not None:
            raise AsteriskFailed(f"asterisk does not run, so `{command}` was not said:\n{self.log_tail()}")
        return self._run_cli(command)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log_tail(self, lines: int = 60) -> str:
        """Answer the end of Asterisk's log, and of its console where it wrote no log."""
        for path in (self.log, self._folder / "log" / "console"):
            if path.exists() and (text := path.read_text(errors="replace")):
                return "\n".join(text.splitlines()[-lines:])
        return "(asterisk wrote no log)"


def _section(name: str, lines: list[str]) -> str:
    return f"[{name}]\n" + "\n".join(lines) + "\n\n"
