"""The simulated camera of the second dialect against bytes written by hand."""

from __future__ import annotations

import pytest

from agent.camera.hk import packets, packets2
from agent.camera.hk.simulator.camera_side2 import POLL_EVERY, POLL_PATIENCE, CameraSide2
from agent.camera.hk.simulator.session_base import Manners
from tests.support import fake_camera
from tests.support.fake_camera2 import PING_82, PING_A2, PING_ANSWER, opening_poll, poll_answer

CLIENT, OTHER = "client", "other"
ID = b"5000"
REQUEST = packets2.resource_request("5000")


def hear(
    side: CameraSide2, *datagrams: bytes, now: float = 0.0, client: str = CLIENT
) -> list[bytes]:
    for datagram in datagrams:
        side.receive(datagram, client, now)
    return [datagram for datagram, _ in side.to_send()]


def opened() -> CameraSide2:
    side = CameraSide2(Manners())
    hear(side, *[PING_82] * 3, *[PING_A2] * 9, REQUEST)
    hear(side, opening_poll(ID, 1), opening_poll(ID, 2), packets2.SESSION_START)
    assert side.streaming_to == CLIENT
    assert side.complaints == []
    return side


def test_a_session_opens_in_the_order_that_others_saw() -> None:
    side = CameraSide2(Manners())

    assert hear(side, *[PING_82] * 3) == [PING_ANSWER] * 3
    assert hear(side, *[PING_A2] * 9, REQUEST, opening_poll(ID, 1)) == []
    (created,) = hear(side, opening_poll(ID, 2))
    assert packets2.says(created, packets2.CREATED)
    assert hear(side, packets2.SESSION_START) == []
    assert side.sessions == 1
    assert side.complaints == []


def test_a_request_for_another_camera_is_not_answered() -> None:
    side = CameraSide2(Manners(hkid="77"))

    hear(side, *[PING_82] * 3, *[PING_A2] * 9, REQUEST)

    assert side.complaints == ["resource request of 5000, I am 77"]


def test_a_client_that_tries_the_first_dialect_first_is_in_its_right() -> None:
    side = CameraSide2(Manners())

    assert hear(side, fake_camera.HELLO, fake_camera.status(0x82, 6)) == []
    assert side.complaints == []
    hear(side, fake_camera.SESSION_START)
    assert side.complained == 1


@pytest.mark.parametrize(
    "datagram", [PING_A2 + b"!", packets2.SESSION_START, opening_poll(ID, 1), b"?"]
)
def test_what_does_not_belong_to_a_step_is_complained_about(datagram: bytes) -> None:
    side = CameraSide2(Manners())
    hear(side, PING_82)

    hear(side, datagram)

    assert side.complained == 1
    assert "nine pings a2" in side.complaints[0]


def test_the_camera_polls_and_stops_when_nobody_answers() -> None:
    side = opened()
    side.tick(0.0)
    (poll,) = hear(side)
    assert packets2.is_poll(poll)
    assert side.next_tick() == POLL_EVERY

    hear(side, poll_answer(ID, 3), now=1.0)
    side.tick(1.5)
    assert side.streaming_to == CLIENT
    side.tick(1.0 + POLL_PATIENCE)
    assert side.streaming_to is None
    assert "no ICMD1" in side.complaints[0]

    side.tick(10.0 + POLL_PATIENCE)
    assert side.session is None, "others are let in"


def test_acknowledgements_may_carry_any_number_but_must_be_some() -> None:
    side = opened()
    side.sent(10)

    hear(side, packets.ack("857"), now=0.1)
    assert side.complaints == []
    hear(side, packets.ack("x"), now=0.2)
    assert side.acks == 2
    assert side.complained == 1


def test_a_farewell_frees_the_camera_for_the_next_client() -> None:
    side = opened()

    assert hear(side, PING_82, client=OTHER) == []
    hear(side, packets2.SESSION_DELETE)
    assert hear(side, PING_82, client=OTHER) == [PING_ANSWER]
    side.forget()
    assert side.streaming_to is None


def test_strange_packets_in_a_session_are_complained_about() -> None:
    side = opened()

    hear(side, opening_poll(ID, 9))
    assert side.complained == 0
    hear(side, b"?", PING_A2)
    assert side.complained == 2
