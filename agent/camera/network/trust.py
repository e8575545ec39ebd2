"""Which certificates of an HTTPS camera are believed."""

from __future__ import annotations

import ssl
from pathlib import Path

from agent.core.errors import ConfigError, reason_of
from agent.runtime.tls import client_context


def trusting(ca: Path | None = None, *, insecure: bool = False) -> ssl.SSLContext:
    """What a connection is opened with.

    Args:
        ca: PEM file of the camera's own certificate, or of the authority that signed it, believed
            instead of the public authorities. A camera is addressed by a number that its
            certificate seldom has, so the host's name is not looked at.
        insecure: anything is believed.

    Raises:
        ConfigError: the file cannot be read, or holds no certificate.
    """
    if not insecure and ca is None:
        return client_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if insecure:
        context.verify_mode = ssl.CERT_NONE
        return context
    # the camera's own certificate is enough, with any signature
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError as error:
        raise ConfigError(f"{ca}: no certificate in it; a PEM file is needed") from error
    except OSError as error:
        words = f"{reason_of(error)}; name a PEM file that the agent may read"
        raise ConfigError(f"{ca}: {words}") from error
    return context
