from __future__ import annotations

import pytest

from agent.camera.hk.address import HkAddress, parse_hk_url
from agent.camera.hk.dialects import Dialect
from agent.camera.hk.packets import AckMode
from agent.core.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("hk://192.0.2.2", HkAddress("192.0.2.2")),
        ("hk://cam.example:5001/", HkAddress("cam.example", 5001)),
        ("hk://[2001:db8::2]", HkAddress("2001:db8::2")),
        ("hk://[fe80::1%25eth0]:6", HkAddress("fe80::1%eth0", 6)),
        ("HK://cam?ack=counter", HkAddress("cam", 5000, AckMode.COUNTER)),
        ("hk://cam?ack=legacy", HkAddress("cam")),
        ("hk://cam?dialect=1", HkAddress("cam", dialect=Dialect.FIRST)),
        ("hk://cam?dialect=2&id=K-7", HkAddress("cam", dialect=Dialect.SECOND, hkid="K-7")),
    ],
)
def test_a_url_names_host_port_and_acknowledgements(url: str, address: HkAddress) -> None:
    assert parse_hk_url(url) == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hk://", "no host"),
        ("hk://:5000", "no host"),
        ("hk://a b", "no host"),
        ("hk://cam:99999", "port is no number from 1 to 65535"),
        ("hk://cam:five", "port is no number from 1"),
        ("hk://cam:0", "port is no number from 1"),
        ("hk://[::1", "cannot be read"),
        ("hk://cam/stream", "no path"),
        ("hk://cam#x", "no path or fragment"),
        ("hk://cam?acks=counter", "unknown option 'acks'; known: ack"),
        ("hk://cam?ack=both", "allowed: legacy, counter"),
        ("hk://cam?dialect=3", "allowed: 1, 2"),
        ("hk://cam?id=5000%3BMainCmd", "see `discover`"),
        ("rtsp://cam", "not an hk:// URL"),
    ],
)
def test_a_wrong_url_is_refused_by_the_part_that_is_wrong(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_hk_url(url)


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_hk_url("hk://admin:hunter2@cam")

    assert "hunter2" not in str(caught.value)
