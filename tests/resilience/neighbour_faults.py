"""Hostile or slow cameras beside the good one, and viewers who only take up room.

A bad camera is there from the agent's start to its end: what it costs has to stay within bounds
for as long as it likes.
"""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np

from tests.resilience.fault import Fault
from tests.resilience.lab import Lab
from tests.support.broker import free_port
from tests.support.odd_cameras import CLOSE, JPEG, OK, Answer, at, moved, rest, shown_by

#: What the ids of bad cameras begin with.
SHED = "shed"
#: Seconds: a thread that gives no sign of life for 30 s is replaced, or the agent starts anew.
LONGER = (32.0, 35.0)
#: Between two bytes of a camera that trickles, seconds.
_DRIP = 0.2
#: Bytes a second of an honest camera on a bad line, and between two pieces, seconds.
_SLOW, _PIECE = 64_000, 0.1
#: Pictures of the slow camera, width and height: noise, about 600 kB.
_LARGE = (1024, 768)
#: Bytes of what a compressed answer becomes.
_BOMB = 400 << 20
#: Idle connections of a viewer.
_CONNECTIONS = 400
#: Of those of one address the agent keeps 16, and a few that it is about to close.
_KEPT = 16 + 8


class _BadCamera(Fault):
    """A web camera that does what it should not, all the time."""

    hold = (8.0, 12.0)  # some attempts
    leaves = f"{SHED}_"

    def prepare(self, lab: Lab) -> None:
        port = lab.enter(shown_by(self.answer()))
        name = f"{SHED}_{type(self).__name__.lower()}"
        lab.config["cameras"][name] = {"source": f"http://127.0.0.1:{port}/"}

    def answer(self) -> Answer:
        """How it answers."""
        raise NotImplementedError

    def inject(self, lab: Lab) -> None:
        """It has begun already."""

    def heal(self, lab: Lab) -> None:
        """It goes on."""


class DrippingCamera(_BadCamera):
    name = "neighbour: a camera that trickles"
    hold = LONGER
    heads: ClassVar = {
        "head": OK + b"X-Slow: ",
        "still": OK + JPEG + b"Content-Length: 5000000\r\n\r\n",
        "redirect": b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 5000000\r\n\r\n",
        "continue": b"",
    }

    def answer(self) -> Answer:
        kind = self.chance.choice(sorted(self.heads))
        drop = b"HTTP/1.1 100 Continue\r\n\r\n" if kind == "continue" else b"a"

        def drip(connection: socket.socket, _: bytes) -> None:
            connection.sendall(self.heads[kind])
            while True:
                connection.sendall(drop)
                rest(_DRIP)

        return drip


class EndlessHead(_BadCamera):
    name = "neighbour: a camera with a head without end"

    def answer(self) -> Answer:
        line = b"X-More: " + b"a" * 1000 + b"\r\n"

        def more(connection: socket.socket, _: bytes) -> None:
            connection.sendall(OK)
            while True:
                connection.sendall(line)

        return more


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    step = bytes(1 << 20)
    return b"".join([packer.compress(step) for _ in range(_BOMB >> 20)] + [packer.flush()])


class GzipBomb(_BadCamera):
    """In a picture, or in what a redirect or a refusal has to say."""

    name = "neighbour: a camera that sends compressed bombs"
    heads: ClassVar = {
        "picture": OK + JPEG,
        "redirect": b"HTTP/1.1 302 Found\r\nLocation: /again\r\n",
        "refusal": b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="a"\r\n',
    }

    def answer(self) -> Answer:
        body = _bomb()
        kind = self.chance.choice(sorted(self.heads))
        head = self.heads[kind] + b"Content-Encoding: gzip\r\n" + CLOSE
        length = b"Content-Length: %d\r\n\r\n" % len(body)

        def explode(connection: socket.socket, _: bytes) -> None:
            connection.sendall(head + length + body)

        return explode


class RedirectLoop(_BadCamera):
    name = "neighbour: a camera that redirects without end"

    def answer(self) -> Answer:
        body = bytes(self.chance.choice((0, 1 << 20)))
        return at({"/": moved(b"/again", body=body), "/again": moved(b"/", body=body)})


@lru_cache(maxsize=1)
def _large() -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (*_LARGE[::-1], 3), np.uint8)
    done, jpeg = cv2.imencode(".jpg", noise)
    assert done
    return jpeg.tobytes()


class SlowCamera(_BadCamera):
    """An honest one, whose pictures take some ten seconds each."""

    name = "neighbour: a slow honest camera"
    hold = LONGER

    def answer(self) -> Answer:
        body = _large()
        head = OK + JPEG + CLOSE + b"Content-Length: %d\r\n\r\n" % len(body)
        size = int(_SLOW * _PIECE)

        def show(connection: socket.socket, _: bytes) -> None:
            connection.sendall(head)
            for begin in range(0, len(body), size):
                connection.sendall(body[begin : begin + size])
                rest(_PIECE)

        return show


class IdleViewers(Fault):
    """Somebody opens connections to the re-offer and says nothing."""

    name = "neighbour: hundreds of idle connections to the re-offer"
    hold = (3.0, 6.0)

    def prepare(self, lab: Lab) -> None:
        self._port = free_port()
        lab.config["reoffer"] = {"port": self._port}

    def inject(self, lab: Lab) -> None:
        self._open: list[socket.socket] = []
        self._done = threading.Event()
        self._thread = _at_once(self._knock)
        lab.at_end(self._leave)

    def _knock(self) -> None:
        for _ in range(_CONNECTIONS):
            if self._done.is_set():
                return
            with suppress(OSError):  # the agent may be away
                connection = socket.create_connection(("127.0.0.1", self._port), timeout=1)
                self._open.append(connection)
                connection.sendall(b"GET /")

    def heal(self, lab: Lab) -> None:
        if lab.fresh is not None:  # the same process all the time
            with suppress(FileNotFoundError):
                more = lab.footprint().descriptors - lab.fresh.descriptors
                lab.figures["descriptors_of_viewers"] = float(more)
                if more > _KEPT:
                    lab.findings.append(f"{len(self._open)} viewers took {more} descriptors")
        self._leave()

    def _leave(self) -> None:
        self._done.set()
        self._thread.join()
        for connection in self._open:
            connection.close()


def _at_once(what: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=what, daemon=True)
    thread.start()
    return thread


ALL = (DrippingCamera, EndlessHead, GzipBomb, RedirectLoop, SlowCamera, IdleViewers)
