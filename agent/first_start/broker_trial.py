"""Logs in at a broker once: no will, nothing published, nothing subscribed."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.mqtt.connection_errors import Why, from_error, from_reason_code
from agent.runtime.clock import Clock
from agent.runtime.redaction import hide, redact
from agent.runtime.tls import client_context

#: Seconds for a connection, and for the broker's answer.
_CONNECT_WITHIN, _ANSWER_WITHIN = 5.0, 8.0


def tried(  # the fields of the form
    host: str, port: int, user: str, password: str, clock: Clock, *, tls: bool
) -> dict[str, Any]:
    """Whether the broker lets this user in; else why not, and what helps."""
    hide(password)
    where = f"{host}:{port}"
    answers: list[ReasonCode] = []
    # 3.1.1, since every broker speaks it
    client = paho.Client(
        CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311, client_id=""
    )
    client.connect_timeout = _CONNECT_WITHIN
    client.on_connect = lambda _client, _data, _flags, code, _more: answers.append(code)
    if user:
        client.username_pw_set(user, password)
    try:
        if tls:
            client.tls_set_context(client_context(None, None, None))
        client.connect(host, port, keepalive=10)
        until = clock.monotonic() + _ANSWER_WITHIN
        while not answers and clock.monotonic() < until:
            if client.loop(0.2) != paho.MQTT_ERR_SUCCESS:
                break
        client.disconnect()
    except (OSError, ValueError) as error:
        return _no(from_error(error, where, tls=tls))
    if not answers:
        return _no(Why("unreachable", f"{where}: takes the connection, and says nothing of MQTT"))
    if answers[0].is_failure:
        return _no(from_reason_code(answers[0].value, answers[0].getName()))
    return {"ok": True, "message": f"{where}: the broker lets us in"}


def of_the_demo(host: str, port: int, demo: int) -> str:
    """Why this broker is none for an agent; empty: it is not the demo's own.

    Args:
        host: of a broker.
        port: of that broker.
        demo: the port of the demo's broker, which listens on this machine only.
    """
    if port != demo:
        return ""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ""
    if not any(ipaddress.ip_address(str(it[4][0]).partition("%")[0]).is_loopback for it in found):
        return ""
    return (
        f"{host}:{port} is the broker of this demo, and ends with it: name the broker that Home"
        " Assistant uses, or say that you have none"
    )


def _no(why: Why) -> dict[str, Any]:
    return {"ok": False, "message": redact(why.reason)}
