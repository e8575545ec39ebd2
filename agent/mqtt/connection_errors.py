"""Why there is no connection, in words: codes of both protocols and errors of the network. Pure."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass

from agent.runtime.redaction import excerpt

_LOGIN = "mqtt.username and mqtt.password (or the file of mqtt.password_file)"
#: MQTT 5.0 section 2.4. `code` is what health and `<A>/error` show.
_MQTT5: dict[int, tuple[str, str]] = {
    0x81: ("protocol", "the broker calls a packet malformed"),
    0x82: ("protocol", "the broker reports a protocol error"),
    0x84: ("protocol", "the broker does not speak this version of MQTT"),
    0x85: ("refused", "the broker does not accept this client id: set mqtt.client_id"),
    0x86: ("refused", f"user name or password is wrong: check {_LOGIN}"),
    0x87: (  # Mosquitto's word for a wrong password, too
        "refused",
        f"the broker does not let this user in: check {_LOGIN}, and the broker's ACL",
    ),
    0x88: ("unreachable", "the broker is not available now"),
    0x89: ("unreachable", "the broker is busy"),
    0x8A: ("refused", "the broker has banned this client"),
    0x8B: ("lost", "the broker is shutting down"),
    0x8D: ("lost", "the broker heard nothing from us for too long"),
    0x8E: (
        "taken_over",
        "another client connected with our client id: stop the other agent, or set mqtt.client_id",
    ),
    0x93: ("quota", "the broker received more messages at once than it allows"),
    0x95: ("packet_too_large", "a message was too large for the broker: lower mqtt.max_image_kb"),
    0x96: ("quota", "the broker receives messages too fast"),
    0x97: ("quota", "a quota of the broker is used up"),
    0x9C: ("refused", "the broker wants us to use another server"),
    0x9D: ("refused", "the broker has moved to another server"),
    0x9F: ("quota", "the broker allows fewer connections at a time"),
}

#: Of DISCONNECT, where the same codes speak of what we said in a connection that stood.
_KICKED: dict[int, str] = {
    0x81: "the broker calls a packet of ours malformed",
    0x82: "the broker calls a packet of ours a protocol error",
    0x87: "the broker does not allow something that we said: check its ACL",
    0x90: "the broker does not take a topic of ours",
    0x98: "the broker's administrator ended the connection",
    0x99: "the broker does not take the payload of a message of ours",
}

#: Codes after which only a person can help, or another client is in the way: retried rarely.
PATIENT = frozenset({"refused", "taken_over", "tls"})


@dataclass(frozen=True, slots=True)
class Why:
    """Why there is no connection: a code for machines, a reason for people."""

    code: str
    reason: str

    @property
    def patient(self) -> bool:
        """True when trying again soon cannot help."""
        return self.code in PATIENT


def from_reason_code(value: int, name: str) -> Why:
    """A reason code of CONNACK or DISCONNECT; paho translates those of 3.1.1 into MQTT 5's."""
    code, reason = _MQTT5.get(value, ("lost", f"the broker said: {name}"))
    return Why(code, f"{reason} (0x{value:02x})")


def from_disconnect(value: int, name: str) -> Why:
    """A reason code with which a broker ended a connection that stood.

    It speaks of what we said in it, not of version, password or client id.
    """
    if value in _KICKED:
        return Why("kicked", f"{_KICKED[value]} (0x{value:02x})")
    return from_reason_code(value, name)


def because_of(where: str, topic: str, size: int | None) -> Why:
    """The broker ended the connection while a message was under way that it does not take.

    `size` of the packet; None: what it does not take is the response topic of a request.
    """
    if size is None:
        words = f"cut off at an answer to {excerpt(topic, 40)!r}, the response topic of a request"
        return Why("kicked", f"{where}: {words}; the broker's log may say why")
    words = f"cut off at a packet of {size} bytes ({topic}): larger than the broker takes"
    return Why("packet_too_large", f"{where}: {words}")


def from_error(error: BaseException | None, where: str, *, tls: bool = False) -> Why:
    """An error of name look-up, TCP or TLS while connecting to `where`.

    `tls`: it was to speak TLS.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "check mqtt.tls.ca, and mqtt.host against the certificate"
        words = getattr(error, "verify_message", None) or str(error)
        return Why("tls", f"{where}: the broker's certificate: {words}; {hint}")
    if isinstance(error, ssl.SSLError):
        words = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        return Why("tls", f"{where}: {words}; does this port speak TLS, and is mqtt.tls right?")
    if tls and isinstance(error, ConnectionResetError):
        words = "the connection was cut in the midst of the TLS handshake"
        return Why("tls", f"{where}: {words}; does this port speak TLS, and is mqtt.tls right?")
    if isinstance(error, socket.gaierror | UnicodeError):
        return Why("unreachable", f"{where}: the name is not known: check mqtt.host")
    if isinstance(error, TimeoutError):
        return Why("unreachable", f"{where}: no answer")
    if isinstance(error, ConnectionRefusedError):
        return Why(
            "unreachable",
            f"{where}: nobody listens there: does a broker run? check mqtt.host and mqtt.port",
        )
    if isinstance(error, OSError) and error.errno is not None:
        word = errno.errorcode.get(error.errno, str(error.errno))
        return Why("unreachable", f"{where}: {error.strerror or error} ({word})")
    return Why("unreachable", f"{where}: {error}")
