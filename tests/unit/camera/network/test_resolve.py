from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from agent.camera.network import resolve
from agent.camera.network.resolve import LookUps, Resolver, Unanswered
from agent.core.errors import CameraNotFound
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.waiting import wait_until

CLOCK = SystemClock()
FOUND = [(socket.AF_INET6, 0, 0, "", ("::9", 0, 0, 0)), (socket.AF_INET, 0, 0, "", ("10.0.0.9", 0))]


@pytest.fixture
def me() -> Worker:
    return Worker("yard.camera", lambda _w: None, CLOCK, lambda _n, _e: None)


class NameServer:
    """A look-up that hangs until it is answered."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = threading.Event()

    def getaddrinfo(self, host: str, *_rest: object, flags: int = 0, **_more: object) -> Any:  # noqa: ANN401
        """As the system's, of one name."""
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is no number")
        self.asked += 1
        self.answers.wait(30.0)
        return FOUND


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    made = NameServer()
    monkeypatch.setattr(resolve, "DEADLINE", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


def test_however_often_a_name_is_asked_for_one_thread_waits(server: NameServer, me: Worker) -> None:
    look_ups, before = LookUps(), threading.active_count()
    for port in (80, 554, 80):
        with pytest.raises(CameraNotFound, match="host name cam not found: no answer"):
            Resolver("cam", port, CLOCK, look_ups).find(me)
    assert (server.asked, threading.active_count() - before) == (1, 1)
    server.answers.set()
    wait_until("the thread has ended", lambda: threading.active_count() == before)


def test_an_answer_that_comes_late_is_used_by_whoever_asks_next(
    server: NameServer, me: Worker
) -> None:
    look_ups, before = LookUps(), threading.active_count()
    with pytest.raises(CameraNotFound):
        Resolver("cam", 80, CLOCK, look_ups).find(me)
    server.answers.set()
    wait_until("it was answered", lambda: threading.active_count() == before)
    assert Resolver("cam", 554, CLOCK, look_ups).find(me) == (socket.AF_INET, ("10.0.0.9", 554))
    assert server.asked == 1
    Resolver("cam", 554, CLOCK, look_ups).find(me)
    assert server.asked == 2


def test_a_number_is_not_looked_up(me: Worker) -> None:
    assert Resolver("127.0.0.1", 80, CLOCK).find(me) == (socket.AF_INET, ("127.0.0.1", 80))
    assert Resolver("::1", 80, CLOCK).find(me) == (socket.AF_INET6, ("::1", 80, 0, 0))


TWO = [(family, address) for family, _, _, _, address in FOUND]


def test_of_two_addresses_the_other_one_is_next_when_nobody_answers() -> None:
    unanswered = Unanswered()
    tried = []
    for _ in range(4):
        address = str(unanswered.best(TWO)[1][0])
        unanswered.say(address, taken=False)
        tried.append(address)
    assert tried == ["10.0.0.9", "::9", "10.0.0.9", "::9"]


def test_the_address_that_answers_is_kept() -> None:
    unanswered = Unanswered()
    unanswered.say("10.0.0.9", taken=False)
    unanswered.say("::9", taken=True)
    assert [str(unanswered.best(TWO)[1][0]) for _ in range(3)] == ["::9"] * 3
    unanswered.say("10.0.0.9", taken=True)
    assert unanswered.best(TWO)[1][0] == "10.0.0.9"


def test_of_addresses_without_end_the_oldest_are_forgotten() -> None:
    unanswered = Unanswered()
    for number in range(1000):
        unanswered.say(f"10.0.{number // 250}.{number % 250}", taken=False)
    assert len(unanswered._addresses) == 256
