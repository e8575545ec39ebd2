"""Streams that are set up one after the other, as odd cameras answer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from agent.camera.http.head import Head, parse_head
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Found
from agent.camera.network.tcp import Connection
from agent.camera.rtsp.conversation import Talk
from agent.camera.rtsp.describe import Described
from agent.camera.rtsp.framing import Carried
from agent.camera.rtsp.transports import Ways
from agent.core.errors import CameraRefused, SessionLost


class Camera:
    """Answers each SETUP with the next of its answers."""

    def __init__(self, *answers: str) -> None:
        self.session = ""
        self.asked: list[str] = []
        self._answers = list(answers)

    def ask(self, _method: str, _uri: str, *headers: str) -> Head:
        self.asked += headers
        found = parse_head(self._answers.pop(0).encode(), "RTSP")
        assert found is not None
        return found[0]

    def take(self, *, waits: bool = True) -> list[Carried]:
        assert waits
        return [(0, b"picture"), (1, b"report"), (2, b"sound"), (9, b"?")]


def interleaved(channel: int) -> str:
    ways = f"interleaved={channel}-{channel + 1}"
    return f"RTSP/1.0 200 OK\r\nSession: 7\r\nTransport: RTP/AVP/TCP;{ways}\r\n\r\n"


def ways_of(camera: Camera) -> Ways:
    return Ways(cast("Talk", camera), cast("Found", None), "rtsp")


def test_each_stream_has_its_channels() -> None:
    ways = ways_of(Camera(interleaved(0), interleaved(2)))
    ways.set_up("rtsp://a/1", udp=False)
    ways.set_up("rtsp://a/2", udp=False)
    *known, (other, _) = ways.packets()
    assert known == [(0, b"picture"), (1, b"report"), (2, b"sound")]
    assert other not in range(4)


def test_a_second_stream_on_the_channel_of_the_first_costs_the_first_nothing() -> None:
    ways = ways_of(Camera(interleaved(0), interleaved(0)))
    ways.set_up("rtsp://a/1", udp=False)
    with pytest.raises(CameraRefused, match="two streams one channel"):
        ways.set_up("rtsp://a/2", udp=False)
    assert ways.packets()[:2] == [(0, b"picture"), (1, b"report")]


def test_a_second_stream_never_comes_over_udp_where_the_first_does_not() -> None:
    camera = Camera(interleaved(0), "RTSP/1.0 461 Unsupported Transport\r\n\r\n")
    ways = ways_of(camera)
    ways.set_up("rtsp://a/1", udp=False)
    with pytest.raises(CameraRefused):
        ways.set_up("rtsp://a/2", udp=False)
    assert not any("client_port" in header for header in camera.asked)


@pytest.mark.parametrize(
    ("said", "most"), [(";timeout=60", 30.0), (";timeout=2", 1.0), (";timeout=1", 0.5)]
)
def test_a_session_is_kept_alive_before_the_camera_forgets_it(said: str, most: float) -> None:
    ways = ways_of(Camera(interleaved(0).replace("Session: 7", f"Session: 7{said}")))
    ways.set_up("rtsp://a/1", udp=False)
    assert most / 2 < ways.alive_every <= most


@pytest.mark.parametrize("said", ["", ";timeout=0"])
def test_a_camera_that_says_no_time_is_not_asked_without_pause(said: str) -> None:
    ways = ways_of(Camera(interleaved(0).replace("Session: 7", f"Session: 7{said}")))
    ways.set_up("rtsp://a/1", udp=False)
    assert ways.alive_every == 25.0


class Line:
    """Takes requests, and gives the answers to them when it is read."""

    def __init__(self, answers: Callable[[str], str]) -> None:
        self.requests: list[str] = []
        self._answers = answers
        self._ready = b""

    def write(self, data: bytes, _within: float) -> None:
        text = data.decode()
        self.requests.append(text.split()[0])
        answer = self._answers(self.requests[-1])
        self._ready += answer.replace(
            "\n", f"\r\nCSeq: {text.split('CSeq: ')[1].split()[0]}\r\n", 1
        ).encode()

    def take(self, _missing: int, _settle: float) -> bytes | None:
        ready, self._ready = self._ready, b""
        return ready or None


def alive(answers: dict[str, str], times: int) -> list[str]:
    """The requests with which a camera that answers so is kept alive."""
    line = Line(lambda method: f"RTSP/1.0 {answers[method]}\n\r\n")
    described = Described("rtsp://a/", b"", cast("Connection", line), b"", 0, None)
    talk = Talk(described, cast("Patience", None), "rtsp")
    for _ in range(times):
        talk.keep_alive("rtsp://a/")
        for _ in range(3):
            talk.take()
    return line.requests


KNOWN = "200 OK\nPublic: OPTIONS, GET_PARAMETER"


@pytest.mark.parametrize(
    ("options", "parameter", "asked"),
    [
        ("200 OK\nPublic: OPTIONS, PLAY", "", ["OPTIONS"] * 4),
        (KNOWN, "200 OK", ["OPTIONS"] + ["GET_PARAMETER"] * 3),
        (KNOWN, "451 Parameter Not Understood", ["OPTIONS", "GET_PARAMETER", *["OPTIONS"] * 3]),
        ("405 Method Not Allowed", "200 OK", ["OPTIONS", *["GET_PARAMETER"] * 4]),
        ("405 Method Not Allowed", "501 No", ["OPTIONS", *["GET_PARAMETER"] * 4]),
        ("200 OK", "200 OK", ["OPTIONS"] * 4),  # some hang up at what they did not name
    ],
)
def test_a_camera_is_kept_alive_with_what_it_does_not_refuse(
    options: str, parameter: str, asked: list[str]
) -> None:
    assert alive({"OPTIONS": options, "GET_PARAMETER": parameter}, 4) == asked


@pytest.mark.parametrize("method", ["TEARDOWN", "REDIRECT"])
def test_a_camera_that_ends_the_session_is_believed_at_once(method: str) -> None:
    line = Line(lambda _: f"{method} rtsp://a/ RTSP/1.0\nSession: 7\r\n\r\n")
    described = Described("rtsp://a/", b"", cast("Connection", line), b"", 0, None)
    talk = Talk(described, cast("Patience", None), "rtsp")
    talk.keep_alive("rtsp://a/")
    with pytest.raises(SessionLost, match="ended its stream"):
        talk.take()
