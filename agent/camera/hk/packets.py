"""The family's control packets as values, and back: headers, XORed texts, acknowledgement numbers.

Pure. Each constant names its evidence: *proven* = exchanged with a real camera for years;
*decoded* = read out of those bytes and true for all of them; *guessed* = ours.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, islice

#: seq, length << 4, kind, flag, tag, length - 4, code (decoded; so in all seven client messages).
#: The low four bits of the second are 0 there; in image data of others they are not (seen).
_HEADER = struct.Struct("<HHBBBHI")
HEADER_SIZE = _HEADER.size

#: Bytes 2-3 hold the length in 12 bits (decoded).
PACKET_MAX = 0xFFF

#: Every text byte is XORed with this (decoded).
_XOR = bytes(byte ^ 0xE9 for byte in range(256))

KIND_STATUS = 0x82  # proven: hello and the first status
KIND_STATUS_REPLY = 0x92  # proven: what the camera answers when it is ready
KIND_STATUS_A2 = 0xA2  # proven
KIND_STATUS_62 = 0x62  # proven
KIND_COMMAND = 0x32  # proven; its first two text bytes are plain
KIND_ACK = 0x12  # proven; its text ends in NUL
KIND_POLL = 0x10  # seen in the family's second dialect; its text ends in NUL
KIND_DISCOVERY = 0xB2  # seen in the family; its text is plain

_PLAIN = frozenset({KIND_STATUS, KIND_DISCOVERY})
_ENDED = frozenset({KIND_ACK, KIND_POLL})

#: In a status reply, set in the tag: "no" (proven).
TAG_REFUSED = 0x40

#: A session of the known client used tags 0 to 16; bit 6 must be clear (proven).
TAG_LIMIT = 17

STATUS_SIZE = 13  # proven
EXTRA_SIZE = 42  # proven: a packet that may come before or after the answer to the resource request
RESOURCE_REPLY_SIZES = frozenset({155, 156})  # proven
START_REPLY_SIZES = frozenset({334, 368, 372})  # 368 proven, the others seen in the family

#: Image data comes in datagrams of 17 to 2,048 bytes (proven: shorter ones are statuses).
FRAGMENT_MIN = 17
DATAGRAM_MAX = 2048

#: The camera wants an acknowledgement after this number of datagrams (proven).
FRAGMENTS_PER_ACK = 5

#: Made in advance: those of about five frames.
_ACKS_AHEAD = 64

#: The session's name, made up by the known client; SessionDelete names it again (proven, decoded).
SESSION_NAME = b"5qd6OJ63367fff"
_SID = b"sidN=%b;" % SESSION_NAME


@dataclass(frozen=True, slots=True)
class Packet:
    """A control packet; `text` is plain, without the NUL of acknowledgements and polls."""

    kind: int  # 0..255
    code: int  # 0..2**32 - 1
    seq: int = 0  # 0..65535; the seed's dialect uses the low byte
    tag: int = 0  # 0..255
    text: bytes = b""
    flag: int = 0  # 0..255; always 0 in the seed's dialect


class AckMode(StrEnum):
    """Which numbers the acknowledgements carry."""

    LEGACY = "legacy"  # proven: the known client's sequence
    COUNTER = "counter"  # decoded: what that sequence seems to mean


def _veil(kind: int, text: bytes) -> bytes:
    """XORs what the kind XORs; its own inverse."""
    if kind in _PLAIN:
        return text
    plain = 2 if kind == KIND_COMMAND else 0
    return text[:plain] + text[plain:].translate(_XOR)


def encode(packet: Packet) -> bytes:
    """The datagram of a packet, at most `PACKET_MAX` bytes.

    Raises:
        ValueError: a field does not fit; a mistake of ours, never of a peer.
    """
    body = packet.text + b"\0" if packet.kind in _ENDED else packet.text
    length = HEADER_SIZE + len(body)
    if length > PACKET_MAX:
        raise ValueError(f"packet of {length} bytes: at most {PACKET_MAX} fit the header")
    try:
        header = _HEADER.pack(
            packet.seq,
            length << 4,
            packet.kind,
            packet.flag,
            packet.tag,
            length - 4,
            packet.code,
        )
    except struct.error as error:
        raise ValueError(f"packet field out of range: {error}") from error
    return header + _veil(packet.kind, body)


def decode(datagram: bytes) -> Packet | None:
    """The packet in a datagram, or None where the header does not describe it; never raises."""
    if not HEADER_SIZE <= len(datagram) <= PACKET_MAX:
        return None
    seq, shifted, kind, flag, tag, less_4, code = _HEADER.unpack_from(datagram)
    if shifted >> 4 != len(datagram) or less_4 != len(datagram) - 4:
        return None
    text = _veil(kind, datagram[HEADER_SIZE:])
    if kind in _ENDED:
        if not text.endswith(b"\0"):
            return None
        text = text[:-1]
    return Packet(kind, code, seq, tag, text, flag)


def unveil(data: bytes) -> bytes:
    """Every byte XORed: how a text reads whose kind is not known."""
    return data.translate(_XOR)


def status(kind: int, tag: int) -> bytes:
    """A 13-byte status of that kind with the client's tag."""
    return encode(Packet(kind, code=1, tag=tag))


def ack(seq_text: str) -> bytes:
    """An acknowledgement that carries the SEQ text."""
    return encode(Packet(KIND_ACK, code=1, text=b"ICMD=1;SEQ=%b;TIME=0;" % seq_text.encode()))


#: Byte for byte what the known client sends (proven), its addresses and made-up names included.
HELLO = encode(Packet(KIND_STATUS, code=1, text=b"MacIP=BC-AE-C5-7C-77-7B+16467;"))
RESOURCE_REQUEST = encode(
    Packet(
        KIND_COMMAND,
        code=337,
        seq=1,
        text=b"id=11;ftN0=video.vbVideo.MPEG4;ftN1=net.0;ftN2=HKPCPresent.HKPCPresent;"
        b"opN2=5qd6OJ63367fff;Callid=4ly0hf5k17A00GZ19f3l57Dc63360ff0;"
        + _SID
        + b"AsCode=337;MainCmd=HK_RES_REQ;user=192.168.0.33;",
    )
)
SESSION_START = encode(
    Packet(
        KIND_COMMAND,
        code=100,
        seq=2,
        text=b"MainCmd=SessionStart;"
        + _SID
        + b"ftN0=HKPCPresent.HKPCPresent;FD0=25149288;ftN1=net.1025;FD1=1025;",
    )
)
FIRST_ACK = ack("1")

#: Decoded from other members of the family; harmless to the proven camera.
SESSION_DELETE = encode(
    Packet(KIND_COMMAND, code=100, seq=3, text=_SID + b"MainCmd=SessionDelete;coz=;")
)


def acks(mode: AckMode) -> Iterator[bytes]:
    """The acknowledgements of a session, endless.

    Made many at a time: between the datagrams of a camera the processor's caches have gone cold,
    and there this work takes several times as long.
    """
    texts = ack_texts(mode)
    while True:
        yield from [ack(text) for text in islice(texts, _ACKS_AHEAD)]


def ack_texts(mode: AckMode) -> Iterator[str]:
    """The SEQ texts of a session's acknowledgements, endless; the first is for 5 fragments."""
    return _legacy_texts() if mode is AckMode.LEGACY else _counter_texts()


def _counter_texts() -> Iterator[str]:
    for fragments in count(FRAGMENTS_PER_ACK, FRAGMENTS_PER_ACK):
        yield str(fragments % 65536)


#: Last digits of the known client's numbers, a pair for each hundred fragments (proven).
_DIGITS = ("16", "27", "38", "49", "50", "61", "72", "83", "94", "05")


def _legacy_texts() -> Iterator[str]:
    """The closed form of the known client's 400,000 numbers (proven up to there)."""
    k = 0  # acknowledgements since the last wrap
    for acks in count():
        fragments = (acks + 1) * FRAGMENTS_PER_ACK
        digit = _DIGITS[(fragments - 1) // 100 % 10][k % 2]
        text = f"{k // 2 or ''}{digit}"
        yield text
        wraps = len(text) == 5 and text.startswith("6549")
        k = (k + 1) % 2 if wraps else k + 1
