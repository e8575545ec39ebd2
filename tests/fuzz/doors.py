"""What strangers reach: an RTSP camera's answers, names in the store, the port of the re-offer."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from unicodedata import category
from unittest import mock

from agent.camera import rtsp_question
from agent.camera.interruptible_wait import Patience
from agent.camera.network.tcp import Broken
from agent.camera.network.url import Target as Place
from agent.camera.rtsp_question import Question
from agent.core import naming
from agent.core.errors import CameraRefused, CameraUnreachable
from agent.core.messages import Shown
from agent.imaging.coded import H264, HEVC, TooManySets, demand
from agent.reoffer.server import ReofferOptions, ReofferWorker
from agent.reoffer.visits import Guesses
from agent.runtime.latest_value import Newest
from agent.runtime.logs import escaped
from agent.runtime.worker import Worker
from agent.storage.filesystem.files import open_folder
from agent.storage.store.purge import remove
from agent.storage.store.purge_report import Purged
from agent.storage.store.stored_files import stored_files
from tests.fuzz.target import Target, joined, pieces
from tests.support.clock import START, FakeClock, SetClock
from tests.support.jpegs import jpeg
from tests.support.waiting import wait_until

# ------------------------------------------------------------------ an RTSP camera

_PASSWORD = "pw-123456"  # noqa: S105  of nobody
_HOST = "10.9.8.7"
_MOST_REQUESTS = 12


class _Script:
    """A connection that says the pieces of an input, then ends."""

    certificate = None

    def __init__(self, says: list[bytes], said: list[bytes]) -> None:
        self._says = says
        self._said = said

    def read(self, _within: float) -> bytes:
        """The next piece."""
        return self._says.pop(0) if self._says else b""

    def write(self, data: bytes, _within: float) -> None:
        """Notes a request."""
        if not self._says:
            raise Broken("gone")
        self._said.append(data)

    def close(self) -> None:
        """Nothing."""


def check_rtsp(data: bytes) -> None:
    """A camera is asked a few times, on its own host; the password is in no text."""
    says, said = list(pieces(data)), list[bytes]()
    clock = FakeClock()
    worker = Worker("fuzz", lambda _: None, clock, lambda _n, _e: None)
    patience = Patience(worker, clock)
    asked = Place("rtsp", _HOST, 554, "/live?a=1")
    found = (socket.AF_INET, (_HOST, 554))

    def connected(_patience: Patience, where: tuple[object, tuple[str, int]], _w: float) -> _Script:
        assert where[1][0] == _HOST
        return _Script(says, said)

    with mock.patch.object(rtsp_question, "connect", connected):
        words = ""
        try:
            there = Question(patience, None, "viewer", _PASSWORD).ask(asked, found).target
            assert there.host == _HOST
            assert (there.path.isascii(), there.path.isprintable()) == (True, True)
        except (CameraRefused, CameraUnreachable) as error:
            words = str(error)
    assert words.isprintable(), words
    assert len(words) < 400
    assert _PASSWORD not in words
    assert len(said) <= _MOST_REQUESTS
    for request in said:
        assert request.startswith(b"DESCRIBE rtsp://" + _HOST.encode())
        assert request.endswith(b"\r\n\r\n")
        assert request.count(b"\n") == request.count(b"\r\n") <= 6


def check_demand(data: bytes) -> None:
    """Parameter sets are read in no time, and demand something or nothing."""
    for codec in (H264, HEVC):
        with suppress(TooManySets):
            found = demand(codec, data)
            assert found is None or min(found.width, found.height, found.size) > 0


# ------------------------------------------------------------------ names in the store

_DAY = "2026-11-22"


def check_names(data: bytes) -> None:
    """A name that is ours is plain ASCII within a folder, and what it means is one of ours, too."""
    name = os.fsdecode(data[:200])
    for path in ((name,), (naming.EVENTS, name), (naming.MONITORING, name), ("sessions", name)):
        if naming.is_ours(_DAY, *path):
            assert name.isascii(), name
            assert name.isprintable(), name
            assert "/" not in name
    day = naming.day_of(name)
    assert day is None or day.isoformat() == name
    part = naming.part_of(name, _DAY)
    assert part is None or (name.isascii() and part >= 0)
    event = naming.event_of(name)
    assert event is None or naming.is_event(event)
    assert not naming.is_camera(name) or name.isascii()
    assert not any(category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in escaped(name))


def check_folder(data: bytes) -> None:
    """Whatever lies in a day: only our regular files are found there, and removed; no more."""
    kind, raw = (data[0] % 4, data[1:200]) if data else (0, b"")
    name = os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"_")) or "x"
    if name in {".", ".."} or len(os.fsencode(name)) > 200:
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "outside").write_bytes(b"somebody's")
        inside = root / "store" / "yard" / _DAY / (naming.EVENTS if len(raw) % 2 else "")
        inside.mkdir(parents=True)
        _make(inside / name, kind, root / "outside")
        store = os.open(root / "store", os.O_RDONLY)
        done = Purged()
        try:
            found = list(stored_files(store, lambda: None, lambda _camera: None, done))
            for file in found:
                assert kind == 0
                assert file.path.endswith(name)
                assert remove(store, file)
            os.close(open_folder(store, "yard"))
        finally:
            os.close(store)
        assert (root / "outside").read_bytes() == b"somebody's"
        assert found or os.path.lexists(inside / name)


def _make(path: Path, kind: int, outside: Path) -> None:
    match kind:
        case 0:
            path.write_bytes(b"x")
        case 1:
            path.symlink_to(outside)
        case 2:
            os.mkfifo(path)
        case _:
            path.mkdir()


# ------------------------------------------------------------------ the port of the re-offer


class _Picture(Newest[Shown]):
    """Another picture each time that somebody looks."""

    def get(self) -> Shown:
        return Shown(0.0, _JPEG, _JPEG)


class _Told(logging.Handler):
    """Keeps what was logged with a traceback, or as an error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.records.append(self.format(record))


_JPEG = jpeg(400)
_TOKEN = "k3y-that-nobody-guesses"  # noqa: S105  of nobody


@lru_cache(maxsize=2)
def _served(token: str | None) -> tuple[ReofferWorker, _Told]:
    """A re-offer that serves until the process ends."""
    told = _Told()
    logging.getLogger().addHandler(told)
    server = ReofferWorker(ReofferOptions("127.0.0.1", 0, token), {"yard": _Picture()})
    server._crowd._guesses = _Patient()
    worker = Worker("reoffer", server.run, SetClock(START), lambda _n, _e: None)
    threading.Thread(target=server.run, args=(worker,), daemon=True).start()
    wait_until("the port", lambda: server.port is not None)
    return server, told


class _Patient(Guesses):
    """Every guess is looked at: none is refused for having come too soon."""

    def wrong(self, address: str, now: float) -> None:
        """Forgiven at once."""


def check_reoffer(data: bytes) -> None:
    """No picture for who has no token, or speaks of us by another name; never a traceback."""
    for token in (_TOKEN, None):
        server, told = _served(token)
        assert server.port is not None
        answer = _asked(server.port, data)
        if _JPEG[:60] in answer:
            assert token is None
            assert any(name in data.lower() for name in (b"127.", b"localhost", b"::1"))
        assert not told.records, told.records[0]


def _asked(port: int, request: bytes) -> bytes:
    """What comes back, of the first 64 kB."""
    answer = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
        suppress(ConnectionError),
    ):
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while len(answer) < 65536 and (more := connection.recv(65536)):
            answer += more
    return answer


_CHALLENGE = b"RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: %s\r\n\r\n"
_OK = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nv=0\n"
_MOVED = b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://10.9.8.7:8554/other\r\n\r\n"
_DIGEST = b'Digest realm="a", nonce="b", qop="auth", stale=TRUE'
_HTTP = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"

DOORS: dict[str, Target] = {
    "rtsp": Target(
        check_rtsp,
        (
            joined([_CHALLENGE % _DIGEST, _OK]),
            joined([_CHALLENGE % b'Basic realm="x"', _MOVED, _OK]),
            joined([b"RTSP/1.0 100 Continue\r\n\r\n", _CHALLENGE % _DIGEST * 2]),
            joined([_MOVED, _MOVED.replace(b"rtsp://10.9.8.7:8554", b"")]),
            joined([b"HTTP/1.1 400 Bad\r\n\r\n"]),
        ),
    ),
    "demand": Target(
        check_demand,
        (
            b"\0\0\1\x67\x64\0\x28\xac\xb4\x03\xc0\x11\x3f\x2e\x02",
            b"\0\0\1\x42\1\1\1\x60\0\0\3\0\x90\0\0\3\0\0\3\0\x78\xa0\3\xc0\x80\x10\xe5\x96\x66",
        ),
    ),
    "names": Target(
        check_names,
        (
            b"2026-11-22",
            b"2026-11-22-2.mp4",
            b"2026-11-22.mkv.damaged-3",
            b"081501_01KB0A_n-2_2.jpg",
            b".081501.jpg.part",
            b"events.jsonl.damaged-1",
            b"heatmap_2.png",
            b"front_door",
            "٠٨١٥٠١.jpg".encode(),
            "2026-11-22-٢.mp4".encode(),
        ),
    ),
    "folder": Target(
        check_folder,
        (
            b"\0events.jsonl",
            b"\1events.jsonl",
            b"\2081501_01KB0A.mp4",
            b"\0.2026-11-22.mp4.part",
            b"\3heatmap.png",
        ),
    ),
    "reoffer": Target(
        check_reoffer,
        (
            _HTTP % (b"/yard/latest.jpg?token=k3y", b""),
            _HTTP % (b"/yard/overlay.jpg", b"Authorization: Bearer k3y\r\n"),
            _HTTP % (b"/", b"Content-Length: 3\r\n") + b"abc",
            _HTTP % (b"/%79ard/../yard//stream", b"Connection: close\r\n"),
            _HTTP % (b"http://[::1]/yard/stream", b"Transfer-Encoding: chunked\r\n")
            + b"5\r\nhello\r\n",
        ),
    ),
}
