from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from agent.core.messages import Shown
from agent.reoffer.server import MOST_VIEWERS, ReofferOptions, ReofferWorker, is_loopback
from agent.runtime.clock import SystemClock
from agent.runtime.newest import Newest
from agent.runtime.worker import Worker
from tests.support.jpegs import jpeg
from tests.support.waiting import wait_until


class Camera(Newest[Shown]):
    """A camera that shows a new picture every 20 ms while somebody looks."""

    def __init__(self, size: int = 3000) -> None:
        super().__init__()
        self.shown = 0
        self._pictures = [jpeg(size, seed=n) for n in range(4)]
        self._overlay = jpeg(700, seed=99)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def pictures(self) -> set[bytes]:
        return set(self._pictures)

    @property
    def overlay(self) -> bytes:
        return self._overlay

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            if self.wanted:
                self.put(Shown(0.0, self._pictures[self.shown % 4], self._overlay))
                self.shown += 1


@contextmanager
def serving(
    token: str | None = None, cameras: dict[str, Camera] | None = None
) -> Iterator[ReofferWorker]:
    server = ReofferWorker(ReofferOptions("127.0.0.1", 0, token), cameras or {})
    fatal: list[BaseException] = []
    worker = Worker("reoffer", server.run, SystemClock(), lambda _n, e: fatal.append(e))
    worker.start()
    try:
        wait_until("the port", lambda: server.port)
        yield server
    finally:
        worker.stop.set()
        assert worker.join(3), "the re-offer does not stop"
        for camera in (cameras or {}).values():
            camera.stop()
        assert not fatal, fatal
        assert worker.restarts == 0


def get(
    server: ReofferWorker, path: str, **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    assert server.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=8)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


@contextmanager
def watching(server: ReofferWorker, path: str) -> Iterator[http.client.HTTPResponse]:
    assert server.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=8)
    connection.request("GET", path)
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        answer.close()
        connection.close()


def part(answer: http.client.HTTPResponse) -> bytes:
    assert answer.readline() == b"--frame\r\n"
    assert answer.readline() == b"Content-Type: image/jpeg\r\n"
    length = int(answer.readline().removeprefix(b"Content-Length: "))
    assert answer.readline() == b"\r\n"
    body = answer.read(length)
    assert answer.readline() == b"\r\n"
    return body


def test_pictures_streams_and_overlays_are_offered_and_nobody_works_while_nobody_looks() -> None:
    yard = Camera()
    with serving(cameras={"yard": yard}) as server:
        assert yard.shown == 0
        status, body, headers = get(server, "/yard/latest.jpg")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert body in yard.pictures()
        assert headers["Cache-Control"] == "no-store"
        assert get(server, "/yard/overlay.jpg")[1] == yard.overlay
        with watching(server, "/yard/stream") as stream:
            assert stream.headers.get_content_type() == "multipart/x-mixed-replace"
            assert {part(stream) for _ in range(12)} == yard.pictures()
        with watching(server, "/yard/overlay") as stream:
            assert part(stream) == yard.overlay
        wait_until("nobody looks", lambda: not yard.wanted)
        page = get(server, "/")[1]
        assert b"yard/overlay" in page


def test_a_viewer_that_does_not_read_holds_up_nobody_and_buffers_little() -> None:
    yard = Camera(size=200_000)
    with (
        serving(cameras={"yard": yard}) as server,
        watching(server, "/yard/stream"),
        watching(server, "/yard/stream") as quick,
    ):
        before = yard.shown
        for _ in range(60):
            part(quick)
        assert yard.shown - before < 200


def test_there_is_room_for_eight_viewers() -> None:
    with serving(cameras={"yard": Camera()}) as server, ExitStack() as stack:
        streams = [
            stack.enter_context(watching(server, "/yard/stream")) for _ in range(MOST_VIEWERS)
        ]
        for stream in streams:
            part(stream)
        assert get(server, "/yard/latest.jpg")[0] == 503
        stack.close()
        wait_until("room again", lambda: get(server, "/yard/latest.jpg")[0] == 200)


def test_a_token_is_needed_where_one_is_set() -> None:
    with serving("correct-horse", {"yard": Camera()}) as server:
        for path in ("/", "/yard/latest.jpg", "/yard/stream", "/yard/latest.jpg?token=wrong"):
            assert get(server, path)[0] == 401
        assert get(server, "/yard/latest.jpg?token=correct-horse")[0] == 200
        assert get(server, "/yard/latest.jpg", Authorization="Bearer correct-horse")[0] == 200
        assert b"?token=correct-horse" in get(server, "/?token=correct-horse")[1]


def test_without_a_token_a_page_under_another_name_may_not_look() -> None:
    with serving(cameras={"yard": Camera()}) as server:
        assert get(server, "/yard/latest.jpg", Host="evil.example")[0] == 403
        assert get(server, "/yard/latest.jpg", Host=f"localhost:{server.port}")[0] == 200


def test_a_camera_that_sends_nothing_has_no_picture_and_unknown_ones_are_not_found() -> None:
    silent: Newest[Shown] = Newest()
    with serving() as server:
        server.views = {"yard": silent}
        assert get(server, "/yard/latest.jpg")[0] == 503
        for path in ("/none/latest.jpg", "/yard/secrets", "/yard/../x"):
            assert get(server, path)[0] == 404


def test_a_port_that_is_taken_is_no_reason_to_end() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = ReofferWorker(ReofferOptions("127.0.0.1", other.getsockname()[1]), {})
        worker = Worker("reoffer", server.run, SystemClock(), lambda _n, _e: None)
        worker.start()
        worker.join(0.5)
        worker.stop.set()
        assert worker.join(3)
        assert worker.restarts == 0
        assert server.port is None


@pytest.mark.parametrize(
    ("bind", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("pi", False)],
)
def test_loopback_is_told_from_the_rest(bind: str, *, loopback: bool) -> None:
    assert is_loopback(bind) is loopback
