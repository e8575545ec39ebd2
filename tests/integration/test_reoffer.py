from __future__ import annotations

import html
import http.client
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from agent.core.messages import Shown
from agent.reoffer.server import MOST_VIEWERS, ReofferOptions, ReofferWorker, is_loopback
from agent.reoffer.visits import FORGIVEN_EACH, GUESSES, MOST_OF_ONE
from agent.runtime.clock import SystemClock
from agent.runtime.latest_value import Newest
from agent.runtime.worker import Worker
from tests.support.jpegs import jpeg
from tests.support.waiting import PATIENCE, wait_until


class Camera(Newest[Shown]):
    """A camera that shows a new picture every 20 ms while somebody looks, or when it is told."""

    def __init__(self, size: int = 3000, *, told: bool = False) -> None:
        super().__init__()
        self.shown = 0
        self._pictures = [jpeg(size, seed=n) for n in range(4)]
        self._overlay = jpeg(700, seed=99)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        if told:
            self._stop.set()
        self._thread.start()

    def pictures(self) -> set[bytes]:
        return set(self._pictures)

    @property
    def overlay(self) -> bytes:
        return self._overlay

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            if self.wanted:
                self.show()

    def show(self) -> bytes:
        """The next picture."""
        picture = self._pictures[self.shown % 4]
        self.put(Shown(0.0, picture, self._overlay))
        self.shown += 1
        return picture


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
        assert worker.join(PATIENCE), "the re-offer does not stop"
        for camera in (cameras or {}).values():
            camera.stop()
        assert not fatal, fatal
        assert worker.restarts == 0


def get(
    server: ReofferWorker, path: str, **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    assert server.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


@contextmanager
def watching(server: ReofferWorker, path: str) -> Iterator[http.client.HTTPResponse]:
    assert server.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
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
            came: set[bytes] = set()
            while came != yard.pictures():  # who is slow misses some of a round
                came.add(part(stream))
        with watching(server, "/yard/overlay") as stream:
            assert part(stream) == yard.overlay
        wait_until("nobody looks", lambda: not yard.wanted)
        page = get(server, "/")[1]
        assert b"yard/overlay" in page


def test_a_viewer_that_does_not_read_holds_up_nobody_and_buffers_little() -> None:
    yard = Camera(size=200_000, told=True)
    with (
        serving(cameras={"yard": yard}) as server,
        watching(server, "/yard/stream"),
        watching(server, "/yard/stream") as quick,
    ):
        for _ in range(60):  # far more than the other one's buffers take
            picture = yard.show()
            assert part(quick) == picture


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


def raw(server: ReofferWorker, request: bytes) -> bytes:
    """The first line of the answer to these bytes."""
    assert server.port is not None
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(request + b"\r\n\r\n")
        with connection.makefile("rb") as answer:
            return answer.readline().strip()


HERE = b"\r\nHost: 127.0.0.1"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1" + HERE + b"\r\nAuthorization: Bearer \xff\xfe", b"401"),
        (b"GET /?token=%ff HTTP/1.1" + HERE, b"401"),
        (b"GET /?token=\xff HTTP/1.1" + HERE, b"400"),
        (b"GET /\xff/stream HTTP/1.1" + HERE, b"400"),
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
    ],
)
def test_hostile_requests_are_refused_without_a_line_in_the_log(
    request_: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving("secret", {"yard": Camera()}) as server:
        assert raw(server, request_).split()[1] == status
    said = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert [line for line in said if not line.startswith("reoffer: wrong token (1 ")] == []


@pytest.mark.parametrize(
    "host", [b"\xff", b"127.0.0.1:99999", b"::1", b"", b"a b", b"evil/localhost"]
)
def test_a_name_that_is_none_may_not_look(host: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with serving(None, {"yard": Camera()}) as server:
        assert raw(server, b"GET / HTTP/1.1\r\nHost: " + host).split()[1] == b"403"
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def connect(server: ReofferWorker, count: int, stack: ExitStack) -> list[socket.socket]:
    """That many connections that never send a whole request."""
    assert server.port is not None
    sockets = []
    for _ in range(count):
        one = stack.enter_context(
            socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        )
        one.sendall(b"GET /")
        sockets.append(one)
    return sockets


def closed(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_idle_connections_take_few_descriptors_and_nobody_s_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        serving("secret-secret-1", {"yard": Camera()}) as server,
        watching(server, "/yard/stream?token=secret-secret-1") as stream,
        ExitStack() as stack,
    ):
        part(stream)
        before = descriptors()
        idle = connect(server, 200, stack)
        wait_until("most are closed", lambda: sum(map(closed, idle)) >= 200 - MOST_OF_ONE)
        # ours, those of the agent that are left, and the one that is being accepted
        assert descriptors() <= before + 200 + MOST_OF_ONE + 1
        assert get(server, "/yard/latest.jpg?token=secret-secret-1")[0] == 200
        part(stream)
    said = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(said) == 1, said
    assert "too many connections" in said[0]


def test_a_connection_without_a_whole_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.reoffer.visits.IDLE", 0.5)
    with serving(None, {"yard": Camera()}) as server, ExitStack() as stack:
        (idle,) = connect(server, 1, stack)
        with watching(server, "/yard/stream") as stream:
            wait_until("it is closed", lambda: closed(idle))
            part(stream)  # whoever looks may stay


def test_guessing_a_token_makes_wait_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with serving("secret-secret-1", {"yard": Camera()}) as server:
        answers = [get(server, f"/?token=guess-{n}")[0] for n in range(GUESSES + 2)]
        assert answers == [401] * GUESSES + [429] * 2
        status, _, headers = get(server, "/?token=secret-secret-1")
        assert status == 429
        assert 0 < int(headers["Retry-After"]) <= FORGIVEN_EACH
    said = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert said == ["reoffer: wrong token (1 times, last from 127.0.0.1)"]


def test_links_of_the_page_work_with_any_token() -> None:
    token = "a+b/c=&d#%41'\"<"  # noqa: S105  no password
    with serving(token, {"yard": Camera()}) as server:
        _, page, _ = get(server, f"/?{urlencode({'token': token})}")
        links = re.findall(r"(?:href|src)='([^']*)'", page.decode())
        assert len(links) == 3
        for link in links:
            with watching(server, f"/{html.unescape(link)}") as answer:
                assert answer.status == 200


def test_a_viewer_that_takes_nothing_any_more_is_let_go_in_silence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agent.reoffer.server._STUCK", 0.5)
    camera = Camera(size=400_000)
    with serving(None, {"yard": camera}) as server, socket.socket() as stuck:
        assert server.port is not None
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", server.port))
        stuck.sendall(b"GET /yard/stream HTTP/1.1" + HERE + b"\r\n\r\n")
        wait_until("it looks", lambda: camera.shown)
        wait_until("it is let go", lambda: not camera.wanted)
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


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
        assert worker.join(PATIENCE)
        assert worker.restarts == 0
        assert server.port is None


@pytest.mark.parametrize(
    ("bind", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("pi", False)],
)
def test_loopback_is_told_from_the_rest(bind: str, *, loopback: bool) -> None:
    assert is_loopback(bind) is loopback


def test_a_name_that_cannot_be_looked_up_is_said_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = ReofferWorker(ReofferOptions("192.168..1", 0), {})
    fatal: list[BaseException] = []
    worker = Worker("reoffer", server.run, SystemClock(), lambda _n, e: fatal.append(e))
    worker.start()
    try:
        wait_until("it is said", lambda: "reoffer 192.168..1" in caplog.text or worker.restarts)
    finally:
        worker.stop.set()
        assert worker.join(PATIENCE)
    assert worker.restarts == 0
    assert not fatal
