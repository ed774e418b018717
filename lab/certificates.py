"""A certificate for a server on loopback, made when it is needed and good for a day.

Lab.  It is its own authority: a client that is given it as `ssl_ca_certs` trusts this server and no other.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path

    @property
    def options(self) -> list[str]:
        """What a server is started with; a client needs no certificate of its own."""
        return ["--tls-cert-file", str(self.certificate), "--tls-key-file", str(self.key),
                "--tls-ca-cert-file", str(self.certificate), "--tls-auth-clients", "no"]


def make_certificate(folder: Path, name: str) -> Certificate | str:
    """A certificate for 127.0.0.1, or the reason why none can be had."""
    if shutil.which("openssl") is None:
        return "there is no openssl on this machine; on Debian: apt-get install openssl"
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
         "-keyout", str(made.key), "-out", str(made.certificate)], check=True, capture_output=True)
    return made
