"""What systemd hears, over a real unix datagram socket."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.runtime.systemd_notify import SOCKET, Notifier
from tests.support.systemd import NotifySocket


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifySocket]:
    with NotifySocket(tmp_path) as listening:
        monkeypatch.setenv(SOCKET, listening.address)
        yield listening


def test_systemd_hears_the_life_of_the_service_in_its_words(
    systemd: NotifySocket,
) -> None:
    with Notifier() as notifier:
        notifier.ready()
        notifier.alive()
        notifier.leaving(again=False)
    assert systemd.listen() == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_new_start_in_the_same_process_is_a_reload(systemd: NotifySocket) -> None:
    with Notifier() as notifier:
        notifier.leaving(again=True)
    assert systemd.listen() == ["RELOADING=1"]


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOCKET, raising=False)
    opened = open_descriptors()
    with Notifier() as notifier:
        notifier.ready()
        notifier.alive()
        assert open_descriptors() == opened  # no socket was made


def test_a_systemd_that_does_not_read_keeps_nobody_waiting(systemd: NotifySocket) -> None:
    with Notifier() as notifier:
        for _ in range(5000):
            notifier.alive()
    assert 0 < len(systemd.listen()) < 5000


def test_a_socket_that_is_not_there_is_said_once_and_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SOCKET, str(tmp_path / "nothing"))
    with caplog.at_level(logging.WARNING), Notifier() as notifier:
        notifier.ready()
    assert "cannot be reached" in caplog.text


def test_a_socket_without_a_file_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"surveillance-test-{os.getpid()}"
    monkeypatch.setenv(SOCKET, f"@{name}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.setblocking(False)
        with Notifier() as notifier:
            notifier.ready()
        assert listening.recv(100) == b"READY=1"
