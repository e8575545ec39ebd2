"""TLS connections that we open: which certificates are believed, the same on every Python."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context(
    ca: Path | None = None, cert: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Believes an authority and looks at the host's name.

    Python 3.13 began to refuse an authority whose certificate lacks a key usage. Most authorities
    that people make at home lack it, so this check is left out.

    Args:
        ca: PEM file of the only authority that is believed; None: those of the system.
        cert: PEM file of our own certificate, shown to who asks for one.
        key: PEM file of its key; None: it is in `cert`.

    Raises:
        OSError: a file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context
