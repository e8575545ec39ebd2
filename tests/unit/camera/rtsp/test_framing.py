from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.camera.http.head import parse_head
from agent.camera.rtsp.framing import Carried, Framing, Message
from agent.camera.rtsp.sdp import joined, parse
from tests.support.rtp import rtp

PACKET = rtp(b"payload", 1, 2)
WHOLE = b"$\0" + len(PACKET).to_bytes(2, "big") + PACKET
ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nContent-Length: 4\r\n\r\nbody"
ASKED = b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n"


def got(parts: list[bytes]) -> tuple[list[Carried], list[Message]]:
    framing = Framing()
    packets: list[Carried] = []
    messages: list[Message] = []
    for part in parts:
        carried, said = framing.add(part)
        packets += carried
        messages += said
    return packets, messages


@given(st.lists(st.integers(0, len(WHOLE) * 3 + len(ANSWER) + len(ASKED)), max_size=12))
def test_however_it_is_cut_it_is_the_same(cuts: list[int]) -> None:
    stream = WHOLE + ANSWER + WHOLE + ASKED + WHOLE
    begins = [0, *sorted(cuts), len(stream)]
    packets, answers = got([stream[a:b] for a, b in pairwise(begins)])
    assert [data for _, data in packets] == [PACKET] * 3
    assert [(it.number, it.body, it.head is None) for it in answers] == [
        ("7", b"body", False),
        ("9", b"", True),
    ]


def test_lines_may_end_without_carriage_returns() -> None:
    _, (answer, asked) = got([(ANSWER + ASKED).replace(b"\r\n", b"\n")])
    assert answer.head is not None
    assert (answer.head.status, answer.number, answer.body) == (200, "7", b"body")
    assert (asked.head, asked.line, asked.number) == (None, "OPTIONS rtsp://x/ RTSP/1.0", "9")


@given(st.binary(max_size=300))
def test_rubbish_is_stepped_over_and_ends_nothing(rubbish: bytes) -> None:
    framing = Framing()
    framing.add(rubbish)
    assert framing.missing >= 1


def test_behind_rubbish_the_packets_are_found_again() -> None:
    packets, _ = got([b"\0\1\2$\xff\xff" * 3, b"\0" * 70_000, WHOLE, WHOLE])
    assert (0, PACKET) in packets


def test_the_stream_of_a_description_is_found_behind_its_sound() -> None:
    body = b"""v=0
a=control:*
m=audio 0 RTP/AVP 0
a=control:streamid=0
m=video 0 RTP/AVP 97
a=rtpmap:97 H264/90000
a=fmtp:97 packetization-mode=1; sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==
a=control:streamid=1
"""
    description = parse(body.replace(b"\n", b"\r\n"))
    sound, video = description.media
    assert (sound.kind, video.codec, video.rate, video.payload) == ("audio", "H264", 90000, 97)
    assert [unit[0] & 31 for unit in video.sets("sprop-parameter-sets")] == [7, 8]
    assert (
        joined("rtsp://cam/live?channel=1/", video.control)
        == "rtsp://cam/live?channel=1/streamid=1"
    )
    assert joined("rtsp://cam/live", "*") == "rtsp://cam/live"
    assert joined("rtsp://cam/live", "rtsp://other/x") == "rtsp://other/x"


def test_a_stream_has_all_formats_that_its_line_names_each_with_its_own_options() -> None:
    lines = [
        "m=audio 0 RTP/AVP 8 0",
        "a=control:sound",
        "m=video 0 RTP/AVP 97 96 97",
        "a=rtpmap:97 H265/90000",
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 sprop-parameter-sets=aMuMsg==",
        "a=control:video",
        "m=video 0 RTP/AVP",
    ]
    found = parse("\r\n".join(lines).encode()).media
    assert [(it.line, it.payload, it.codec) for it in found] == [
        (0, 8, "PCMA"),
        (0, 0, "PCMU"),
        (1, 97, "H265"),
        (1, 96, "H264"),
        (2, -1, ""),
    ]
    assert [it.control for it in found] == ["sound", "sound", "video", "video", ""]
    assert [len(it.sets("sprop-parameter-sets")) for it in found] == [0, 0, 0, 1, 0]


def test_many_streams_and_formats_are_bounded() -> None:
    line = "m=video 0 RTP/AVP " + " ".join(map(str, range(96, 128)))
    description = parse("\n".join([line] * 100 + ["a=control:none"]).encode())
    assert len(description.media) == 32 * 8
    assert description.control == ""


@given(st.binary(max_size=400))
def test_no_description_ends_anything(body: bytes) -> None:
    parse(b"m=video 0 RTP/AVP 96\n" + body)


def test_what_a_camera_says_to_its_status_can_be_shown() -> None:
    found = parse_head(b"RTSP/1.0 402 No\x19 warn\x1b[2J\x85\r\nCSeq: 1\r\n\r\n", "RTSP")
    assert found is not None
    assert found[0].phrase == "No  warn [2J"
