from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.hk import packets
from agent.camera.hk.link import NO_IMAGE, REFUSALS, CameraLink, Ended, LinkEvent, Opened
from agent.camera.hk.packets import AckMode
from agent.core.errors import CameraError, CameraRefused, CameraUnreachable, SessionLost
from tests.support import fake_camera
from tests.support.fake_camera import FakeCamera, status

FRAGMENT = bytes(904)
FIRST = bytes(15) + b"\xff\xd8\xff\xe0" + bytes(885)


def talk(link: CameraLink, camera: FakeCamera, now: float = 0.0) -> list[LinkEvent]:
    """Carries datagrams to and fro until both are silent."""
    while sent := link.to_send():
        for datagram in sent:
            for reply in camera.answer(datagram):
                link.receive(reply, now)
    return link.events()


def opened(camera: FakeCamera | None = None, mode: AckMode = AckMode.LEGACY) -> CameraLink:
    link = CameraLink(6, 0.0, mode)
    assert talk(link, camera or FakeCamera()) == [Opened()]
    return link


def error_of(events: list[LinkEvent]) -> CameraError:
    (event,) = events
    assert isinstance(event, Ended)
    return event.error


def test_a_session_opens_in_the_proven_order() -> None:
    camera = FakeCamera()

    opened(camera)

    assert camera.heard == [
        "hello",
        "status 82",
        "status a2",
        "status 62",
        "resource",
        "first ack",
        "start",
    ]


@pytest.mark.parametrize("resource_reply", [155, 156])
@pytest.mark.parametrize("start_reply", [334, 368, 372])
@pytest.mark.parametrize("extra", [(False, False), (True, False), (False, True), (True, True)])
def test_every_known_length_opens_a_session_with_and_without_the_42_bytes(
    resource_reply: int, start_reply: int, extra: tuple[bool, bool]
) -> None:
    camera = FakeCamera(
        resource_reply=resource_reply,
        start_reply=start_reply,
        extra_early=extra[0],
        extra_late=extra[1],
    )

    assert opened(camera).is_open


@pytest.mark.parametrize("refusals", range(REFUSALS))
def test_a_refusal_is_read_again_up_to_four_times(refusals: int) -> None:
    assert opened(FakeCamera(refusals=refusals)).is_open


def test_five_refusals_end_the_attempt() -> None:
    link = CameraLink(6, 0.0)
    camera = FakeCamera(refusals=REFUSALS)

    assert isinstance(error_of(talk(link, camera)), CameraRefused)
    assert camera.heard == ["hello", "status 82"]


@pytest.mark.parametrize("reply", [status(0x92, 6 | 0x40), status(0x82, 6), status(0xA2, 6)])
def test_only_a_92_without_bit_6_is_a_yes(reply: bytes) -> None:
    link = CameraLink(6, 0.0)
    link.to_send()

    link.receive(reply, 0.0)

    assert link.to_send() == []


def test_a_reply_of_unknown_length_counts_if_its_header_is_valid() -> None:
    text = packets.encode(packets.Packet(packets.KIND_COMMAND, code=9, text=b"MainCmd=Any;"))
    camera = FakeCamera()
    camera.resource_reply = camera.start_reply = text

    assert opened(camera).is_open


@pytest.mark.parametrize("silent_at", ["status 82", "status 62", "resource", "start"])
def test_an_answer_that_takes_over_two_seconds_ends_the_attempt(silent_at: str) -> None:
    link = CameraLink(6, 0.0)
    camera = FakeCamera(silent_at=silent_at)
    talk(link, camera)

    link.tick(1.875)
    assert link.events() == []
    link.tick(2.0)

    assert isinstance(error_of(link.events()), CameraUnreachable)
    assert link.is_over


def test_noise_does_not_prolong_the_wait_for_an_answer() -> None:
    link = CameraLink(6, 0.0)
    for eighth in range(16):
        link.receive(bytes(100), eighth / 8)
        link.receive(bytes(42), eighth / 8)

    link.tick(2.0)

    assert isinstance(error_of(link.events()), CameraUnreachable)


def test_a_repeated_resource_reply_is_not_taken_for_the_start_reply() -> None:
    link = CameraLink(6, 0.0)
    talk(link, FakeCamera(silent_at="start"))

    link.receive(bytes(155), 0.0)

    assert not link.is_open


def test_the_first_fragment_says_as_much_as_a_lost_start_reply() -> None:
    link = CameraLink(6, 0.0)
    talk(link, FakeCamera(silent_at="start"))

    assert link.receive(FIRST, 0.0)
    assert link.events() == [Opened()]
    for _ in range(4):
        link.receive(FRAGMENT, 0.0)
    assert link.to_send() == [packets.ack("1")]


def test_what_is_no_answer_opens_nothing() -> None:
    link = CameraLink(6, 0.0)
    talk(link, FakeCamera(silent_at="start"))

    for stray in (status(0x92, 6), bytes(packets.EXTRA_SIZE), bytes(100)):
        assert not link.receive(stray, 0.0)

    assert (link.is_open, link.events(), link.to_send()) == (False, [], [])


def test_only_a_status_confirms_the_greeting() -> None:
    link = CameraLink(6, 0.0)
    talk(link, FakeCamera(silent_at="status 62"))

    link.receive(bytes(packets.STATUS_SIZE + 1), 0.0)
    assert link.to_send() == []
    link.receive(bytes(packets.STATUS_SIZE), 0.0)
    assert link.to_send() == [packets.RESOURCE_REQUEST]


def test_the_black_box_has_what_was_heard_at_the_opening_but_no_image_data() -> None:
    link = CameraLink(6, 0.0)
    talk(link, FakeCamera(silent_at="resource"))
    before = len(link.trace)

    link.receive(FIRST, 0.0)
    assert len(link.trace) == before
    link.receive(bytes(100), 0.0)
    assert len(link.trace) == before + 1


def test_image_data_counts_as_nothing_short() -> None:
    link = opened()
    assert link.receive(FRAGMENT, 0.0)
    assert link.short == 0


@pytest.mark.parametrize("mode", list(AckMode))
def test_every_fifth_datagram_is_acknowledged_in_sequence(mode: AckMode) -> None:
    link = opened(mode=mode)
    sent = []

    for _ in range(5 * 300 + 4):
        link.receive(FRAGMENT, 0.0)
        sent += link.to_send()

    assert sent == [packets.ack(text) for text in islice(packets.ack_texts(mode), 300)]


def test_an_acknowledgement_is_due_with_the_fifth_datagram_of_any_kind() -> None:
    link = opened()

    for datagram in (FRAGMENT, status(0x92, 0), bytes(42), FRAGMENT):
        link.receive(datagram, 0.0)
    assert not link.pending
    link.receive(bytes(3), 0.0)

    assert link.to_send() == [fake_camera.FIRST_ACK]


def test_statuses_and_control_packets_are_no_image_data() -> None:
    link = opened()
    control = packets.encode(packets.Packet(packets.KIND_COMMAND, code=9, text=b"State=1;" * 9))

    assert link.receive(FRAGMENT, 0.0)
    assert not link.receive(status(0x92, 0), 0.0)
    assert not link.receive(bytes(16), 0.0)
    assert not link.receive(control, 0.0)
    assert link.short == 2


def test_two_seconds_without_a_datagram_lose_the_session() -> None:
    link = opened()
    link.receive(FRAGMENT, 1.0)
    assert link.next_tick() == 3.0

    link.tick(2.875)
    assert link.events() == []
    link.tick(3.0)

    assert isinstance(error_of(link.events()), SessionLost)
    assert link.to_send() == [fake_camera.SESSION_DELETE]


def test_statuses_alone_do_not_keep_a_session_for_ever() -> None:
    link = opened()

    for second in range(int(NO_IMAGE) + 1):
        link.receive(status(0x92, 0), float(second))
        link.tick(float(second))

    assert "no image data" in str(error_of(link.events()))


def test_a_farewell_of_the_camera_ends_the_session() -> None:
    link = opened()

    link.receive(fake_camera.SESSION_DELETE, 0.5)

    assert isinstance(error_of(link.events()), SessionLost)


def test_closing_tells_the_camera_where_it_may_know_the_session() -> None:
    link = opened()
    link.close(1.0)

    assert link.to_send() == [fake_camera.SESSION_DELETE]
    assert link.is_over
    assert link.next_tick() == float("inf")
    assert not link.receive(FIRST, 9.0)

    early = CameraLink(6, 0.0)
    early.to_send()
    early.close(1.0)
    assert early.to_send() == []


@given(st.lists(st.binary(max_size=2049), max_size=60), st.booleans())
def test_no_bytes_raise_in_any_stage(datagrams: list[bytes], is_open: bool) -> None:  # noqa: FBT001
    link = opened() if is_open else CameraLink(6, 0.0)

    for index, datagram in enumerate(datagrams):
        link.receive(datagram, index / 8)
        link.tick(index / 8)
        assert len(link.to_send()) <= 3
        link.events()
