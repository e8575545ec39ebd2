"""RTSP cameras behind links that hold, slow and cut, and cameras that do it their own way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median

import pytest

from agent.camera.decoding import Decoding, Unit
from agent.camera.rtsp import session, transports
from agent.camera.session import Picture
from agent.camera.video import rtsp_opener
from agent.core.frame import Frame
from agent.core.messages import CameraCode
from agent.imaging.jpeg import dimensions
from tests.support import rtsp_camera_process
from tests.support.endless_rtsp import ManyReferences, coded
from tests.support.faulty_link import FaultyLink
from tests.support.rewriting import rewriting
from tests.support.source_rig import SourceRig
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture(scope="module")
def camera() -> Iterator[rtsp_camera_process.RtspCamera]:
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as running:
        yield running


def through(camera: rtsp_camera_process.RtspCamera, port: int, path: str = "/h264") -> str:
    return camera.url(path).replace(f":{camera.port}/", f":{port}/")


def gaps(frames: list[Frame]) -> list[float]:
    """Seconds between the pictures by the camera's own clock."""
    times = [frame.video.pts for frame in frames if frame.video is not None]
    known = [it for it in times if it is not None]
    return [later - before for before, later in pairwise(known)]


@pytest.mark.parametrize("seconds", [0.3, 0.7, 3.0])
def test_a_link_that_stands_still_costs_neither_session_nor_picture(
    camera: rtsp_camera_process.RtspCamera, seconds: float
) -> None:
    with (
        FaultyLink(camera.port) as link,
        SourceRig(rtsp_opener(through(camera, link.port))) as agent,
    ):
        agent.wait_frames(10)
        for _ in range(2):
            link.stalled = True
            until = time.monotonic() + seconds
            wait_until("the end of the pause", lambda: time.monotonic() > until)  # noqa: B023
            link.stalled = False
            agent.wait_frames(len(agent.frames) + 30)
        assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]
        assert agent.source.stats.frames_damaged == 0
        assert max(gaps(agent.frames)) < 0.15  # none is missing: 15 a second


def test_key_pictures_over_a_slow_link_arrive_whole(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with (
        FaultyLink(camera.port) as link,
        SourceRig(rtsp_opener(through(camera, link.port))) as agent,
    ):
        link.rate = 25_000  # bytes a second: little more than the camera sends
        agent.wait_frames(40)
        assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]
        assert agent.source.stats.frames_damaged == 0


def test_a_link_that_is_cut_is_opened_anew(camera: rtsp_camera_process.RtspCamera) -> None:
    with (
        FaultyLink(camera.port) as link,
        SourceRig(rtsp_opener(through(camera, link.port))) as agent,
    ):
        agent.wait_frames(5)
        link.cut()
        wait_until("a second session", lambda: agent.frames[-1].session == 2)


def test_a_stalled_read_blocks_no_stop(
    camera: rtsp_camera_process.RtspCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SILENCE", 10 * PATIENCE)
    with (
        FaultyLink(camera.port) as link,
        SourceRig(rtsp_opener(through(camera, link.port))) as agent,
    ):
        agent.wait_frames(3)
        link.stalled = True
        agent.worker.stop.set()
        assert agent.worker.join(PATIENCE), "a silent camera keeps its thread"


def test_the_key_picture_that_begins_the_session_is_shown_however_far_the_next_one_is(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with SourceRig(rtsp_opener(camera.url("/late"))) as agent:
        (first, *_) = agent.wait_frames(30)
        assert first.video is not None
        assert first.video.key
        assert [f.video.key for f in agent.frames[1:30] if f.video] == [False] * 29


def test_a_key_picture_is_waited_for_as_long_as_packets_come(
    camera: rtsp_camera_process.RtspCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first picture of the session is lost on the way; the next key picture comes late."""
    monkeypatch.setattr(session, "SILENCE", 0.4)
    lost: list[int] = []
    take = Decoding.take

    def late(self: Decoding, unit: Unit, at: float, pts: float | None = None) -> list[Picture]:
        if len(lost) < 45:  # three seconds
            lost.append(1)
            self.lost()
            return []
        return take(self, unit, at, pts)

    monkeypatch.setattr(Decoding, "take", late)
    with SourceRig(rtsp_opener(camera.url("/h264"))) as agent:
        agent.wait_frames(1)
        assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]
        assert len(lost) == 45


def sound(camera: rtsp_camera_process.RtspCamera) -> str:
    return camera.url("/sound")


def udp_alone(camera: rtsp_camera_process.RtspCamera) -> str:
    return camera.url("/udp")


def udp_asked_for(camera: rtsp_camera_process.RtspCamera) -> str:
    return camera.url("/h264").replace("rtsp:", "rtspu:")


def tunnel(camera: rtsp_camera_process.RtspCamera) -> str:
    return camera.url("/h264").replace("rtsp:", "rtsph:")


def h265(camera: rtsp_camera_process.RtspCamera) -> str:
    return camera.url("/h265")


@pytest.mark.parametrize("url", [sound, udp_alone, udp_asked_for, tunnel, h265])
@pytest.mark.parametrize("coded", [False, True])
def test_every_way_leads_to_pictures(
    camera: rtsp_camera_process.RtspCamera,
    url: Callable[[rtsp_camera_process.RtspCamera], str],
    coded: bool,  # noqa: FBT001
) -> None:
    with SourceRig(rtsp_opener(url(camera), coded=coded)) as agent:
        frames = agent.wait_frames(20)
        assert agent.source.stats.frames_damaged == 0
        assert max(gaps(frames)) < 0.15
        if not coded:
            assert {dimensions(frame.image) for frame in frames} == {(480, 640)}


def heard(frames: list[Frame]) -> list[tuple[float, float]]:
    """Of each unit of sound: when it begins, and when the picture that it came with is shown."""
    found = []
    for frame in frames:
        assert frame.video is not None
        assert frame.video.sound is not None
        found += [(unit.pts, frame.video.pts or 0.0) for unit in frame.video.sound.units]
    return found


@pytest.mark.parametrize(
    ("path", "codec", "each"),
    [("/sound", "pcm_mulaw", 0.128), ("/aac", "aac", 0.064), ("/opus", "opus", 0.02)],
)
@pytest.mark.parametrize("scheme", ["rtsp", "rtspu", "rtsph"])
def test_the_sound_comes_beside_the_pictures_on_every_way(
    camera: rtsp_camera_process.RtspCamera, path: str, codec: str, each: float, scheme: str
) -> None:
    url = camera.url(path).replace("rtsp:", f"{scheme}:")
    with SourceRig(rtsp_opener(url, sound=True)) as agent:
        frames = agent.wait_frames(40)[:40]
        assert agent.source.stats.frames_damaged == 0
        assert agent.source.stats.sound_damaged == 0
        assert f"with {codec} of " in agent.states[-1].reason
    units = heard(frames)
    steps = [later - before for (before, _), (later, _) in pairwise(units)]
    assert sorted(steps)[len(steps) // 2] == pytest.approx(each, abs=0.005)
    # a report may move all by what arrival could not tell: pictures wait together for 0.3 s
    assert min(steps) > -0.4
    late = sorted(abs(begin - shown) for begin, shown in units)
    assert late[len(late) // 2] < 0.3, "most of it goes with its picture"
    assert units[-1][0] - units[0][0] > 1.5, "there is some all the time"


def test_a_camera_without_sound_is_told_so(camera: rtsp_camera_process.RtspCamera) -> None:
    opener = rtsp_opener(camera.url("/h264"), sound=True)
    for _ in range(3):  # its pictures came without sound: that is not why it is not asked for
        with SourceRig(opener) as agent:
            agent.wait_frames(3)
            assert agent.states[-1].reason.endswith(", without sound: the camera offers none")


def test_sound_that_is_refused_costs_no_picture(camera: rtsp_camera_process.RtspCamera) -> None:
    with (
        rewriting(camera.port, b"PCMU/8000", b"G723/8000") as port,
        SourceRig(rtsp_opener(through(camera, port, "/sound"), sound=True)) as agent,
    ):
        frames = agent.wait_frames(20)
        assert "without sound: G723 is not recorded" in agent.states[-1].reason
        assert max(gaps(frames)) < 0.15


def test_a_camera_that_does_not_set_up_its_sound_gives_its_pictures(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with (
        rewriting(camera.port, b"stream=0", b"stream=9") as port,
        SourceRig(rtsp_opener(through(camera, port, "/sound"), sound=True)) as agent,
    ):
        frames = agent.wait_frames(20)
        assert "without sound: has no such path (404" in agent.states[-1].reason
        assert max(gaps(frames)) < 0.15
        assert agent.source.stats.frames_damaged == 0


def test_sound_that_is_not_asked_for_is_not_sent(camera: rtsp_camera_process.RtspCamera) -> None:
    with SourceRig(rtsp_opener(camera.url("/aac"))) as agent:
        frames = agent.wait_frames(3)
        assert all(frame.video and frame.video.sound is None for frame in frames)


def test_parameter_sets_that_are_in_the_stream_alone_are_enough(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    with (
        rewriting(camera.port, b"sprop-parameter-sets", b"xprop-parameter-sets") as port,
        SourceRig(rtsp_opener(through(camera, port))) as agent,
    ):
        frames = agent.wait_frames(5)
        assert dimensions(frames[0].image) == (480, 640)


def test_a_session_is_kept_alive_and_ended_in_order(
    camera: rtsp_camera_process.RtspCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "_ALIVE", 0.2)
    monkeypatch.setattr(transports, "_TIMEOUT", transports._SERVER_PORT)
    heard = bytearray()
    lock = threading.Lock()

    def listen(data: bytes) -> None:
        with lock:
            heard.extend(data)

    with rewriting(camera.port, heard=listen) as port:
        with SourceRig(rtsp_opener(through(camera, port))) as agent:
            wait_until("a second sign of life", lambda: heard.count(b"GET_PARAMETER ") >= 2)
            assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]
        wait_until("an end in order", lambda: b"TEARDOWN " in heard)
    assert b"pw-123" not in heard


def test_cameras_are_read_beside_each_other(camera: rtsp_camera_process.RtspCamera) -> None:
    with (
        SourceRig(rtsp_opener(camera.url("/h264"), batch=0.15)) as first,
        SourceRig(rtsp_opener(camera.url("/h264"), batch=0.15)) as second,
    ):
        first.wait_frames(45)
        second.wait_frames(45)
        assert first.codes == second.codes == [CameraCode.CONNECTING, CameraCode.LIVE]


class Timeless(ManyReferences):
    """Its pictures come evenly, and all have one time."""

    def packets(self) -> Iterator[tuple[int, bytes]]:
        for number, payload in super().packets():
            yield -1 if number < 0 else 0, payload
            if number < 0:
                time.sleep(0.02)


def test_pictures_of_a_camera_whose_clock_stands_still_are_not_collected() -> None:
    with (
        Timeless(coded(64, 48, 1, 4)) as camera,
        SourceRig(rtsp_opener(camera.url, coded=True, batch=0.15)) as agent,
    ):
        frames = agent.wait_frames(60)[20:]
    assert median(gaps(frames)) > 0.01
    assert median(later.at - before.at for before, later in pairwise(frames)) > 0.01
