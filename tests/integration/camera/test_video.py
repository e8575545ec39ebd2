from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from agent.camera.interruptible_wait import Patience
from agent.camera.rtsp import session
from agent.camera.video import VideoSession, rtsp_opener, v4l2_opener
from agent.core.errors import ConfigError
from agent.core.messages import CameraCode
from agent.imaging.jpeg import decode_colour, dimensions
from agent.imaging.orientation import Orientation
from agent.storage.recording.encoder import Painter
from tests.support import rtsp_camera_process
from tests.support.broker import free_port
from tests.support.endless_rtsp import SecondFormat, coded
from tests.support.rewriting import rewriting
from tests.support.source_rig import SourceRig
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def camera() -> Iterator[rtsp_camera_process.RtspCamera]:
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as running:
        yield running


def test_h264_over_rtsp_is_decoded_and_a_cut_is_reopened(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with SourceRig(rtsp_opener(camera.url("/h264"))) as agent:
        frames = agent.wait_frames(20)
        assert dimensions(frames[0].image) == (480, 640)
        assert frames[0].video is not None
        assert frames[0].video.key
        assert [frame.seq for frame in frames[:20]] == list(range(20))
        camera.say("cut")
        agent.wait_for(CameraCode.CONNECTING, after=2)
        agent.wait_for(CameraCode.LIVE, after=3)
        assert agent.source.stats.frames_damaged == 0
        wait_until("frames of session 2", lambda: agent.frames[-1].session == 2)
        picture = decode_colour(agent.frames[-1].image)
        assert picture is not None
        # a white ball on black: neither grey nor smeared
        assert (int(picture.min()), int(picture.max()) > 230) == (0, True)


@pytest.mark.parametrize(
    "first", [["a=rtpmap:97 H265/90000"], ["a=rtpmap:97 FOO/90000"], ["a=rtpmap:97 JPEG/90000"], []]
)
@pytest.mark.parametrize("hand_on", [True, False])
def test_of_the_formats_that_are_offered_the_one_that_comes_is_taken(
    first: list[str], *, hand_on: bool
) -> None:
    pictures = coded(640, 480, 1, 5)
    with (
        SecondFormat(first, pictures) as camera,
        SourceRig(rtsp_opener(camera.url, coded=hand_on)) as agent,
    ):
        frame = agent.wait_frames(3)[0]
        assert agent.source.stats.frames_damaged == 0
    assert frame.video is not None
    assert frame.video.codec == "h264"
    assert dimensions(frame.image) == (None if hand_on else (480, 640))


def test_jpeg_over_rtsp_is_handed_on_without_being_decoded(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with SourceRig(rtsp_opener(camera.url("/mjpeg"))) as agent:
        frames = agent.wait_frames(10)
        assert dimensions(frames[0].jpeg) == (480, 640)


def test_a_recording_stream_is_handed_on_as_it_was_coded_from_a_key_picture_on(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with SourceRig(rtsp_opener(camera.url("/h264"), coded=True)) as agent:
        videos = [frame.video for frame in agent.wait_frames(40)]
        assert not any(frame.jpeg for frame in agent.frames)
    keys = [number for number, video in enumerate(videos) if video is not None and video.key]
    assert keys[:2] == [0, 15]
    painter = Painter(Orientation())
    shown = [painter.paint(video, None) for video in videos if video is not None]
    assert len(shown) == len(videos)
    assert all(picture is not None and picture.width == 640 for picture in shown)


def test_a_session_named_in_another_encoding_is_shown_like_any_other(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    name = b"Session streamed with GStreamer"
    other = ("\u6444\u50cf\u673a".encode("gbk") * 6)[: len(name)]
    with rewriting(camera.port, name, other) as port:
        url = camera.url("/h264").replace(str(camera.port), str(port))
        with SourceRig(rtsp_opener(url)) as agent:
            agent.wait_frames(3)


def test_a_stall_is_noticed_and_ends_without_a_damaged_picture(
    camera: rtsp_camera_process.RtspCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = session.SILENCE
    monkeypatch.setattr(session, "SILENCE", 2.0)
    with SourceRig(rtsp_opener(camera.url("/h264"))) as agent:
        agent.wait_frames(5)
        camera.say("stall")
        try:
            stalled = agent.wait_for(CameraCode.STALLED)
            assert stalled.at - agent.frames[-1].at < real
        finally:
            camera.say("play")
        agent.wait_for(CameraCode.LIVE, after=agent.states.index(stalled))
        assert agent.source.stats.frames_damaged == 0


def test_a_wrong_password_is_refused_and_told_nowhere(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with SourceRig(rtsp_opener(camera.url("/h264", "viewer:wr0ng"))) as agent:
        reason = agent.wait_for(CameraCode.REFUSED).reason
        assert "password" in reason
        assert "wr0ng" not in reason


def test_a_url_without_a_user_is_named_where_one_is_wanted(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with SourceRig(rtsp_opener(f"rtsp://127.0.0.1:{camera.port}/h264")) as agent:
        assert "the URL has none" in agent.wait_for(CameraCode.REFUSED).reason


def test_a_stream_that_does_not_exist_is_refused(camera: rtsp_camera_process.RtspCamera) -> None:
    with SourceRig(rtsp_opener(camera.url("/nothing"))) as agent:
        assert "has no such path" in agent.wait_for(CameraCode.REFUSED).reason


def test_nobody_there_is_unreachable() -> None:
    with SourceRig(rtsp_opener(f"rtsp://u:p@127.0.0.1:{free_port()}/x")) as agent:
        reason = agent.wait_for(CameraCode.UNREACHABLE).reason
        assert "refused" in reason
        assert "u:p" not in reason


@pytest.mark.parametrize("url", ["rtsp:///x", "rtsp://h:0/", "rtsp://a:b@/"])
def test_an_rtsp_url_without_a_host_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match="expected rtsp://HOST"):
        rtsp_opener(url)


def test_a_usb_camera_that_is_not_there_is_unreachable_in_the_systems_words() -> None:
    with pytest.raises(ConfigError, match="v4l2:/dev/videoN"):
        v4l2_opener("v4l2:camera")
    with SourceRig(v4l2_opener("v4l2:/dev/video97")) as agent:
        assert "No such file" in agent.wait_for(CameraCode.UNREACHABLE).reason


def clip(path: Path, codec: str, count: int) -> list[bytes]:
    """Writes a clip; the bytes of its packets."""
    packets = []
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=Fraction(10))
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(count + 1):
            pixels = np.full((48, 64, 3), 20 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24") if number < count else None
            for packet in stream.encode(frame):
                packets.append(bytes(packet))
                container.mux(packet)
    return packets


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
def test_what_a_usb_camera_would_send_goes_the_same_way(tmp_path: Path, codec: str) -> None:
    """No V4L2 device can be made here: a file takes its place."""
    path = tmp_path / "clip.avi"
    packets = clip(path, codec, 6)
    jpegs: list[bytes] = []

    def opened(patience: Patience) -> VideoSession:
        return VideoSession("clip", str(path), patience, None, {})

    with SourceRig(opened) as agent:
        agent.wait_frames(6)
        jpegs = [frame.jpeg for frame in agent.frames[:6]]
        assert agent.wait_for(CameraCode.CONNECTING, after=2).reason.endswith("ended its stream")
    if codec == "mjpeg":
        assert jpegs == packets
    assert [dimensions(jpeg) for jpeg in jpegs] == [(48, 64)] * 6
    levels = [int(np.mean(picture)) for j in jpegs if (picture := decode_colour(j)) is not None]
    assert levels == pytest.approx([20 * n for n in range(6)], abs=4)


def test_a_broken_container_is_lost_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(b"RIFF" + bytes(500))

    def opened(patience: Patience) -> VideoSession:
        return VideoSession("clip", str(path), patience, None, {})

    with SourceRig(opened) as agent:
        agent.wait_for(CameraCode.UNREACHABLE)
