from __future__ import annotations

import socket
import threading
import time
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from agent.camera.http import client, source
from agent.camera.http.source import web_opener
from agent.camera.session import Opener
from agent.camera.video import rtsp_opener
from agent.core.errors import ConfigError
from agent.core.messages import CameraCode
from tests.support.jpegs import jpeg
from tests.support.source_rig import SourceRig
from tests.support.waiting import PATIENCE, wait_until
from tests.support.web_camera import PASSWORD, USER, Auth, WebCamera

WHO = f"{USER}:{quote(PASSWORD, safe='')}"


def picture(number: int) -> bytes:
    return jpeg(3000 + 100 * (number % 7), seed=number)


@pytest.mark.parametrize(
    ("with_length", "chunked"), [(True, False), (False, False), (True, True), (False, True)]
)
def test_every_picture_of_a_stream_arrives_byte_for_byte(
    *, with_length: bool, chunked: bool
) -> None:
    camera = WebCamera(picture, fps=60, with_length=with_length, chunked=chunked)
    with camera, SourceRig(web_opener(camera.url())) as agent:
        frames = agent.wait_frames(30)
        for number, frame in enumerate(frames[:30]):
            assert frame.jpeg == picture(number)
            assert (frame.seq, frame.session) == (number, 1)
        assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]
        assert agent.source.stats.frames_damaged == 0


@pytest.mark.parametrize("with_length", [True, False])
def test_a_picture_is_delivered_with_its_last_byte_not_with_the_next_one(
    *, with_length: bool
) -> None:
    camera = WebCamera(picture, fps=1, with_length=with_length)
    with camera, SourceRig(web_opener(camera.url())) as agent:
        agent.wait_frames(2)
        before = camera.sent
        agent.wait_frames(before)
        assert camera.sent == before


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_user_and_password_are_sent_as_the_camera_asks_and_never_before(auth: Auth) -> None:
    camera = WebCamera(picture, auth=auth)
    with camera, SourceRig(web_opener(camera.url(user=WHO))) as agent:
        agent.wait_frames(3)
    assert camera.tried[0] is None
    assert str(camera.tried[1]).lower().startswith(auth)


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_a_wrong_password_is_refused_said_without_it_and_not_tried_again_soon(auth: Auth) -> None:
    camera = WebCamera(picture, auth=auth)
    with camera, SourceRig(web_opener(camera.url(user="viewer:wr0ngw0rd"))) as agent:
        state = agent.wait_for(CameraCode.REFUSED)
        assert state.retry_in == 2.0
        time.sleep(0.5)
    assert len(camera.tried) == 2
    assert not any(word in state.reason for word in ("wr0ngw0rd", "viewer"))


def gaps(agent: SourceRig) -> list[float]:
    """Seconds between two pictures."""
    return [later.at - before.at for before, later in pairwise(agent.frames)]


def test_stills_come_once_an_interval_over_digest_auth() -> None:
    camera = WebCamera(picture, auth="digest")
    with camera, SourceRig(web_opener(camera.url("/still.jpg", user=WHO), 0.125)) as agent:
        frames = agent.wait_frames(9)
        wait_until("two as near as they may be", lambda: min(gaps(agent)) < 0.2)
    assert [frame.jpeg for frame in frames[:9]] == [picture(number) for number in range(9)]
    assert frames[8].at - frames[0].at > 0.9
    assert camera.tried.count(None) == 1


def test_a_redirect_is_followed() -> None:
    camera = WebCamera(picture)
    with camera, SourceRig(web_opener(camera.url("/moved"))) as agent:
        agent.wait_frames(2)


def test_a_cut_stream_is_reopened_at_once_and_its_frames_are_of_a_new_session() -> None:
    camera = WebCamera(picture)
    with camera, SourceRig(web_opener(camera.url())) as agent:
        count = len(agent.wait_frames(5))
        camera.cut()
        agent.wait_for(CameraCode.CONNECTING, after=2)
        agent.wait_for(CameraCode.LIVE, after=3)
        frame = next(f for f in agent.wait_frames(count + 5) if f.session == 2)
        assert frame.jpeg == picture(0)
        assert agent.source.stats.reconnects == 1


def test_a_stall_is_noticed_and_the_next_connection_is_a_fresh_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = source.SILENCE
    monkeypatch.setattr(source, "SILENCE", 1.0)
    camera = WebCamera(picture)
    with camera, SourceRig(web_opener(camera.url())) as agent:
        agent.wait_frames(5)
        camera.stalled.set()
        requests = camera.requests
        last = agent.frames[-1].at
        state = agent.wait_for(CameraCode.STALLED, after=2)
        assert state.at - last < real
        camera.stalled.clear()
        agent.wait_for(CameraCode.LIVE, after=3)
        assert camera.requests > requests


def test_a_still_that_does_not_come_is_a_stall_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HEAD_WITHIN", 1.0)
    camera = WebCamera(picture)
    with camera, SourceRig(web_opener(camera.url("/still.jpg"), 0.125)) as agent:
        agent.wait_frames(3)
        camera.stalled.set()
        agent.wait_for(CameraCode.STALLED, after=2)
        camera.stalled.clear()
        agent.wait_for(CameraCode.LIVE, after=3)


def test_nobody_there_is_unreachable_and_tried_again_with_growing_pauses() -> None:
    with WebCamera(picture) as gone:
        port = gone.port
    with SourceRig(web_opener(f"http://127.0.0.1:{port}/stream")) as agent:
        agent.wait_for(CameraCode.UNREACHABLE, after=3)
        waits = [state.retry_in or 0.0 for state in agent.states[1:4]]
        assert 0.08 <= waits[0] <= 0.125 < waits[2] <= 0.5
        with WebCamera(picture, port=port):
            agent.wait_for(CameraCode.LIVE)
            assert "after" in agent.states[-1].reason


@pytest.mark.parametrize(
    ("status", "code"), [(500, CameraCode.UNREACHABLE), (404, CameraCode.REFUSED)]
)
def test_what_the_camera_answers_is_said(status: int, code: CameraCode) -> None:
    camera = WebCamera(picture)
    camera.status = status
    with camera, SourceRig(web_opener(camera.url())) as agent:
        assert str(status) in agent.wait_for(code).reason


def test_a_camera_that_wants_a_user_is_told_from_one_that_refuses_it() -> None:
    with WebCamera(picture, auth="basic") as camera:
        for user, words in (("", "the URL has none (401)"), ("viewer:no", "refuses user or")):
            with SourceRig(web_opener(camera.url(user=user))) as agent:
                assert words in agent.wait_for(CameraCode.REFUSED).reason


def test_of_a_name_with_two_addresses_the_one_that_answers_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = socket.getaddrinfo

    def two(host: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401  as the system's
        if host != "cam.test":
            return known(host, *rest, **more)
        if more.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        kind = socket.SOCK_DGRAM, socket.IPPROTO_UDP, ""
        return [(socket.AF_INET, *kind, (at, 0)) for at in ("127.0.0.77", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with WebCamera(picture) as camera:
        url = camera.url().replace("127.0.0.1", "cam.test")
        with SourceRig(web_opener(url)) as agent:
            agent.wait_frames(3)
            assert CameraCode.UNREACHABLE in agent.codes  # the first address


@pytest.mark.parametrize(
    "opener", [web_opener("http://cam.invalid/"), rtsp_opener("rtsp://cam.invalid/x")]
)
def test_a_name_that_nobody_has_is_unreachable_and_not_found(opener: Opener) -> None:
    with SourceRig(opener) as agent:
        state = agent.wait_for(CameraCode.UNREACHABLE)
    assert not state.found
    assert "host name cam.invalid not found" in state.reason


def test_what_answers_but_is_no_web_camera_refuses() -> None:
    with WebCamera(picture) as camera:
        url = camera.url().replace("http:", "https:")
        with SourceRig(web_opener(url)) as agent:
            assert "TLS" in agent.wait_for(CameraCode.REFUSED).reason
    with socket.create_server(("127.0.0.1", 0)) as other:
        answering = threading.Thread(target=_say_something_else, args=(other,))
        answering.start()
        with SourceRig(web_opener(f"http://127.0.0.1:{other.getsockname()[1]}/")) as agent:
            assert agent.wait_for(CameraCode.REFUSED).reason
        answering.join()


def _say_something_else(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"220 ready, and no web page\r\n\r\n")
        connection.recv(1000)


def test_pictures_that_are_none_are_counted_and_never_delivered() -> None:
    def sometimes(number: int) -> bytes:
        return picture(number) if number % 2 else b"\xff\xd8 torn"

    camera = WebCamera(sometimes, fps=60)
    with camera, SourceRig(web_opener(camera.url())) as agent:
        frames = agent.wait_frames(5)
        assert all(frame.jpeg == picture(2 * n + 1) for n, frame in enumerate(frames[:5]))
        wait_until("two damaged", lambda: agent.source.stats.frames_damaged >= 2)


@pytest.mark.parametrize("url", ["http:///x", "http://", "http://h:99999/", "http://a:b@/x"])
def test_a_url_without_a_host_is_a_configuration_error_that_tells_no_password(url: str) -> None:
    with pytest.raises(ConfigError, match="expected http://HOST") as caught:
        web_opener(url)
    assert "a:b" not in str(caught.value)


def test_stopping_waits_for_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SILENCE", 600.0)
    camera = WebCamera(partial(picture))
    with camera:
        camera.stalled.set()
        with SourceRig(web_opener(camera.url())) as agent:
            wait_until("the session waits", lambda: camera.requests)
            agent.worker.stop.set()
            assert agent.worker.join(PATIENCE)
