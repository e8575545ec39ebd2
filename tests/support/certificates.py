"""Certificates as cameras make them for themselves."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


def self_signed(folder: Path, name: str = "camera") -> Path:
    """A new certificate that nobody signed, with its key behind it, for a number of no use here."""
    file = folder / f"{name}.pem"
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", file, "-out", "-"),
            *("-addext", "subjectAltName=IP:192.0.2.1"),
        ],
        check=True,
        capture_output=True,
    )
    with file.open("ab") as both:
        both.write(made.stdout)
    return file


def serving(certificate: Path) -> ssl.SSLContext:
    """For a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
