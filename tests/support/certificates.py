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


def signed(folder: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """A server with a certificate for that host, and the file of the authority that signed it.

    The authority is made as most people make it at home: without a key usage.
    """

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    mine, its_key = f"{host}.crt", f"{host}.key"
    openssl(
        *("req", "-x509", *key, "-days", "2", "-subj", "/CN=ca"),
        *("-keyout", "ca.key", "-out", "ca.crt"),
    )
    openssl("req", *key, "-subj", f"/CN={host}", "-keyout", its_key, "-out", "request")
    (folder / "san").write_text(f"subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n")
    openssl(
        *("x509", "-req", "-in", "request", "-CA", "ca.crt", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-days", "2", "-extfile", "san", "-out", mine),
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / mine, folder / its_key)
    return server, folder / "ca.crt"
