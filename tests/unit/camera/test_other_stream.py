"""Where a camera's other stream usually is."""

from __future__ import annotations

import re

import pytest

from agent.camera.other_stream import PAIRS, other_stream, other_streams

PATHS = [
    ("Hikvision", "/Streaming/Channels/101", "/Streaming/Channels/102"),
    ("Hikvision", "/Streaming/channels/1601?a=b", "/Streaming/channels/1602?a=b"),
    ("Hikvision", "/h264/ch1/main/av_stream", "/h264/ch1/sub/av_stream"),
    ("Dahua", "/cam/realmonitor?channel=2&subtype=0", "/cam/realmonitor?channel=2&subtype=1"),
    ("Uniview", "/media/video1", "/media/video2"),
    ("Avycon", "/main", "/sub"),
    ("Avycon", "/profile1", "/profile2"),
    ("Reolink", "/h264Preview_01_main", "/h264Preview_01_sub"),
    ("Reolink", "/Preview_02_main", "/Preview_02_sub"),
    ("TP-Link", "/stream1", "/stream2"),
    ("Foscam", "/videoMain", "/videoSub"),
    ("Sricam", "/11", "/12"),
    ("Axis", "/axis-media/media.amp", "/axis-media/media.amp?resolution=640x360"),
    ("Vivotek", "/live1s1.sdp", "/live1s2.sdp"),
    ("yi-hack", "/ch0_0.h264", "/ch0_1.h264"),
    ("4K-DVRMX", "/rtsp/streaming?channel=2&subtype=0", "/rtsp/streaming?channel=2&subtype=1"),
    ("Amlink", "/video/livemedia?Ch=1&Streamtype=0", "/video/livemedia?Ch=1&Streamtype=1"),
]
#: Paths that anybody may have chosen.
NAMED = [("Wyze bridge", "/front-door", "/front-door-sub"), ("go2rtc", "/yard", "/yard_sub")]


@pytest.mark.parametrize(("kind", "main", "sub"), PATHS)
def test_each_path_leads_to_the_other_and_back(kind: str, main: str, sub: str) -> None:
    found = other_stream(f"rtsp://user:pw@192.0.2.1:554{main}")
    assert found is not None
    assert (found.kind, found.path, found.main) == (kind, sub, False)
    back = other_stream(f"rtsps://192.0.2.1{sub}")
    assert back is not None
    assert (back.kind, back.path, back.main) == (kind, main, True)


def test_every_pair_of_the_table_is_shown_here() -> None:
    assert {pair.kind for pair in PAIRS} == {kind for kind, *_ in PATHS + NAMED}
    for pair in PAIRS:
        assert any(re.fullmatch(pair.main, main) for _, main, _ in PATHS + NAMED), pair


@pytest.mark.parametrize(("kind", "main", "sub"), NAMED)
def test_a_name_that_anybody_may_have_chosen_is_only_asked_for(
    kind: str, main: str, sub: str
) -> None:
    asked = f"rtsp://192.0.2.1:8554{main}"
    assert other_stream(asked) is None
    assert (kind, sub, False) in [(it.kind, it.path, it.main) for it in other_streams(asked)]
    back = f"rtsp://192.0.2.1:8554{sub}"
    assert [(it.kind, it.path, it.main) for it in other_streams(back)] == [(kind, main, True)]


def test_the_likeliest_path_is_asked_for_first_and_none_twice() -> None:
    paths = [it.path for it in other_streams("rtsp://192.0.2.1/stream1")]
    assert paths == ["/stream2", "/stream1-sub", "/stream1_sub"]


UNKNOWN = ["http://h/stream1", "rtsp://h/", "rtsp://h/unknown", "rtsp://[", "rtsp://h/111", "demo:"]


@pytest.mark.parametrize("url", UNKNOWN)
def test_what_is_not_in_the_table_is_not_guessed(url: str) -> None:
    assert other_stream(url) is None
