"""A house's own authority is believed, on every Python."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from agent.runtime.tls import client_context
from tests.support.certificates import signed


def shaken(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Both ends of a handshake, without a network.

    Raises:
        ssl.SSLError: one of them does not believe the other.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for end in (ours, theirs, ours, theirs):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    ours.write(b"hello")
    assert theirs.read(5) == b"hello"


def test_an_authority_without_a_key_usage_is_believed(tmp_path: Path) -> None:
    server, authority = signed(tmp_path, "localhost")
    shaken(client_context(authority), server, "localhost")


def test_another_name_is_not_believed(tmp_path: Path) -> None:
    server, authority = signed(tmp_path, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shaken(client_context(authority), server, "elsewhere")


def test_another_authority_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    server, _ = signed(tmp_path, "localhost")
    _, other = signed(tmp_path / "other", "localhost")
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(client_context(other), server, "localhost")


def test_our_own_certificate_is_shown_to_who_asks_for_one(tmp_path: Path) -> None:
    server, authority = signed(tmp_path, "localhost")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(authority)
    mine, key = tmp_path / "localhost.crt", tmp_path / "localhost.key"
    shaken(client_context(authority, mine, key), server, "localhost")
    with pytest.raises(ssl.SSLError):
        shaken(client_context(authority), server, "localhost")
