"""The simulated camera against the bytes of the known client (`tests.support.fake_camera`)."""

from __future__ import annotations

from itertools import islice

import pytest

from agent.camera.hk import packets
from agent.camera.hk.packets import AckMode
from agent.camera.hk.simulator.camera_side import CameraSide
from agent.camera.hk.simulator.session_base import Manners
from tests.support.fake_camera import (
    FIRST_ACK,
    HELLO,
    RESOURCE_REQUEST,
    SESSION_DELETE,
    SESSION_START,
    status,
)

CLIENT, OTHER = "client", "other"
OPENING = (
    HELLO,
    status(0x82, 6),
    status(0xA2, 6),
    status(0x62, 6),
    RESOURCE_REQUEST,
    FIRST_ACK,
    SESSION_START,
)


def hear(side: CameraSide, *datagrams: bytes, now: float = 0.0, client: str = CLIENT) -> list[int]:
    """What the camera sends in reply to each datagram, by length."""
    for datagram in datagrams:
        side.receive(datagram, client, now)
    return [len(datagram) for datagram, _ in side.to_send()]


def opened(manners: Manners | None = None) -> CameraSide:
    side = CameraSide(manners or Manners())
    hear(side, *OPENING)
    assert side.streaming_to == CLIENT
    return side


def test_the_known_clients_bytes_open_a_session_without_complaint() -> None:
    side = CameraSide(Manners())

    assert [hear(side, datagram) for datagram in OPENING] == [[], [13], [], [13], [155], [], [368]]
    assert side.complaints == []


def test_a_yes_has_bit_4_set_in_its_kind_and_the_clients_tag() -> None:
    side = CameraSide(Manners())
    side.receive(HELLO, CLIENT, 0.0)
    side.receive(status(0x82, 6), CLIENT, 0.0)

    assert side.to_send() == [(status(0x92, 6), CLIENT)]


def test_lengths_and_extra_packets_are_chosen_by_its_manners() -> None:
    side = CameraSide(Manners(0, 156, 372, extra_early=True, extra_late=True))
    hear(side, *OPENING[:4])

    assert hear(side, RESOURCE_REQUEST) == [42, 156]
    assert hear(side, FIRST_ACK, SESSION_START) == [42, 372]


def test_refusals_are_repeated_until_they_become_a_yes() -> None:
    side = CameraSide(Manners(refusals=2))
    side.receive(HELLO, CLIENT, 0.0)
    side.receive(status(0x82, 6), CLIENT, 0.0)
    said = []

    for half in range(4):
        side.tick(half / 2)
        said += [datagram for datagram, _ in side.to_send()]

    assert said == [status(0x92, 0x46), status(0x92, 0x46), status(0x92, 6)]


@pytest.mark.parametrize("missing", range(1, len(OPENING)))
def test_a_step_that_is_left_out_is_complained_about(missing: int) -> None:
    side = CameraSide(Manners())

    hear(side, *OPENING[:missing], *OPENING[missing + 1 :])
    hear(side, packets.ack("1"))

    assert side.complaints
    assert side.streaming_to is None


@pytest.mark.parametrize("step", range(1, len(OPENING)))
def test_a_changed_byte_is_complained_about(step: int) -> None:
    side = CameraSide(Manners())
    wrong = OPENING[step][:-1] + bytes((OPENING[step][-1] ^ 1,))

    hear(side, *OPENING[:step], wrong)

    assert len(side.complaints) == 1


def test_a_tag_with_bit_6_is_complained_about() -> None:
    side = CameraSide(Manners())

    hear(side, HELLO, status(0x82, 0x46))

    assert "bit 6" in side.complaints[0]


@pytest.mark.parametrize("mode", list(AckMode))
def test_exact_acknowledgements_are_accepted_in_the_mode_of_the_camera(mode: AckMode) -> None:
    side = opened(Manners(ack=mode))

    for text in islice(packets.ack_texts(mode), 500):
        side.sent(5)
        hear(side, packets.ack(text))

    assert (side.acks, side.complaints) == (500, [])


@pytest.mark.parametrize("wrong", [packets.ack("2"), HELLO[:-1], packets.ack("1") + b"\0"])
def test_a_wrong_acknowledgement_is_complained_about(wrong: bytes) -> None:
    side = opened()
    side.sent(5)

    hear(side, wrong)

    assert len(side.complaints) == 1


def test_an_acknowledgement_of_what_was_not_sent_is_complained_about() -> None:
    side = opened()
    side.sent(4)

    hear(side, packets.ack("1"))

    assert "too early" in side.complaints[0]


def test_streaming_stops_when_acknowledgements_stop_and_then_the_session_is_forgotten() -> None:
    side = opened()
    side.sent(16)

    stages = []
    for now in (0.875, 1.0, 1.875, 2.0):
        side.tick(now)
        stages.append((side.streaming_to, side.session is not None))

    assert stages == [(CLIENT, True), (None, True), (None, True), (None, False)]
    assert "streaming stops" in side.complaints[0]


def test_a_session_that_was_acknowledged_too_late_is_forgotten_as_well() -> None:
    """A client that is killed after that says no farewell: others are to be let in."""
    side = opened()
    side.sent(16)
    side.tick(1.0)
    hear(side, packets.ack(next(packets.ack_texts(AckMode.LEGACY))), now=1.5)

    for now in (2.5, 3.5):
        side.tick(now)

    assert side.session is None


def test_a_pause_of_the_pictures_is_not_held_against_the_client() -> None:
    side = opened()
    side.sent(15)

    for second in range(9):
        side.tick(float(second))

    assert side.streaming_to == CLIENT


def test_another_client_is_refused_while_a_session_is_open_and_let_in_after_its_farewell() -> None:
    side = opened()

    hear(side, *OPENING[:2], client=OTHER)
    side.receive(SESSION_DELETE, CLIENT, 0.25)
    side.tick(0.5)
    assert side.to_send() == [(status(0x92, 6), OTHER)]
    hear(side, *OPENING[2:], client=OTHER)

    assert side.streaming_to == OTHER
    assert side.complaints == []


def test_other_peoples_datagrams_are_complained_about_and_change_nothing() -> None:
    side = opened()

    hear(side, SESSION_DELETE, b"", bytes(100), client=OTHER)

    assert len(side.complaints) == 3
    assert side.streaming_to == CLIENT


def test_a_reboot_forgets_everything() -> None:
    side = opened()

    side.forget()

    assert side.session is None
    assert hear(side, *OPENING, client=OTHER)
    assert side.streaming_to == OTHER


def test_complaints_are_counted_beyond_those_that_are_kept() -> None:
    side = CameraSide(Manners())

    hear(side, *[bytes(20)] * 1000)

    assert side.complained == 1000
    assert len(side.complaints) == 200
