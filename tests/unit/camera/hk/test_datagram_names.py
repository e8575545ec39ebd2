from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.hk import packets, packets2
from agent.camera.hk.datagram_names import describe
from agent.camera.hk.discovery_packets import question
from tests.support import datagrams, fake_camera, fake_camera2
from tests.support.jpegs import jpegs


@pytest.mark.parametrize(
    ("datagram", "name"),
    [
        (fake_camera.HELLO, "hello"),
        (fake_camera.status(0x82, 6), "status 82"),
        (fake_camera.status(0xA2, 6), "status a2"),
        (fake_camera.status(0x62, 6), "status 62"),
        (fake_camera.status(0x92, 6), "status 82 answered"),
        (fake_camera.status(0x92, 0x46), "status 82 refused"),
        (fake_camera.RESOURCE_REQUEST, "resource request"),
        (fake_camera.FIRST_ACK, "acknowledgement"),
        (fake_camera.SESSION_START, "session start"),
        (fake_camera.SESSION_DELETE, "session delete"),
        (fake_camera2.PING_82, "ping 82"),
        (fake_camera2.PING_A2, "ping a2"),
        (fake_camera2.PING_ANSWER, "status 82 answered"),
        (fake_camera2.created(), "session created"),
        (fake_camera2.opening_poll(b"5000", 1), "poll"),
        (packets2.resource_request("5000"), "resource request"),
        (question("me", 2726, 0.0), "discovery"),
        (b"\xb2" + bytes(8) + b"HKID=1;", "discovery"),
        (b"?", "unknown"),
    ],
)
def test_every_packet_of_both_dialects_has_its_name(datagram: bytes, name: str) -> None:
    assert describe(datagram).name == name


def test_every_field_of_a_command_is_named() -> None:
    fields = describe(fake_camera.SESSION_START).fields

    assert fields == {
        "seq": "2",
        "length": "119",
        "kind": "0x32",
        "flag": "0x00",
        "tag": "0x00",
        "code": "100",
        "MainCmd": "SessionStart",
        "sidN": "5qd6OJ63367fff",
        "ftN0": "HKPCPresent.HKPCPresent",
        "FD0": "25149288",
        "ftN1": "net.1025",
        "FD1": "1025",
    }


def test_the_parts_of_a_poll_are_named() -> None:
    fields = describe(fake_camera2.poll_answer(b"5000", 171)).fields

    assert fields["poll"] == "ICMD1"
    assert (fields["word"], fields["id"]) == ("lastreq1", "5000")
    assert (fields["number_word"], fields["number"]) == ("SEQ3", "abe")


def test_image_data_says_its_number_and_where_frames_start_and_end() -> None:
    (picture,) = jpegs(1, 5_000)
    first, *_, last = datagrams.stream([picture], first=9)
    wide, *_ = fake_camera2.stream([picture], first=0x1234)

    assert describe(first).fields["starts"] == "frame"
    assert describe(first).fields["data_at"] == "15"
    assert describe(last).fields["ends"] == "frame"
    assert describe(wide).fields["seq"] == str(0x1234)
    assert describe(wide).fields["data_at"] == "4"
    assert all(describe(d).is_image for d in (first, last, wide))


def test_a_kind_that_nobody_knows_shows_its_text_both_ways() -> None:
    strange = packets.encode(packets.Packet(0x77, 5, text=b"hello"))

    named = describe(strange)

    assert named.name == "unknown kind"
    assert "plain" in named.fields


@given(
    st.one_of(
        st.binary(max_size=2100),
        st.builds(
            fake_camera2.framed,
            st.integers(0, 65535),
            st.binary(min_size=3, max_size=3),
            st.integers(0, 2**32 - 1),
            st.binary(max_size=900),
        ),
    )
)
def test_any_bytes_get_a_printable_name(datagram: bytes) -> None:
    named = describe(datagram)

    assert named.name
    assert named.text().isprintable()
    assert len(named.text()) < 30_000
    json.dumps(named.fields)


#: The presence packet and the set-up of the Wi-Fi name passwords; one is XORed as a whole.
PASSWORDS = [
    b"MainCmd=Presence;Alias=yard;Psw=hunter22;WifiSid=home;",
    b"MainCmd=Presence;WIFIPSW=hunter22;",
    b"7:MainCmd3:7008:Password8:" + bytes(byte ^ 0x3C for byte in b"hunter22"),
    bytes(byte ^ 0xE9 for byte in b"d3:Psw8:hunter22e"),
]


@pytest.mark.parametrize("text", PASSWORDS)
@pytest.mark.parametrize("kind", [packets.KIND_DISCOVERY, packets.KIND_COMMAND, 0x77])
def test_no_password_of_a_packet_is_shown(kind: int, text: bytes) -> None:
    datagram = packets.encode(packets.Packet(kind, code=0, text=text))
    named = describe(datagram)
    shown = f"{named.text()} {json.dumps(named.fields)} {named.shown(datagram)}"
    assert named.secret
    for spelling in (b"hunter22", text):
        assert spelling.decode("latin-1") not in shown
        assert spelling.hex() not in shown
    assert datagram.hex() not in shown


def test_a_packet_without_a_password_is_shown_whole() -> None:
    datagram = fake_camera.SESSION_START
    named = describe(datagram)
    assert not named.secret
    assert named.shown(datagram) == datagram.hex()
