"""What a client of the family's second dialect sends (MD81, MD81S and others). Pure.

**Not confirmed on hardware of ours;** others stream three models with it
(docs/explanation/protocol.md). Every
constant is *seen*: published by others who read it out of the vendor's application and used it on
such cameras. None of it was tried on a camera of ours. The packet format, the names of a session
and the acknowledgements are those of `packets`.
"""

from __future__ import annotations

import re

from agent.camera.hk.packets import (
    KIND_COMMAND,
    KIND_POLL,
    KIND_STATUS,
    KIND_STATUS_A2,
    SESSION_NAME,
    Packet,
    encode,
    unveil,
)

#: The code of pings and polls (seen).
CODE = 2001

#: Number of pings of each kind (seen).
PINGS_82 = 3
PINGS_A2 = 9

#: The camera polls with packets of this length (seen), so bytes 2-3 are 0x30 0x03.
POLL_SIZE = 51

#: Seconds between two polls of the client (seen).
POLL_INTERVAL = 0.17

#: A number in all polls, made up by the vendor's client (seen).
_CLIENT = 293

#: What a discovered camera may call itself; bounds what goes into our packets.
_ID = re.compile(r"[0-9A-Za-z_.-]{1,32}\Z")

#: Stands in a message of the camera when it has accepted the resource request (seen).
CREATED = b"SessionCreate"
DELETED = b"SessionDelete"

PING_82 = encode(Packet(KIND_STATUS, CODE, tag=0x00, flag=0x0C))
PING_A2 = encode(Packet(KIND_STATUS_A2, CODE, tag=0x40, flag=0x0C))

# Flags and tags of the commands vary in a way that nobody has explained; these were sent by the
# vendor's client (seen).
SESSION_START = encode(
    Packet(
        KIND_COMMAND,
        code=100,
        seq=2,
        flag=0x51,
        tag=0xC4,
        text=b"MainCmd=SessionStart;sidN=%b;ftN0=HKPCPresent.HKPCPresent;"
        b"FD0=4;ftN1=net.1024;FD1=1024;" % SESSION_NAME,
    )
)
SESSION_DELETE = encode(
    Packet(
        KIND_COMMAND,
        code=100,
        seq=3,
        flag=0x1C,
        tag=0xC7,
        text=b"sidN=%b;MainCmd=SessionDelete;coz=;" % SESSION_NAME,
    )
)


def is_id(text: str) -> bool:
    """Whether this can be a camera's id."""
    return _ID.match(text) is not None


def resource_request(hkid: str) -> bytes:
    """Asks the camera of that id for its pictures."""
    text = (
        b"id=%b;ftN0=video.vbVideo.MPEG4;ftN1=net.0;ftN2=HKPCPresent.HKPCPresent;opN2=%b;"
        b"Callid=4ly0hf5k17A00GZ19f3l57Dc63360ff0;sidN=%b;AsCode=337;MainCmd=HK_RES_REQ;"
        b"user=Lan user;" % (hkid.encode(), SESSION_NAME, SESSION_NAME)
    )
    return encode(Packet(KIND_COMMAND, code=337, seq=1, flag=0x8B, tag=0xC5, text=text))


def opening_poll(hkid: str, number: int) -> bytes:
    """ICMD2: repeated until the camera creates the session; `number` counts all polls."""
    text = f"d4:ICMD2:{_CLIENT}:SEQ1:{hkid}:GUARDSEQ1:{number & 0xFF:02x}"
    return encode(Packet(KIND_POLL, CODE, flag=3, text=text.encode()))


def poll_answer(hkid: str, number: int) -> bytes:
    """ICMD1: answers the camera's poll, and is repeated unasked; `number` counts all polls."""
    text = f"d4:ICMD1:{_CLIENT}:lastreq1:{hkid}:SEQ3:{number:x}e"
    return encode(Packet(KIND_POLL, CODE, text=text.encode()))


def is_poll(datagram: bytes) -> bool:
    """Whether this is a poll of the camera, to be answered."""
    said = int.from_bytes(datagram[2:4], "little") >> 4
    return len(datagram) == said == POLL_SIZE


def says(datagram: bytes, word: bytes) -> bool:
    """Whether a message's text has that word, with any XOR of its kind."""
    return word in unveil(datagram) or word in datagram
