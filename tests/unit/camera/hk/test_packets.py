from __future__ import annotations

import hashlib
import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.hk import packets
from agent.camera.hk.packets import AckMode, Packet
from tests.support import fake_camera

VECTORS = Path(__file__).resolve().parents[4] / ".." / "shared" / "camera" / "vectors.json"
#: Of the first 400,000 texts joined by newlines; from vectors.json.
LEGACY_SHA256 = "8d2661b02dd52cbcc1fa40bef698df011ea54b720c8875d132082e80f8226ce3"

any_packet = st.builds(
    Packet,
    kind=st.integers(0, 255),
    code=st.integers(0, 2**32 - 1),
    seq=st.integers(0, 65535),
    tag=st.integers(0, 255),
    text=st.binary(max_size=400),
    flag=st.integers(0, 255),
)


def test_the_clients_messages_are_those_the_known_client_sent() -> None:
    assert packets.HELLO == fake_camera.HELLO
    assert packets.RESOURCE_REQUEST == fake_camera.RESOURCE_REQUEST
    assert packets.FIRST_ACK == fake_camera.FIRST_ACK
    assert packets.SESSION_START == fake_camera.SESSION_START
    assert packets.SESSION_DELETE == fake_camera.SESSION_DELETE
    assert packets.status(0xA2, 6) == fake_camera.status(0xA2, 6)


def test_legacy_acknowledgements_are_the_known_clients_400000() -> None:
    texts = "\n".join(islice(packets.ack_texts(AckMode.LEGACY), 400_000))

    assert hashlib.sha256(texts.encode()).hexdigest() == LEGACY_SHA256


def test_counter_acknowledgements_count_fragments_and_wrap() -> None:
    texts = list(islice(packets.ack_texts(AckMode.COUNTER), 13_109))

    assert texts[:3] == ["5", "10", "15"]
    assert texts[-3:] == ["65535", "4", "9"]


@pytest.mark.parametrize("mode", AckMode)
def test_acknowledgements_made_ahead_carry_the_numbers_in_their_order(mode: AckMode) -> None:
    wanted = [packets.ack(text) for text in islice(packets.ack_texts(mode), 1000)]

    assert list(islice(packets.acks(mode), 1000)) == wanted


def test_packets_are_those_of_the_shared_vectors() -> None:
    if not VECTORS.is_file():
        pytest.skip("the shared vectors are not beside this checkout")
    vectors = json.loads(VECTORS.read_text())
    texts = list(islice(packets.ack_texts(AckMode.LEGACY), 27_000))

    for index, wanted in vectors["ack_packets"].items():
        assert packets.ack(texts[int(index)]).hex() == wanted
    assert texts[:120] == vectors["seq_first_120"]
    assert texts[13_090:13_140] == vectors["seq_13090_to_13139"]
    assert texts[26_190:26_210] == vectors["seq_26190_to_26209"]
    for name in ("hello", "resource_request", "session_start", "first_ack"):
        packet = packets.decode(bytes.fromhex(vectors[name]))
        assert packet is not None
        assert packets.encode(packet).hex() == vectors[name]
    for kind in ("82", "a2", "62"):
        assert packets.status(int(kind, 16), 6).hex() == vectors[f"status_{kind}"]


def test_the_low_bits_beside_the_length_are_not_looked_at() -> None:
    start = bytearray(fake_camera.SESSION_START)
    start[2] |= 0x04
    assert packets.decode(bytes(start)) == packets.decode(fake_camera.SESSION_START)
    start[2] += 0x10
    assert packets.decode(bytes(start)) is None


def test_a_decoded_message_reads_as_plain_text() -> None:
    start = packets.decode(fake_camera.SESSION_START)

    assert start is not None
    assert (start.kind, start.seq, start.code) == (packets.KIND_COMMAND, 2, 100)
    assert start.text.startswith(b"MainCmd=SessionStart;sidN=5qd6OJ63367fff;")


@given(any_packet)
def test_what_is_encoded_is_decoded(packet: Packet) -> None:
    assert packets.decode(packets.encode(packet)) == packet


@given(st.binary(max_size=4200))
def test_any_bytes_decode_to_a_packet_or_to_none(datagram: bytes) -> None:
    packet = packets.decode(datagram)

    assert packet is None or packets.encode(packet) == datagram


@given(any_packet, st.integers(1, 20))
def test_a_packet_of_another_length_than_its_header_says_is_none(packet: Packet, more: int) -> None:
    datagram = packets.encode(packet)

    assert packets.decode(datagram + bytes(more)) is None
    assert packets.decode(datagram[:-1]) is None


@pytest.mark.parametrize("kind", [packets.KIND_ACK, packets.KIND_POLL])
def test_an_acknowledgement_or_poll_without_its_nul_is_no_packet(kind: int) -> None:
    bare = packets.encode(Packet(packets.KIND_STATUS_A2, code=1, text=b"SEQ"))

    assert packets.decode(bare[:4] + bytes((kind,)) + bare[5:]) is None


@pytest.mark.parametrize(
    "packet",
    [Packet(256, 1), Packet(1, -1), Packet(1, 1, seq=70000), Packet(1, 1, text=bytes(4096))],
)
def test_a_field_that_does_not_fit_is_our_mistake(packet: Packet) -> None:
    with pytest.raises(ValueError, match="packet"):
        packets.encode(packet)
