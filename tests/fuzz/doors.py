"""What strangers reach: an RTSP camera's answers, names in the store, re-offer and page."""

from __future__ import annotations

import logging
import os
import select
import socket
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from unicodedata import category
from unittest import mock

from agent.camera.interruptible_wait import Patience
from agent.camera.network.tcp import Broken
from agent.camera.network.url import Target as Place
from agent.camera.rtsp import describe as rtsp_question
from agent.camera.rtsp import sdp
from agent.camera.rtsp.depacketizer import H264, H265, Mpeg4
from agent.camera.rtsp.describe import Question
from agent.camera.rtsp.framing import Framing
from agent.camera.rtsp.jpeg import Jpeg
from agent.camera.rtsp.rtp import Order
from agent.camera.rtsp.session import shown
from agent.core import store_names
from agent.core.errors import CameraRefused, CameraUnreachable
from agent.core.messages import Shown
from agent.imaging import decoder_demand, nal
from agent.page import children
from agent.reoffer import connections
from agent.reoffer.server import ReofferOptions, ReofferWorker
from agent.reoffer.visits import Guesses
from agent.runtime.latest_value import Newest
from agent.runtime.logs import escaped
from agent.runtime.worker import Worker
from agent.storage.filesystem.files import open_folder
from agent.storage.store.purge import remove
from agent.storage.store.purge_report import Purged
from agent.storage.store.stored_files import stored_files
from schemas.page_api import ROUTES
from tests.fuzz.target import Target, joined, pieces
from tests.support.clock import START, FakeClock, SetClock
from tests.support.jpegs import jpeg
from tests.support.page_rig import TOKEN, PageRig, page
from tests.support.waiting import wait_until

# ------------------------------------------------------------------ an RTSP camera

_PASSWORD = "pw-123456"  # noqa: S105  of nobody
_HOST = "10.9.8.7"
_MOST_REQUESTS = 12
_MOST_PICTURE = 4096


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
            described = Question(patience, None, "viewer", _PASSWORD).ask(asked, found)
            media = shown(sdp.parse(described.body))[0]
            uri = sdp.joined(described.base, media.control)
            assert not {"\r", "\n"} & set(uri)
            assert len(media.sets("sprop-parameter-sets")) <= len(described.body)
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


def check_rtp(data: bytes) -> None:
    """Packets become pictures of a bounded size, or broken ones; a picture needs its packets."""
    sent = b"".join(_interleaved(each) for each in pieces(data))
    framing, order = Framing(), Order(96, waits=True)
    kinds = H264([], _MOST_PICTURE), H265([], _MOST_PICTURE), Jpeg(_MOST_PICTURE)
    kept = (*kinds, Mpeg4(b"", _MOST_PICTURE))
    for _, came in framing.add(sent)[0]:
        for packet in order.add(came):
            for pictures in kept:
                for picture in pictures.add(packet):
                    assert len(picture.data) <= len(sent) + 4 * len(picture.sets) + 1024


def _interleaved(packet: bytes) -> bytes:
    return b"$\0" + len(packet).to_bytes(2, "big") + packet


def check_demand(data: bytes) -> None:
    """Parameter sets are read in no time, and demand something or nothing."""
    for codec in (nal.H264, nal.HEVC):
        with suppress(decoder_demand.TooManySets):
            found = decoder_demand.demand(codec, data)
            assert found is None or min(found.width, found.height, found.size) > 0


# ------------------------------------------------------------------ names in the store

_DAY = "2026-11-22"


def check_names(data: bytes) -> None:
    """A name that is ours is plain ASCII within a folder, and what it means is one of ours, too."""
    name = os.fsdecode(data[:200])
    ours = store_names.EVENTS, store_names.MONITORING, "sessions"
    for path in ((name,), *((folder, name) for folder in ours)):
        if store_names.is_ours(_DAY, *path):
            assert name.isascii(), name
            assert name.isprintable(), name
            assert "/" not in name
    day = store_names.day_of(name)
    assert day is None or day.isoformat() == name
    part = store_names.part_of(name, _DAY)
    assert part is None or (name.isascii() and part >= 0)
    event = store_names.event_of(name)
    assert event is None or store_names.is_event(event)
    assert not store_names.is_camera(name) or name.isascii()
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
        inside = root / "store" / "yard" / _DAY / (store_names.EVENTS if len(raw) % 2 else "")
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
    server._connections._guesses = _Patient()
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
        select.select([connection], [], [], 0.05)
        connection.shutdown(socket.SHUT_WR)
        while len(answer) < 65536 and (more := connection.recv(65536)):
            answer += more
    return answer


# ------------------------------------------------------------------ the page

_GARDEN = "Gr\u00fcner Garten"


@lru_cache(maxsize=1)
def _page() -> tuple[PageRig, _Told]:
    """A page that serves until the process ends: one camera, a first start, no room."""
    told = _Told()
    logging.getLogger().addHandler(told)
    folder = Path(tempfile.mkdtemp())
    running = page(folder, full=True, store=folder / "none", first_file=folder / "config.yaml")
    with mock.patch.object(connections, "Guesses", _Patient):
        rig = running.__enter__()
    _KEPT.append(running)
    rig.bridge.scenes = {"yard": replace(rig.bridge.scenes["yard"], name=_GARDEN)}
    return rig, told


_KEPT: list[object] = []


def check_page(data: bytes) -> None:
    """A stranger learns nothing; whoever may is answered decently; nobody leaves a traceback."""
    rig, told = _page()
    line, rest = data.partition(b"\n")[::2]
    key = b"Authorization: Bearer " + TOKEN.encode()
    # what is tried here goes nowhere, and other tests of this process start their own
    with mock.patch.object(children, "begin", side_effect=OSError("no child")):
        stranger = _asked(rig.port, data)
        if key not in data:
            assert _GARDEN.encode() not in stranger
            assert b'"cameras"' not in stranger
            assert rig.orders == []
        friend = _asked(rig.port, line + b"\n" + key + b"\r\n" + rest)
    for answer in (stranger, friend):
        status = answer[9:12]
        assert not answer.startswith(b"HTTP") or status < b"500" or status == b"503", answer[:200]
    assert TOKEN.encode() not in friend or friend[9:12] == b"400"  # it says what it could not read
    rig.orders.clear()
    assert not told.records, told.records[0]


_CHALLENGE = b"RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: %s\r\n\r\n"
_OK = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nv=0\n"
_MOVED = b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://10.9.8.7:8554/other\r\n\r\n"
_DIGEST = b'Digest realm="a", nonce="b", qop="auth", stale=TRUE'
_RTP = b"\x80\xe0\0%c\0\0\0\1\0\0\0\7%s"


def _with_ids(path: str) -> str:
    """A path of the page with an id in each place."""
    ids = {"camera": "yard", "day": _DAY, "event": "01KB0A", "kind": "clip", "part": "1"}
    return path.format_map({**ids, "trial": "00"})


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
    "rtp": Target(
        check_rtp,
        (
            joined([_RTP % (n, b"\x65\x80picture") for n in range(3)]),
            joined([_RTP % (1, b"\x7c\x85\x80part"), _RTP % (2, b"\x7c\x45more")]),
            joined([_RTP % (4, b"\x78\0\2\x67\x64\0\2\x68\1\0\3\x65\x80x")]),
            joined([_RTP % (5, b"\x60\1\0\2\x40\1\0\3\x26\1\x80"), b"OPTIONS * RTSP/1.0\r\n\r\n"]),
            joined([_RTP % (6, b"\0\0\0\0\1\xff\2\2\0\0\0\x80" + bytes(128) + b"scan")]),
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
    "page": Target(
        check_page,
        (
            *(
                _HTTP % (f"/{name}".encode(), b"")
                for name in ("", "day", "setup", "login?once=x", "static/common.js", "health")
            ),
            *(
                f"{route.method.upper()} {_with_ids(route.path)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n"
                '{"value": true}'.encode()
                for route in ROUTES
            ),
            _HTTP % (b"/api/cameras/yard/why?at=2026-11-22T08:15:00Z", b"Range: bytes=0-1\r\n"),
            _HTTP % (b"/api/state", b"Cookie: surveillance_page_0=x\r\nX-CSRF-Token: y\r\n"),
            b"POST /login HTTP/1.1\r\nHost: a\r\nOrigin: null\r\nContent-Length: 7\r\n\r\ntoken=x",
        ),
    ),
}
