"""What the second dialect's client must send, byte by byte: knows nothing of `agent.camera`.

Written from what others published (see docs/explanation/protocol.md), so that packets and
simulator cannot share one misunderstanding.
"""

from __future__ import annotations

PING_82 = bytes.fromhex("0000d000820c000900d1070000")
PING_A2 = bytes.fromhex("0000d000a20c400900d1070000")
PING_ANSWER = bytes.fromhex("0000d000920b400900d1070000")

#: The camera's poll: 51 bytes, so bytes 2-3 are 30 03.
CAMERA_POLL = bytes.fromhex("00003003100000" + "2f00d1070000") + bytes(38)


def veiled(text: bytes, plain: int = 0) -> bytes:
    """A text as it travels."""
    return text[:plain] + bytes(byte ^ 0xE9 for byte in text[plain:])


def framed(seq: int, head: bytes, code: int, body: bytes) -> bytes:
    """A packet by hand: number, length << 4, three bytes, length - 4, code, body."""
    length = 13 + len(body)
    return (
        seq.to_bytes(2, "little")
        + (length << 4).to_bytes(2, "little")
        + head
        + (length - 4).to_bytes(2, "little")
        + code.to_bytes(4, "little")
        + body
    )


def opening_poll(hkid: bytes, number: int) -> bytes:
    """ICMD2."""
    text = b"d4:ICMD2:293:SEQ1:%b:GUARDSEQ1:%02x\0" % (hkid, number)
    return framed(0, b"\x10\x03\x00", 2001, veiled(text))


def poll_answer(hkid: bytes, number: int) -> bytes:
    """ICMD1."""
    text = b"d4:ICMD1:293:lastreq1:%b:SEQ3:%xe\0" % (hkid, number)
    return framed(0, b"\x10\x00\x00", 2001, veiled(text))


def created() -> bytes:
    """The camera has accepted the resource request."""
    return framed(1, b"\x32\x00\x00", 100, veiled(b"MainCmd=SessionCreate;sidN=x;", 2))


def fragment(number: int, data: bytes) -> bytes:
    """Image data: 16 bits of number, length << 4, data."""
    length = (4 + len(data)) << 4 & 0xFFFF
    return number.to_bytes(2, "little") + length.to_bytes(2, "little") + data


def stream(frames: list[bytes], *, first: int = 0, size: int = 904) -> list[bytes]:
    """The datagrams of the frames, numbered from `first`."""
    chunks = []
    for frame in frames:
        chunks += [frame[at : at + size - 4] for at in range(0, len(frame), size - 4)]
        if len(chunks[-1]) < 13:  # too short for image data
            chunks[-1] += bytes(13)
    return [fragment((first + n) & 0xFFFF, chunk) for n, chunk in enumerate(chunks)]
