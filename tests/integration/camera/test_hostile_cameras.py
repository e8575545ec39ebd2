"""Cameras that want more than to show pictures."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import av
import pytest

from agent.camera import picture_interval
from agent.camera.http import client, source
from agent.camera.http.source import web_opener
from agent.camera.video import VideoSession
from agent.core.errors import CameraRefused
from agent.core.messages import CameraCode
from agent.runtime import redaction
from tests.support.jpegs import jpeg
from tests.support.odd_cameras import (
    JPEG,
    OK,
    STREAM,
    Answer,
    at,
    locked,
    moved,
    part,
    rest,
    shown_by,
    still,
)
from tests.support.source_rig import SourceRig
from tests.support.waiting import PATIENCE, wait_until
from tests.support.web_camera import WebCamera


def test_a_camera_cannot_send_the_agent_to_another_machine() -> None:
    """A GET from inside the house may open a gate somewhere."""
    other = WebCamera(lambda number: jpeg(3000, seed=number))

    class Sender(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{other.port}/stream")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Sender) as camera, other:
        thread = threading.Thread(target=camera.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{camera.server_port}/"
        with SourceRig(web_opener(url)) as agent:
            state = agent.wait_for(CameraCode.REFUSED)
        camera.shutdown()
        thread.join(PATIENCE)

    assert "redirects to another host, http://localhost" in state.reason
    assert other.tried == []


def test_video_of_a_giant_size_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """40 kB of it made the decoder take 300 MB before anybody saw a size."""
    path = tmp_path / "giant.ts"
    with av.open(str(path), "w", format="mpegts") as film:
        stream = film.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 8192, 2304, "yuv420p"
        frame = av.VideoFrame(8192, 2304, "yuv420p")
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))

    class Patience:
        clock = None

        def look(self) -> None:
            """Nothing is wanted."""

    with pytest.raises(CameraRefused, match="8192x2304, which are too large"):
        VideoSession("giant", str(path), Patience(), "mpegts", {})  # type: ignore[arg-type]  # a look is all it takes


def trickle(head: bytes, each: bytes = b"a") -> Answer:
    """Says so much at once, and then a little now and then, for ever."""

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(each)
            rest(0.05)

    return answer


#: A camera that trickles, and what is said of it.
TRICKLES: dict[str, tuple[Answer, CameraCode, str]] = {
    "head": (trickle(OK + b"X-Slow: "), CameraCode.UNREACHABLE, "answers too slowly"),
    "100 Continue": (
        trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        CameraCode.UNREACHABLE,
        "answers too slowly",
    ),
    "redirect": (
        trickle(b"HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 5000000\r\n\r\n"),
        CameraCode.REFUSED,
        "redirects without end",
    ),
    "challenge": (
        trickle(b"HTTP/1.1 401 X\r\nWWW-Authenticate: Basic\r\nContent-Length: 5000000\r\n\r\n"),
        CameraCode.REFUSED,
        "the URL has none",
    ),
    "still": (
        trickle(OK + JPEG + b"Content-Length: 5000000\r\n\r\n"),
        CameraCode.STALLED,
        "too slow",
    ),
    "picture": (
        trickle(OK + JPEG + b"Content-Length: 5000000\r\n\r\n" + jpeg(3000)[:2000]),
        CameraCode.STALLED,
        "one has begun",
    ),
    "stream": (trickle(OK + STREAM + b"\r\n"), CameraCode.STALLED, "too slow"),
    "chunk": (
        trickle(OK + JPEG + b"Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n"),
        CameraCode.STALLED,
        "too slow",
    ),
    "nothing": (trickle(OK + STREAM + b"\r\n", b""), CameraCode.STALLED, "nothing comes"),
}


def with_limits(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """So long a camera may take for anything."""
    monkeypatch.setattr(client, "HEAD_WITHIN", seconds)
    monkeypatch.setattr(picture_interval, "UNKNOWN", seconds)
    monkeypatch.setattr(source, "SILENCE", seconds)


def looks_around(agent: SourceRig) -> None:
    """Its thread gives several signs of life."""
    beats: set[float] = set()

    def several() -> bool:
        beats.add(agent.worker._beat_at)
        return len(beats) > 3

    wait_until("signs of life", several)


@pytest.mark.parametrize("name", TRICKLES)
def test_a_camera_that_trickles_is_given_up_and_its_thread_looks_around_all_the_time(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer, code, words = TRICKLES[name]
    with shown_by(answer) as port:
        url = f"http://127.0.0.1:{port}/"
        with_limits(monkeypatch, PATIENCE)
        with SourceRig(web_opener(url)) as agent:
            looks_around(agent)
        with_limits(monkeypatch, 2.0)
        with SourceRig(web_opener(url)) as agent:
            state = agent.wait_for(code)
    assert words in state.reason
    assert state.answers or code is CameraCode.REFUSED or name == "nothing"


def test_an_honest_still_over_a_slow_line_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_interval, "UNKNOWN", 0.5)
    monkeypatch.setattr(source, "SILENCE", 0.5)

    def answer(connection: socket.socket, _: bytes) -> None:
        body = jpeg(60_000)
        head = OK + JPEG + b"Content-Length: %d\r\n" % len(body)
        connection.sendall(head + b"\r\n")
        for start in range(0, len(body), 2000):
            connection.sendall(body[start : start + 2000])
            rest(0.05)

    with shown_by(answer) as port:
        opener = web_opener(f"http://127.0.0.1:{port}/", 0.05)
        with SourceRig(opener) as agent:
            agent.wait_frames(2)
            assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]


def test_pictures_that_never_stop_keep_nobody_waiting() -> None:
    body = jpeg(3000)

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(OK + STREAM + b"\r\n")
        while True:
            connection.sendall(50 * part(body))

    with shown_by(answer) as port, SourceRig(web_opener(f"http://127.0.0.1:{port}/")) as agent:
        agent.wait_frames(100)
        looks_around(agent)
        agent.worker.stop.set()
        assert agent.worker.join(PATIENCE)


def test_one_session_goes_to_one_address_whatever_the_name_becomes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second look-up and a relative redirect led to another machine."""
    answers = ["127.0.0.1", "127.0.0.2"]
    real = socket.getaddrinfo

    def looked_up(host: str, *rest_of: Any, **more: Any) -> Any:  # noqa: ANN401  the system's
        if host != "cam.test":
            return real(host, *rest_of, **more)
        if more.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with shown_by(at({"/": moved(b"/cam"), "/cam": still()})) as port:
        opener = web_opener(f"http://cam.test:{port}/", 0.05)
        with SourceRig(opener) as agent:
            agent.wait_frames(4)
            assert answers == ["127.0.0.2"]


def test_a_host_that_is_named_may_be_redirected_to_and_hears_no_password() -> None:
    heard: list[bytes] = []

    def other(connection: socket.socket, request: bytes) -> None:
        heard.append(request)
        still()(connection, request)

    with shown_by(other) as there:
        sends = locked(lambda *_: True, [b"Basic"], moved(f"http://localhost:{there}/".encode()))
        with shown_by(sends) as port:
            url = f"http://user:p4ss@127.0.0.1:{port}/"
            with SourceRig(web_opener(url, redirect_hosts=["127.0.0.3"])) as agent:
                assert "redirect_hosts" in agent.wait_for(CameraCode.REFUSED).reason
            # a name that leads to this machine itself is refused even so, a number is not
            with SourceRig(web_opener(url, redirect_hosts=["localhost"])) as agent:
                assert "own" in agent.wait_for(CameraCode.REFUSED).reason
        assert not heard
        sends = locked(lambda *_: True, [b"Basic"], moved(f"http://127.0.0.1:{there}/".encode()))
        with shown_by(sends) as port:
            url = f"http://user:p4ss@localhost:{port}/"
            with SourceRig(web_opener(url, redirect_hosts=["127.0.0.1"])) as agent:
                agent.wait_frames(1)


SECRET = "hunTer22qXzz"  # noqa: S105  of nobody


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 %s%s\r\n\r\n",
        b"%s%s and so on\r\n\r\n",
        OK + b"Content-Type: %s%s\r\n\r\nx",
        b"HTTP/1.1 302 Found\r\nLocation: http://%s%s/\r\n\r\n",
    ],
    ids=["phrase", "no_http", "kind", "redirect"],
)
@pytest.mark.parametrize("room", [3, 6, 9, 11, 40])
def test_a_camera_that_repeats_the_password_cannot_have_it_cut(answer: bytes, room: int) -> None:
    """It chooses where the words that we show of it end."""
    redaction.hide(SECRET)
    before = b"a" * (60 - room - (7 if b"http://" in answer else 0))
    says = answer % (before, SECRET.encode())
    with shown_by(lambda connection, _: connection.sendall(says)) as port:
        opener = web_opener(f"http://admin:{SECRET}@127.0.0.1:{port}/")
        with SourceRig(opener) as agent:
            wait_until("an end of the attempt", lambda: len(agent.states) > 1)
            said = agent.states[1].reason.lower()
    assert before[:9].decode() in said
    assert SECRET[:3].lower() not in redaction.redact(said)
