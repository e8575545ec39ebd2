from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.hk import packets, packets2
from agent.camera.hk.link2 import CREATE_TIMEOUT, SecondLink
from agent.camera.hk.link_base import NO_IMAGE, NO_MORE_IMAGES, Ended, Opened
from agent.core.errors import CameraError, CameraUnreachable, SessionLost
from tests.support import fake_camera2
from tests.support.fake_camera2 import CAMERA_POLL, PING_A2, PING_ANSWER, fragment, poll_answer

FRAGMENT = fragment(700, b"\x55" * 900)
ID = b"5000"


def pinged(now: float = 0.0) -> SecondLink:
    link = SecondLink("5000", now)
    link.to_send()
    assert not link.receive(PING_ANSWER, now)
    return link


def opened() -> SecondLink:
    link = pinged()
    link.receive(fake_camera2.created(), 0.0)
    link.to_send()
    assert link.receive(FRAGMENT, 0.0)
    assert link.events() == [Opened()]
    return link


def error_of(link: SecondLink) -> CameraError:
    (event,) = link.events()
    assert isinstance(event, Ended)
    return event.error


def test_three_pings_greet_the_camera() -> None:
    assert SecondLink("5000", 0.0).to_send() == [fake_camera2.PING_82] * 3


def test_an_answered_ping_is_followed_by_nine_others_the_request_and_a_poll() -> None:
    sent = pinged().to_send()

    assert sent[:9] == [PING_A2] * 9
    assert sent[9:] == [packets2.resource_request("5000"), fake_camera2.opening_poll(ID, 1)]


def test_the_camera_is_polled_until_it_creates_the_session() -> None:
    link = pinged()
    link.to_send()

    assert link.next_tick() == packets2.POLL_INTERVAL
    link.tick(0.125)
    assert link.to_send() == []
    link.tick(0.25)
    assert link.to_send() == [fake_camera2.opening_poll(ID, 2)]
    link.receive(fake_camera2.created(), 0.25)
    assert link.to_send() == [packets2.SESSION_START]
    assert link.events() == []


def test_image_data_opens_the_session_and_belongs_to_the_assembler() -> None:
    link = opened()

    assert link.is_open
    assert not link.is_over


def test_what_is_said_once_more_opens_nothing() -> None:
    link = pinged()
    link.receive(fake_camera2.created(), 0.0)

    assert not link.receive(fake_camera2.created(), 0.1)
    assert not link.receive(PING_ANSWER, 0.1)
    assert not link.is_open


def test_a_poll_of_the_camera_is_answered_at_once_and_is_no_image_data() -> None:
    link = opened()
    link.to_send()

    assert not link.receive(CAMERA_POLL, 0.0625)
    assert link.to_send() == [poll_answer(ID, 2)]


def test_before_the_session_is_open_a_poll_is_answered_too() -> None:
    link = pinged()
    link.to_send()

    link.receive(CAMERA_POLL, 0.0625)

    assert link.to_send() == [poll_answer(ID, 2)]


@pytest.mark.parametrize("by_data", [True, False])
def test_presence_is_said_unasked_whether_data_flows_or_not(*, by_data: bool) -> None:
    link = opened()
    link.to_send()

    if by_data:
        link.receive(FRAGMENT, 0.25)
    else:
        link.tick(0.25)

    assert link.to_send() == [poll_answer(ID, 2)]


def test_every_fifth_datagram_that_is_no_poll_is_acknowledged() -> None:
    link = opened()
    sent: list[bytes] = []
    for number in range(9):
        link.receive(CAMERA_POLL, 0.0)
        link.receive(fragment(701 + number, b"\x55" * 900), 0.0)
        sent += link.to_send()

    acks = [datagram for datagram in sent if datagram[4] == packets.KIND_ACK]
    assert acks == [packets.ack("1"), packets.ack("6")]


def test_control_packets_among_the_data_are_not_handed_on() -> None:
    link = opened()

    assert not link.receive(PING_ANSWER, 0.1)
    assert not link.receive(fake_camera2.created(), 0.1)
    assert link.short == 1


@pytest.mark.parametrize(
    ("link", "at", "words"),
    [
        (SecondLink("5000", 0.0), 2.0, "first status"),
        (pinged(), CREATE_TIMEOUT, "resource request for 5 s"),
    ],
)
def test_an_unanswered_step_ends_the_attempt(link: SecondLink, at: float, words: str) -> None:
    link.tick(at)

    error = error_of(link)
    assert isinstance(error, CameraUnreachable)
    assert words in str(error)
    assert link.is_over
    assert link.next_tick() == float("inf")


def test_silence_and_polls_without_pictures_end_the_session() -> None:
    silent = opened()
    silent.tick(2.0)
    assert isinstance(error_of(silent), SessionLost)

    blank = opened()
    for eighth in range(1, int(NO_IMAGE * 8) + 1):
        blank.receive(CAMERA_POLL, eighth / 8)
        blank.tick(eighth / 8)
    assert "no image data" in str(error_of(blank))


def test_once_pictures_came_their_absence_is_noticed_sooner() -> None:
    link = opened()
    assert link.receive(FRAGMENT, 1.0)
    for eighth in range(8, int((1.0 + NO_MORE_IMAGES) * 8)):
        link.receive(CAMERA_POLL, eighth / 8)
        link.tick(eighth / 8)
    assert link.is_open
    link.tick(1.0 + NO_MORE_IMAGES)
    assert f"no image data for {NO_MORE_IMAGES:g} s" in str(error_of(link))


def test_a_farewell_of_the_camera_ends_the_session() -> None:
    link = opened()

    assert not link.receive(packets2.SESSION_DELETE, 0.1)

    assert isinstance(error_of(link), SessionLost)


def test_closing_tells_the_camera_where_it_may_know_the_session() -> None:
    early = SecondLink("5000", 0.0)
    early.to_send()
    early.close(0.1)
    assert early.to_send() == []

    for link in (pinged(), opened()):
        link.to_send()
        link.close(0.1)
        assert link.to_send() == [packets2.SESSION_DELETE]
        assert not link.receive(FRAGMENT, 9.0)


@given(st.lists(st.binary(max_size=2049), max_size=60), st.booleans())
def test_no_bytes_raise_in_any_stage(datagrams: list[bytes], is_open: bool) -> None:  # noqa: FBT001
    link = opened() if is_open else pinged()
    link.to_send()

    for index, datagram in enumerate(datagrams):
        link.receive(datagram, index / 8)
        link.tick(index / 8)
        assert len(link.to_send()) <= 4
        link.events()
    assert len(link.trace) <= 200
