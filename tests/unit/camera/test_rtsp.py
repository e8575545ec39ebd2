"""URLs and heads of RTSP, beside those of HTTP."""

from __future__ import annotations

import pytest

from agent.camera.http.head import NoHttp, parse_head
from agent.camera.network.url import Target, joined, rtsp_target_of, split_url, target_of


@pytest.mark.parametrize(
    ("url", "port", "path"),
    [
        ("rtsp://u:p@cam/a?b=1", 554, "/a?b=1"),
        ("RTSPS://Cam:99", 99, "/"),
        ("rtsp://[fe80::1]/user=a_password=b_channel=1.sdp?real|x", 554, None),
    ],
)
def test_a_path_is_kept_as_it_was_written(url: str, port: int, path: str | None) -> None:
    target = rtsp_target_of(*split_url(url, "x"))
    assert target.port == port
    assert target.path == (path or "/user=a_password=b_channel=1.sdp?real|x")
    assert "p@" not in target.authority


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("rtsp://cam:8554/y", "rtsp://cam:8554/y"),
        ("rtsps://CAM/y", "rtsps://cam/y"),
        ("rtsp://10.0.0.9/y", "rtsp://10.0.0.9/y"),
        ("rtsp://u:p@evil/y", "rtsp://evil/y"),
    ],
)
def test_where_a_camera_sends_us(location: str, there: str) -> None:
    moved = joined(Target("rtsp", "cam", 554, "/x"), location)
    assert f"{moved.scheme}://{moved.authority}{moved.path}" == there


def test_no_protocol_leads_to_the_other() -> None:
    with pytest.raises(ValueError, match="wrong scheme"):
        joined(Target("rtsp", "cam", 554, "/x"), "http://cam/y")
    with pytest.raises(ValueError, match="wrong scheme"):
        joined(Target("http", "cam", 80, "/x"), "rtsp://cam/y")
    with pytest.raises(ValueError, match="wrong scheme"):
        target_of("rtsp://cam/y")


def test_a_head_of_one_protocol_is_none_of_the_other() -> None:
    said = b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://x/y\r\n\r\nrest"
    parsed = parse_head(said, "RTSP")
    assert parsed is not None
    head, rest = parsed
    assert (head.status, head.get("location"), rest) == (302, "rtsp://x/y", b"rest")
    with pytest.raises(NoHttp):
        parse_head(said)
    with pytest.raises(NoHttp):
        parse_head(b"HTTP/1.1 200 OK\r\n\r\n", "RTSP")
