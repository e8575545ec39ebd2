"""A real camera is asked for its other stream; one that refuses is asked no more."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.camera.rtsp import stream_probe
from agent.config.check import checked, notes
from agent.runtime.clock import SystemClock
from tests.support import rtsp_camera_process
from tests.support.waiting import PATIENCE

CONFIG = """
mqtt: {{host: 127.0.0.1}}
store: {{path: {store}}}
cameras: {{yard: {{source: '{source}'}}}}
"""


@pytest.fixture(scope="module")
def camera() -> Iterator[rtsp_camera_process.RtspCamera]:
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as running:
        yield running


def told(folder: Path, source: str) -> str:
    """What `check-config --ask` notes of a camera."""
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(store=folder, source=source))
    (note,) = notes(checked(path, {}).config, SystemClock(), ask=True)
    assert "pw-123" not in note
    assert "viewer" not in note
    return note


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A camera that answers each request with the next of these, the last one again and again."""
    requests: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while request := connection.recv(65536):
                    requests.append(request)
                    connection.sendall(answers[min(len(requests), len(answers)) - 1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], requests
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(PATIENCE)


def test_the_small_stream_beside_the_main_one_is_named_with_what_to_write(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path
) -> None:
    note = told(tmp_path, camera.url("/main"))
    there = f"rtsp://**hidden**@127.0.0.1:{camera.port}"
    assert f"source is 640x480; the camera also offers {there}/sub 320x180: put " in note
    assert f"`source: {there}/sub` and `record_source: {there}/main`, with your own user" in note


def test_the_main_stream_beside_the_small_one_is_what_is_recorded(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path
) -> None:
    note = told(tmp_path, camera.url("/sub"))
    assert re.search(r"source is 320x180.*/main 640x480.*source: \S*/sub`.*/main`", note)


def test_a_camera_without_another_stream_is_told_so(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path
) -> None:
    note = told(tmp_path, camera.url("/h264"))
    assert "source is 640x480; no other stream was found under the usual paths" in note


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((240, 320), "is 320x240, is scaled to the pictures' 640x480"),
        ((180, 320), "is 320x180, but the camera's pictures are 640x480; paint the mask over"),
        ((480, 640), ""),
    ],
)
def test_a_mask_of_another_size_is_told(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path, size: tuple[int, int], words: str
) -> None:
    assert cv2.imwrite(str(tmp_path / "mask.png"), np.full(size, 255, np.uint8))
    path = tmp_path / "config.yaml"
    source = f"{camera.url('/h264')}', mask: '{tmp_path / 'mask.png'}"
    path.write_text(CONFIG.format(store=tmp_path, source=source))
    _, *told_of_mask = notes(checked(path, {}).config, SystemClock(), ask=True)
    assert [words in note for note in told_of_mask] == ([True] if words else [])


def test_what_the_description_does_not_say_is_read_from_the_first_picture(
    camera: rtsp_camera_process.RtspCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "source is 640x480" in told(tmp_path, camera.url("/mjpeg"))
    monkeypatch.setattr(stream_probe, "described_size", lambda _media: None)
    assert "/sub 320x180" in told(tmp_path, camera.url("/main"))


def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    refusal = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
    with answering(refusal) as (port, requests):
        note = told(tmp_path, f"rtsp://viewer:pw-123@127.0.0.1:{port}/main")
    assert "refuses user or password (401)" in note
    assert sum(b"Authorization:" in request for request in requests) == 1


SETS = "sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg=="


def described() -> bytes:
    lines = ["v=0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", f"a=fmtp:96 {SETS}", ""]
    body = "\r\n".join(lines).encode()
    head = f"RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"403 Forbidden"])
def test_a_camera_that_refuses_another_path_is_asked_no_more(tmp_path: Path, status: bytes) -> None:
    """Some say so of paths that they do not have, and count it."""
    refusal = b"RTSP/1.0 " + status + b'\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
    with answering(described(), refusal) as (port, requests):
        note = told(tmp_path, f"rtsp://127.0.0.1:{port}/stream1")
    assert "no other stream was found" in note
    assert "it was asked no more" in note
    paths = [request.split()[1].rpartition(b"/")[2] for request in requests]
    assert paths == [b"stream1", b"stream2"]


def test_few_paths_are_asked_for(tmp_path: Path) -> None:
    with answering(described(), b"RTSP/1.0 404 Not Found\r\n\r\n") as (port, requests):
        note = told(tmp_path, f"rtsp://127.0.0.1:{port}/stream1")
    assert note.endswith("no other stream was found under the usual paths")
    assert len(requests) <= 1 + stream_probe.MOST_TRIED


def test_one_stream_under_every_path_is_no_other_stream(tmp_path: Path) -> None:
    with answering(described()) as (port, _):
        note = told(tmp_path, f"rtsp://127.0.0.1:{port}/stream1")
    assert note.endswith("no other stream was found under the usual paths")


def test_a_camera_that_does_not_answer_costs_one_question(tmp_path: Path) -> None:
    with answering(b"") as (port, requests):
        requests.clear()
        server_gone = f"rtsp://127.0.0.1:{port}/stream1"
    note = told(tmp_path, server_gone)
    assert "cameras.yard.source was asked for its streams" in note
    assert requests == []
