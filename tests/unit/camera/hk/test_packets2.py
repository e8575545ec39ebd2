from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.hk import packets, packets2
from tests.support import fake_camera2
from tests.support.fake_camera2 import framed, veiled


def test_pings_and_polls_are_those_that_were_published() -> None:
    assert packets2.PING_82 == fake_camera2.PING_82
    assert packets2.PING_A2 == fake_camera2.PING_A2
    assert packets2.opening_poll("5000", 3) == fake_camera2.opening_poll(b"5000", 3)
    assert packets2.poll_answer("5000", 171) == fake_camera2.poll_answer(b"5000", 171)


def test_commands_have_two_plain_bytes_and_their_numbers_in_order() -> None:
    start = (
        b"MainCmd=SessionStart;sidN=5qd6OJ63367fff;ftN0=HKPCPresent.HKPCPresent;"
        b"FD0=4;ftN1=net.1024;FD1=1024;"
    )
    delete = b"sidN=5qd6OJ63367fff;MainCmd=SessionDelete;coz=;"

    assert framed(2, b"\x32\x51\xc4", 100, veiled(start, 2)) == packets2.SESSION_START
    assert framed(3, b"\x32\x1c\xc7", 100, veiled(delete, 2)) == packets2.SESSION_DELETE


def test_the_resource_request_names_the_camera() -> None:
    packet = packets.decode(packets2.resource_request("K7-12"))

    assert packet is not None
    assert (packet.seq, packet.code) == (1, 337)
    assert packet.text.startswith(b"id=K7-12;ftN0=video.vbVideo.MPEG4;")
    assert b"MainCmd=HK_RES_REQ;" in packet.text


def test_the_cameras_poll_is_known_by_its_length() -> None:
    assert packets2.is_poll(fake_camera2.CAMERA_POLL)
    assert not packets2.is_poll(fake_camera2.CAMERA_POLL + b"\0")
    assert not packets2.is_poll(bytes(51))


def test_a_word_is_found_in_plain_and_in_veiled_texts() -> None:
    assert packets2.says(fake_camera2.created(), packets2.CREATED)
    assert packets2.says(b"MainCmd=SessionCreate;", packets2.CREATED)
    assert not packets2.says(packets2.SESSION_START, packets2.CREATED)


@pytest.mark.parametrize("wrong", ["", "a" * 33, "1;MainCmd=x", "1=2", "5000\n", "é"])
def test_an_id_that_would_become_more_than_an_id_is_none(wrong: str) -> None:
    assert not packets2.is_id(wrong)


@given(st.from_regex(r"[0-9A-Za-z_.-]{1,32}", fullmatch=True), st.integers(0, 10**9))
def test_every_poll_fits_a_packet(hkid: str, number: int) -> None:
    for datagram in (packets2.opening_poll(hkid, number), packets2.poll_answer(hkid, number)):
        packet = packets.decode(datagram)
        assert packet is not None
        assert hkid.encode() in packet.text
