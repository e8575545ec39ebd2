from __future__ import annotations

import errno
import socket
import ssl

import pytest

from agent.mqtt.connection_errors import from_disconnect, from_error, from_reason_code


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (0x84, "protocol", "version"),
        (0x86, "refused", "mqtt.password"),
        (0x87, "refused", "mqtt.username"),
        (0x85, "refused", "mqtt.client_id"),
        (0x88, "unreachable", "not available"),
        (0x8E, "taken_over", "mqtt.client_id"),
        (0x95, "packet_too_large", "mqtt.max_image_kb"),
        (0x97, "quota", "quota"),
        (0xA2, "lost", "Something new (0xa2)"),
    ],
)
def test_a_reason_code_says_what_to_change(value: int, code: str, words: str) -> None:
    why = from_reason_code(value, "Something new")
    assert why.code == code
    assert words in why.reason


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *((value, "kicked") for value in (0x81, 0x82, 0x87, 0x90, 0x98)),
        (0x8E, "taken_over"),
        (0x95, "packet_too_large"),
        (0x8B, "lost"),
    ],
)
def test_the_end_of_a_connection_that_stood_speaks_of_what_was_said_in_it(
    value: int, code: str
) -> None:
    assert from_disconnect(value, "").code == code


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "unreachable", "mqtt.host"),
        (UnicodeError("label empty"), "unreachable", "mqtt.host"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "unreachable", "mqtt.port"),
        (TimeoutError("timed out"), "unreachable", "no answer"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "unreachable", "EHOSTUNREACH"),
        (ssl.SSLError(1, "wrong version number"), "tls", "speak TLS"),
        (None, "unreachable", "broker:1883"),
    ],
)
def test_an_error_names_the_broker_and_the_key(
    error: Exception | None, code: str, words: str
) -> None:
    why = from_error(error, "broker:1883")
    assert why.code == code
    assert words in why.reason
    assert why.reason.startswith("broker:1883")


def test_only_what_a_person_must_mend_is_tried_seldom() -> None:
    assert from_reason_code(0x86, "").patient
    assert not from_reason_code(0x88, "").patient
    assert not from_error(TimeoutError(), "x").patient
