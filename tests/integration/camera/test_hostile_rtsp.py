"""RTSP cameras that want the password for somebody else, memory, or time; and whom TLS believes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import pytest

from agent.camera.network import resolve
from agent.camera.network.resolve import Found
from agent.camera.network.trust import trusting
from agent.camera.rtsp import describe as rtsp_question
from agent.camera.video import rtsp_opener
from agent.core.messages import CameraCode, CameraState
from agent.imaging.decoder_demand import DECODER_FREE
from agent.runtime.clock import SystemClock
from agent.runtime.memory import LEAST_LIMIT, MIB, Memory
from agent.runtime.tls import client_context
from tests.support import rtsp_camera_process
from tests.support.certificates import self_signed, serving, signed
from tests.support.endless_rtsp import ManyReferences, coded
from tests.support.odd_cameras import Answer, shown_by
from tests.support.source_rig import SourceRig
from tests.support.tls_front import tls_front
from tests.support.waiting import wait_until

WHO = "viewer:pw-123"
BASIC = b'WWW-Authenticate: Basic realm="x"\r\n'


@pytest.fixture(scope="module")
def camera() -> Iterator[rtsp_camera_process.RtspCamera]:
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as running:
        yield running


@contextmanager
def stranger(host: str = "127.0.0.2") -> Iterator[tuple[int, list[bytes]]]:
    """Another machine that asks everybody for a password; its port, and all that it hears."""
    heard: list[bytes] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        while request:
            heard.append(request)
            connection.sendall(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n" + BASIC + b"\r\n")
            request = connection.recv(4096)

    with shown_by(answer, host) as port:
        yield port, heard


def rtsp(status: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"RTSP/1.0 " + status, b"CSeq: 1", *fields, b"", b""])


def says(*answers: bytes) -> Answer:
    """One answer to each request of a connection, the last one again and again."""

    def answer(connection: socket.socket, request: bytes) -> None:
        number = 0
        while request:
            connection.sendall(answers[min(number, len(answers) - 1)])
            number += 1
            request = connection.recv(4096)

    return answer


def outcome(port: int, host: str = "127.0.0.1") -> CameraState:
    """What an attempt with such a camera comes to."""
    with SourceRig(rtsp_opener(f"rtsp://{WHO}@{host}:{port}/x")) as agent:
        wait_until("an end of the attempt", lambda: len(agent.states) > 1)
        assert not agent.frames
        state = agent.states[1]
    assert "pw-123" not in state.reason
    return state


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"305 Proxy", b"307 Moved"])
@pytest.mark.parametrize("challenged", [False, True])
def test_a_redirect_to_another_host_is_refused_and_nobody_is_asked_there(
    status: bytes,
    challenged: bool,  # noqa: FBT001
) -> None:
    with stranger() as (other, heard):
        moved = rtsp(status, b"Location: rtsp://127.0.0.2:%d/x" % other)
        first = [rtsp(b"401 Unauthorized", BASIC.strip())] if challenged else []
        with shown_by(says(*first, moved)) as port:
            state = outcome(port)
        assert state.code is CameraCode.REFUSED
        assert "redirects to another host, rtsp://127.0.0.2" in state.reason
        assert heard == []


@pytest.mark.parametrize(
    "location",
    [
        b"http://127.0.0.1/x",
        b"http://127.0.0.1:80/x",
        b"ftp://127.0.0.1:554/x",
        b"file://127.0.0.1:554/etc/passwd",
        b"file:///etc/passwd",
        b"rtsp://",
        b"rtsp://\xff\xfe/",
        b"//",
        b"",
    ],
)
def test_a_redirect_to_what_is_no_url_of_rtsp_is_refused(location: bytes) -> None:
    with shown_by(says(rtsp(b"302 Found", b"Location: " + location))) as port:
        state = outcome(port)
    assert state.code is CameraCode.REFUSED
    assert "redirect" in state.reason


def test_a_loop_of_redirects_ends() -> None:
    with shown_by(says(rtsp(b"302 Found", b"Location: /y"))) as port:
        state = outcome(port)
    assert (state.code, "without end" in state.reason) == (CameraCode.REFUSED, True)


def test_a_redirect_on_the_camera_itself_is_followed(
    camera: rtsp_camera_process.RtspCamera,
) -> None:
    there = b"Location: rtsp://127.0.0.1:%d/h264" % camera.port
    with (
        shown_by(says(rtsp(b"302 Found", there))) as port,
        SourceRig(rtsp_opener(f"rtsp://{WHO}@127.0.0.1:{port}/x")) as agent,
    ):
        agent.wait_frames(2)


def test_the_name_is_looked_up_once_in_a_session(
    camera: rtsp_camera_process.RtspCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: Found = (socket.AF_INET, ("127.0.0.1", 0))
    monkeypatch.setattr(resolve, "_query", lambda _host, _flags: there)
    url = camera.url("/h264").replace("127.0.0.1", "cam.invalid")
    with SourceRig(rtsp_opener(url)) as agent:
        agent.wait_frames(2)


@pytest.mark.parametrize("at", ["SETUP", "PLAY", "REDIRECT"])
def test_no_redirect_is_followed_once_the_stream_is_described(at: str) -> None:
    with stranger() as (other, heard), shown_by(_moves_at(at, other)) as port:
        opener = rtsp_opener(f"rtsp://{WHO}@127.0.0.1:{port}/x")
        with SourceRig(opener) as agent:
            wait_until("an end of the attempt", lambda: len(agent.states) > 1)
        assert heard == []


def _moves_at(at: str, other: int) -> Answer:
    """A camera that redirects one request, or by one of its own after PLAY."""
    there = b"Location: rtsp://127.0.0.2:%d/x" % other
    lines = [b"v=0", b"s=x", b"t=0 0", b"m=video 0 RTP/AVP 96", b"a=rtpmap:96 H264/90000", b""]
    body = b"\r\n".join(lines)

    def answer(connection: socket.socket, request: bytes) -> None:
        while request and not request.startswith(b"RTSP/"):  # its answer to our REDIRECT
            method = request.split()[0].decode()
            number = next(it for it in request.split(b"\r\n") if it.startswith(b"CSeq"))
            fields, content, status = [number], b"", b"200 OK"
            if method == at:
                status = b"302 Found"
                fields.append(there)
            elif method == "DESCRIBE":
                content = body
                fields += [b"Content-Type: application/sdp", b"Content-Length: %d" % len(body)]
            elif method == "SETUP":
                fields += [b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1", b"Session: 1"]
            elif method == "OPTIONS":
                fields.append(b"Public: OPTIONS, DESCRIBE, SETUP, PLAY")
            head = b"\r\n".join([b"RTSP/1.0 " + status, *fields, b"", b""])
            connection.sendall(head + content)
            if method == "PLAY" and at == "REDIRECT":
                words = [b"REDIRECT rtsp://127.0.0.1/x RTSP/1.0", b"CSeq: 9", there, b"", b""]
                connection.sendall(b"\r\n".join(words))
            request = connection.recv(4096)

    return answer


def trickles(before: bytes) -> Answer:
    """A byte now and then, for ever."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(before)
        connection.settimeout(0.05)
        while True:
            connection.sendall(b"x")
            with suppress(TimeoutError):
                if not connection.recv(4096):
                    return

    return answer


@pytest.mark.parametrize(
    "before",
    [
        b"RTSP/1.0 2",
        b"RTSP/1.0 200 OK\r\nX-",
        rtsp(b"100 Continue") + b"RTSP/1.0 2",
        rtsp(b"401 No", BASIC.strip())[:-2],
    ],
    ids=["status", "head", "continue", "challenge"],
)
def test_a_camera_that_trickles_costs_one_deadline(
    before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_question, "ANSWER_WITHIN", 0.5)
    with shown_by(trickles(before)) as port:
        state = outcome(port)
    assert (state.code, "too slowly" in state.reason) == (CameraCode.UNREACHABLE, True)


@pytest.mark.parametrize(
    "answer",
    [
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 100_000,
        b"RTSP/1.0 200 OK\r\nX: " + b"y" * 400_000,
        rtsp(b"200 OK", b"Content-Length: 2147483647"),
        rtsp(b"401 No", BASIC.strip(), b"Content-Length: 2147483647") + b"z" * 100_000,
        rtsp(b"200 OK", b"Content-Encoding: gzip", b"Content-Length: 5") + b"\x1f\x8b\x08\0\0",
        rtsp(b"200 OK", b"Content-Length: -1", b"Content-Length: 7"),
        rtsp(b"401 No", b"WWW-Authenticate: Bearer"),
        rtsp(b"401 No", b"WWW-Authenticate: Digest"),
        b"$\x00\xff\xff" * 50_000,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b",
        b"\x00" * 200_000,
        b"RTSP/1.0 99999 Odd\r\n\r\n",
    ],
)
def test_nonsense_ends_the_attempt_and_nothing_else(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_question, "ANSWER_WITHIN", 0.5)
    with shown_by(says(answer)) as port:
        assert outcome(port).code in {CameraCode.REFUSED, CameraCode.UNREACHABLE}


def test_a_relay_that_fetches_its_pictures_first_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtsp_question, "WITHIN", 0.5)

    def answer(connection: socket.socket, _request: bytes) -> None:
        threading.Event().wait(1.5)
        connection.sendall(rtsp(b"404 Not Found"))

    with shown_by(answer) as port:
        assert outcome(port).code is CameraCode.REFUSED


def test_a_camera_that_ends_the_connection_with_its_challenge_is_asked_on_another() -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        heard.append(request)
        connection.sendall(rtsp(b"401 No", BASIC.strip()))

    with shown_by(answer) as port:
        assert outcome(port).code is CameraCode.REFUSED
    assert [b"Authorization" in request for request in heard] == [False, True]


# ------------------------------------------------------------------ memory


@lru_cache
def costly() -> list[list[bytes]]:
    """Pictures of 1920x1080 with 16 references: 66 MiB to decode."""
    return coded(1920, 1088, 16, 2)


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("hand_on", [True, False])
def test_video_that_demands_more_memory_than_there_is_is_not_decoded(
    *, described: bool, hand_on: bool
) -> None:
    memory = Memory(LEAST_LIMIT, 2)
    shares = [memory.share(SystemClock()) for _ in range(4)]
    left = shares[1].hold(memory.work.most(shares[1]) - 10 * MIB)
    assert left is not None
    with ManyReferences(costly(), described=described) as camera:
        opener = rtsp_opener(camera.url, coded=hand_on, memory=shares[0])
        assert shares[0].hold(20 * MIB) is not None  # that much is its own
        taken = shares[0].hold(40 * MIB)
        with SourceRig(opener) as agent:
            reason = agent.wait_for(CameraCode.REFUSED).reason
            assert not agent.frames
    assert taken is not None
    assert "needs 22 pictures, 66 MiB, to be decoded" in reason
    assert "agent.memory_max" in reason
    assert shares[0].costs.reduced


def test_memory_of_a_decoder_is_given_back_with_its_session() -> None:
    memory = Memory(LEAST_LIMIT, 2)
    share = memory.share(SystemClock())
    with ManyReferences(costly()) as camera:
        with SourceRig(rtsp_opener(camera.url, memory=share)) as agent:
            agent.wait_frames(2)
            assert memory.work.used(share) == 22 * 1920 * 1088 * 3 // 2 - DECODER_FREE
        wait_until("its memory again", lambda: memory.work.used(share) == 0)


def test_hundreds_of_parameter_sets_end_the_attempt() -> None:
    pictures = [[*[b"\x67\x64"] * 500, b"\x65\x88"]]
    with (
        ManyReferences(pictures, described=False) as camera,
        SourceRig(rtsp_opener(camera.url)) as agent,
    ):
        assert "parameter sets" in agent.wait_for(CameraCode.REFUSED).reason


# ------------------------------------------------------------------ TLS


def secured(camera: rtsp_camera_process.RtspCamera, port: int, host: str = "127.0.0.1") -> str:
    url = camera.url("/h264").replace(f"127.0.0.1:{camera.port}", f"{host}:{port}")
    return url.replace("rtsp:", "rtsps:")


@pytest.mark.parametrize("insecure", [False, True])
def test_a_certificate_that_was_given_is_believed_and_with_insecure_any(
    camera: rtsp_camera_process.RtspCamera,
    tmp_path: Path,
    insecure: bool,  # noqa: FBT001
) -> None:
    certificate = self_signed(tmp_path)
    trust = trusting(insecure=True) if insecure else trusting(certificate)
    with (
        tls_front(camera.port, [serving(certificate)]) as (port, _),
        SourceRig(rtsp_opener(secured(camera, port), trust)) as agent,
    ):
        agent.wait_frames(2)


def test_other_certificates_are_refused_before_anything_is_said(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path
) -> None:
    with tls_front(camera.port, [serving(self_signed(tmp_path))]) as (port, heard):
        for trust in (None, trusting(self_signed(tmp_path, "another"))):
            with SourceRig(rtsp_opener(secured(camera, port), trust)) as agent:
                reason = agent.wait_for(CameraCode.REFUSED).reason
            assert "tls.ca" in reason
        assert set(heard) == {0}


def test_the_whole_session_goes_over_the_connection_whose_certificate_was_believed(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path)
    contexts = [serving(certificate), serving(self_signed(tmp_path, "camera2"))]
    with tls_front(camera.port, contexts) as (port, heard):
        opener = rtsp_opener(secured(camera, port), trusting(certificate))
        with SourceRig(opener) as agent:
            agent.wait_frames(2)
        assert len(heard) == 1


def test_the_name_in_the_certificate_counts_where_an_authority_signed_it(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path
) -> None:
    server, authority = signed(tmp_path, "localhost")
    client = client_context(authority)
    with tls_front(camera.port, [server]) as (port, heard):
        with SourceRig(rtsp_opener(secured(camera, port, "localhost"), client)) as agent:
            agent.wait_frames(2)
        before = len(heard)
        with SourceRig(rtsp_opener(secured(camera, port), client)) as agent:
            assert "not trusted" in agent.wait_for(CameraCode.REFUSED).reason
        assert set(heard[before:]) == {0}


def test_a_redirect_from_tls_to_none_is_refused(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    plain = says(rtsp(b"302 Found", b"Location: rtsp://127.0.0.1/x"))
    with shown_by(plain) as behind, tls_front(behind, [serving(certificate)]) as (port, _):
        opener = rtsp_opener(f"rtsps://{WHO}@127.0.0.1:{port}/x", trusting(certificate))
        with SourceRig(opener) as agent:
            assert "anybody can read" in agent.wait_for(CameraCode.REFUSED).reason
