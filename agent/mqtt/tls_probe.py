"""Does a port that hung up on MQTT speak TLS? Asked once, to give the user the real reason."""

from __future__ import annotations

import socket
import ssl

#: Seconds for the connection and for each step of the handshake.
WITHIN = 2.0


def speaks_tls(host: str, port: int) -> bool:
    """True when a TLS server answers; False also where nobody does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: only the kind of server matters
    try:
        with (
            socket.create_connection((host, port), WITHIN) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except (OSError, ValueError):
        return False
