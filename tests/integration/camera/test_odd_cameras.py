"""Web cameras that every browser shows, over real sockets: shown, or refused in right words."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import socket
import struct
import time
from functools import partial

import pytest

from agent.camera.http import source
from agent.camera.http.source import web_opener
from agent.core.messages import CameraCode
from tests.support.odd_cameras import (
    CLOSE,
    JPEG,
    OK,
    STREAM,
    Answer,
    at,
    chunked,
    field,
    held,
    locked,
    moved,
    no_length,
    part,
    picture,
    rest,
    shown_by,
    still,
    stream,
    with_segments,
    zipped,
)
from tests.support.source_rig import SourceRig
from tests.support.waiting import wait_until

USER, PASSWORD = "viewer", "pässword"
WHO = f"{USER}:p%C3%A4ssword@"


def _kept_open(kind: bytes = JPEG) -> Answer:
    """Stills over one connection, as HTTP/1.1 has it."""

    def answer(connection: socket.socket, _: bytes) -> None:
        while True:
            data = picture()
            connection.sendall(OK + kind + b"Content-Length: %d\r\n\r\n" % len(data) + data)
            if not connection.recv(4096):
                return

    return answer


def _in_pieces(connection: socket.socket, _: bytes) -> None:
    """Every byte of a head alone, pictures in small pieces."""
    for each in OK + STREAM + b"\r\n":
        connection.sendall(bytes((each,)))
    while True:
        data = part(picture())
        for start in range(0, len(data), 701):
            connection.sendall(data[start : start + 701])
        rest()


def _continues(connection: socket.socket, request: bytes) -> None:
    connection.sendall(3 * b"HTTP/1.1 100 Continue\r\n\r\n")
    still()(connection, request)


def _one_of_two_lacks_its_length(body: bytes) -> bytes:
    counted = part(body)
    return counted if len(body) % 200 else re.sub(rb"Content-Length: \d+\r\n", b"", counted)


def _bare(body: bytes) -> bytes:
    return body


def _no_end(body: bytes) -> bytes:
    return body[:-2]


def _padded(body: bytes) -> bytes:
    return body + bytes(16)


def _twice(length: int) -> bytes:
    return b"Content-Length: %d\r\n" % (2 * length)


def _line(*lines: bytes) -> bytes:
    return OK + b"".join(line + b"\r\n" for line in lines)


SHOWN: dict[str, Answer] = {
    "plain stream": stream(),
    "plain still": still(),
    "stills over one connection": _kept_open(),
    "still, zeros behind": still(change=_padded),
    "still, text behind": still(change=lambda b: b + b"\r\n<!-- served in 12 ms -->\r\n"),
    "still, no end mark": still(change=_no_end),
    "still, no end mark, no length": still(change=_no_end, length=no_length),
    "still, bytes before": still(change=lambda b: b"\r\n\r\n" + b),
    "still, no length": still(length=no_length),
    "still, no length, held open": held(still(length=no_length, more=b"")),
    "still, length too short": still(length=lambda n: b"Content-Length: %d\r\n" % (n - 40)),
    "still, length too short, held": held(
        still(length=lambda n: b"Content-Length: %d\r\n" % (n - 40), more=b"")
    ),
    "still, length too long": still(length=lambda n: b"Content-Length: %d\r\n" % (n + 60)),
    "still, length too long, held": held(
        still(length=lambda n: b"Content-Length: %d\r\n" % (n + 60), more=b"")
    ),
    "still, length 0": still(length=lambda _: b"Content-Length: 0\r\n"),
    "still, length twice": still(length=lambda n: 2 * (b"Content-Length: %d\r\n" % n)),
    "still, two lengths": still(
        length=lambda n: b"Content-Length: %d\r\nContent-Length: 9\r\n" % n
    ),
    "still, length -1": still(length=lambda _: b"Content-Length: -1\r\n"),
    "still, gzip": still(OK + JPEG + b"Content-Encoding: gzip\r\n", zipped),
    "still, gzip untold": still(change=zipped),
    "still, gzip told, not done": still(OK + JPEG + b"Content-Encoding: gzip\r\n"),
    "still, chunked": still(
        OK + JPEG + b"Transfer-Encoding: chunked\r\n",
        lambda b: b"%x\r\n" % len(b) + b + b"\r\n0\r\n\r\n",
        no_length,
    ),
    "still, chunks told, not made": still(OK + JPEG + b"Transfer-Encoding: chunked\r\n"),
    "still after 100 Continue": _continues,
    "still, thumbnail inside": still(change=lambda b: with_segments(b, 1, b"\xff\xd8\xff\xd9")),
    "line without a name": stream(head=_line(b"Welcome to the camera") + STREAM),
    "date without a name": still(_line(b"Tue, 12 Jun 2012 01:56:34 GMT") + JPEG),
    "blank before the colon": stream(head=OK + STREAM.replace(b":", b" :", 1)),
    "no blank behind the colon": stream(head=OK + STREAM.replace(b": ", b":")),
    "NUL in the head": stream(head=_line(b"X-Name: a\0b", b"X\0: y") + STREAM),
    "bytes beyond ASCII in the head": stream(head=_line(b"Server: \xe6\x91\x84\xff") + STREAM),
    "empty lines before the head": stream(head=b"\r\n\r\n" + OK + STREAM),
    "LF alone": stream(head=(OK + STREAM).replace(b"\r", b"")),
    "two blanks in the first line": stream(head=OK.replace(b" ", b"  ") + STREAM),
    "no reason phrase": stream(head=b"HTTP/1.1 200\r\n" + STREAM),
    "HTTP/1.0": stream(head=OK.replace(b"1.1", b"1.0") + STREAM),
    "ICY 200 OK": stream(head=b"ICY 200 OK\r\n" + STREAM),
    "status 206": still(b"HTTP/1.1 206 Partial\r\n" + JPEG),
    "two lengths of a stream": stream(
        head=_line(b"Content-Length: 100000", b"Content-Length: 200000") + STREAM
    ),
    "length 0 of a stream": stream(head=_line(b"Content-Length: 0") + STREAM),
    "length -1 of a stream": stream(head=_line(b"Content-Length: -1") + STREAM),
    "folded field": stream(head=_line(b"X-Long: a", b"  b") + STREAM),
    "head and pictures in small pieces": _in_pieces,
    "no type, still": still(OK),
    "no type, stream": stream(head=OK),
    "octet-stream": still(_line(b"Content-Type: application/octet-stream")),
    "octet-stream of a stream": stream(head=_line(b"Content-Type: application/octet-stream")),
    "text/plain": still(_line(b"Content-Type: text/plain")),
    "text/html of a stream": stream(head=_line(b"Content-Type: text/html; charset=utf-8")),
    "image/jpeg of a stream": stream(_bare, OK + JPEG),
    "multipart with one bare picture": still(OK + STREAM),
    "multipart with one bare picture, held": _kept_open(STREAM),
    "multipart with one part": still(OK + STREAM, lambda b: part(b) + b"--frame--\r\n"),
    "bare pictures in a row": stream(_bare),
    "bare pictures, no end marks": stream(_no_end),
    "part length 40 short": stream(lambda b: part(b, said=len(b) - 40)),
    "part length 60 long": stream(lambda b: part(b, said=len(b) + 60)),
    "part length constant": stream(lambda b: part(b, said=400_000)),
    "part length 0": stream(lambda b: part(b, said=0)),
    "part length now and then": stream(_one_of_two_lacks_its_length),
    "part without a head": stream(lambda b: b"--frame\r\n" + b + b"\r\n"),
    "part with an empty head": stream(lambda b: b"--frame\r\n\r\n" + b + b"\r\n"),
    "parts of text/plain": stream(lambda b: part(b, kind=b"Content-Type: text/plain")),
    "parts with LF alone": stream(lambda b: part(b, end=b"\n")),
    "parts without end marks": stream(lambda b: part(b[:-2])),
    "parts with zeros behind": stream(lambda b: part(b + bytes(16))),
    "boundary without dashes": stream(lambda b: part(b, mark=b"frame")),
    "boundary told with dashes": stream(head=OK + STREAM.replace(b"=", b"=--")),
    "boundary with four dashes": stream(lambda b: part(b, mark=b"----frame")),
    "boundary in quotes": stream(head=OK + STREAM.replace(b"=frame", b'="frame"')),
    "boundary not told": stream(head=OK + STREAM.partition(b";")[0] + b"\r\n"),
    "boundary other than told": stream(lambda b: part(b, mark=b"--other")),
    "boundary empty": stream(head=OK + STREAM.replace(b"frame", b"")),
    "text before the first part": stream(before=b"This is a multipart message.\r\n"),
    "chunked stream": chunked(),
    "chunked stream, not made": chunked(really=False),
    "80 segments": stream(lambda b: part(with_segments(b, 80))),
    "600 segments": still(change=lambda b: with_segments(b, 600)),
    "redirected": at({"/": moved(b"/cam"), "/cam": stream()}),
    "redirected, with a body": at({"/": moved(b"/cam", body=200_000 * b"x"), "/cam": stream()}),
    "redirected, 307": at({"/": moved(b"cam?x=1", b"307 T"), "/cam?x=1": still()}),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_browser_shows_is_shown(name: str) -> None:
    with shown_by(SHOWN[name]) as port:
        opener = web_opener(f"http://127.0.0.1:{port}/", 0.05)
        with SourceRig(opener) as agent:
            frames = agent.wait_frames(4)
            assert len({frame.jpeg for frame in frames}) == len(frames)
            assert {frame.session for frame in frames} == {1}
            assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]
            assert agent.source.stats.frames_damaged == 0


def test_there_are_sixty_of_them() -> None:
    assert len(SHOWN) >= 60


# ------------------------------------------------------------------ passwords


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text).hexdigest().encode()  # noqa: S324  the RFC's


def _basic(said: str, _path: str) -> bool:
    return said == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _digest(said: str, path: str, realm: bytes = b"cam", *, session: bool = False) -> bool:
    given = {k: v.encode("latin-1") for k, v in re.findall(r'(\w+)="?([^",]*)"?', said)}
    who = _md5(b":".join([USER.encode(), realm, PASSWORD.encode()]))
    if session:
        who = _md5(b":".join([who, given["nonce"], given["cnonce"]]))
    once = [given["nonce"], given["nc"], given["cnonce"], b"auth"] if "qop" in given else []
    once = once or [given["nonce"]]
    wanted = _md5(b":".join([who, *once, _md5(b"GET:" + path.encode())]))
    return (
        said.startswith("Digest") and given["uri"] == path.encode() and given["response"] == wanted
    )


DIGEST = b'Digest realm="cam", nonce="a1", qop="auth", algorithm=MD5'
LOCKED: dict[str, Answer] = {
    "basic": locked(_basic, [b'Basic realm="cam"'], still()),
    "basic without a realm": locked(_basic, [b"Basic"], still()),
    "digest": locked(_digest, [DIGEST], stream()),
    "digest without qop": locked(_digest, [b'Digest realm="cam",nonce="a1"'], still()),
    "digest with both qops": locked(
        _digest, [b'Digest qop="auth,auth-int", nonce="a1", realm="cam", opaque=""'], still()
    ),
    "digest with a session": locked(
        partial(_digest, session=True),
        [b'Digest realm="cam", nonce="a1", qop="auth", algorithm=MD5-sess'],
        still(),
    ),
    "digest of a realm beyond ASCII": locked(
        partial(_digest, realm=b"\xe6\x91\x84"),
        [b'Digest realm="\xe6\x91\x84", nonce="a1", qop="auth"'],
        still(),
    ),
    "digest and basic": locked(_digest, [b'Basic realm="cam"', DIGEST], still()),
    "both in one field": locked(_digest, [b'Basic realm="cam", ' + DIGEST], still()),
    "an unknown way, and basic": locked(_basic, [b"NTLM", b'Basic realm="cam"'], still()),
    "digest behind a redirect": at(
        {"/": moved(b"/behind"), "/behind": locked(_digest, [DIGEST], still())}
    ),
    "digest before a redirect": at(
        {"/": locked(_digest, [DIGEST], moved(b"/in")), "/in": locked(_digest, [DIGEST], stream())}
    ),
}


@pytest.mark.parametrize("name", LOCKED)
def test_a_password_is_given_as_the_camera_asks(name: str) -> None:
    with shown_by(LOCKED[name]) as port:
        opener = web_opener(f"http://{WHO}127.0.0.1:{port}/", 0.05)
        with SourceRig(opener) as agent:
            agent.wait_frames(4)
            assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]


def _wants_cookies(connection: socket.socket, request: bytes) -> None:
    """Opens a session of its own, and redirects until it sees two cookies of it."""
    if field(request, "Cookie") == "sid=a=1; lang=de":
        still()(connection, request)
        return
    cookies = b"Set-Cookie: sid=a=1; Path=/; HttpOnly\r\nSet-Cookie: lang=de\r\n"
    line = b"HTTP/1.1 302 Found\r\nLocation: /\r\n"
    connection.sendall(line + cookies + b"Content-Length: 0\r\n" + CLOSE + b"\r\n")


def test_a_camera_sees_its_cookies_again() -> None:
    with shown_by(_wants_cookies) as port:
        opener = web_opener(f"http://127.0.0.1:{port}/", 0.05)
        with SourceRig(opener) as agent:
            agent.wait_frames(4)
            assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]


# ------------------------------------------------------------------ stills that do not come

FAILED: dict[str, Answer] = {
    "a page": still(_line(b"Content-Type: text/html"), lambda _: b"<html>busy"),
    "a page without end": stream(lambda _: 9999 * b"<p>", _line(b"Content-Type: text/html")),
    "204": still(b"HTTP/1.1 204 No Content\r\n", lambda _: b"", no_length),
    "304": still(b"HTTP/1.1 304 Not Modified\r\n", lambda _: b"", no_length),
    "404": still(b"HTTP/1.1 404 Not Found\r\n", lambda _: b""),
    "503": still(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n", lambda _: b"busy"),
    "half a picture": still(change=lambda b: b[:700], length=lambda _: b"Content-Length: 3000\r\n"),
    "no byte of a picture": still(change=lambda _: b""),
    "nothing": lambda *_: None,
    "no HTTP": lambda connection, _: connection.sendall(b"busy\r\n\r\n"),
}


@pytest.mark.parametrize("name", FAILED)
def test_a_still_that_fails_costs_itself_and_no_session(name: str) -> None:
    count = itertools.count(1)
    good = still()

    def answer(connection: socket.socket, request: bytes) -> None:
        (FAILED[name] if next(count) % 3 == 0 else good)(connection, request)

    with shown_by(answer) as port:
        opener = web_opener(f"http://127.0.0.1:{port}/", 0.02)
        with SourceRig(opener) as agent:
            frames = agent.wait_frames(9)
            assert {frame.session for frame in frames} == {1}
            assert agent.codes == [CameraCode.CONNECTING, CameraCode.LIVE]


def test_stills_that_fail_for_long_are_a_stall_with_the_last_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source, "SILENCE", 0.5)
    count = itertools.count(1)
    good, bad = still(), still(b"HTTP/1.1 503 Busy\r\n", lambda _: b"")

    def answer(connection: socket.socket, request: bytes) -> None:
        (good if next(count) <= 3 else bad)(connection, request)

    with shown_by(answer) as port:
        opener = web_opener(f"http://127.0.0.1:{port}/", 0.05)
        with SourceRig(opener) as agent:
            state = agent.wait_for(CameraCode.STALLED)
            assert "answers 503 Busy" in state.reason
            assert state.answers


def test_a_camera_that_ends_within_a_large_still_is_a_stall_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A picture of which a part came is waited for as long as it comes, and no longer."""
    monkeypatch.setattr(source, "SILENCE", 0.5)
    monkeypatch.setattr(source, "MIN_RATE", 1)  # a byte is waited for as long as a second
    count = itertools.count(1)
    good = still()
    half = still(change=lambda b: b[:-50], length=lambda n: b"Content-Length: %d\r\n" % (n + 50))

    def answer(connection: socket.socket, request: bytes) -> None:
        number = next(count)
        if number <= 4:
            (good if number <= 3 else half)(connection, request)
        if number == 4:  # it starts anew: its system knows nothing of this connection
            time.sleep(0.2)  # what is sent arrives before
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with shown_by(answer) as port:
        opener = web_opener(f"http://127.0.0.1:{port}/", 0.05)
        with SourceRig(opener) as agent:
            agent.wait_for(CameraCode.STALLED)


def test_a_still_that_is_locked_ends_the_session_at_once() -> None:
    """A camera may lock out who tries a password again and again."""
    count = itertools.count(1)
    wrong: list[str] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        if next(count) <= 8:
            LOCKED["basic"](connection, request)
            return
        wrong.append(field(request, "Authorization"))
        locked(lambda *_: False, [b'Basic realm="cam"'], still())(connection, request)

    with shown_by(answer) as port:
        with SourceRig(web_opener(f"http://{WHO}127.0.0.1:{port}/", 0.05)) as agent:
            agent.wait_for(CameraCode.REFUSED)
        assert len([said for said in wrong if said]) <= 4


# ------------------------------------------------------------------ refused, with the right word


def _lost_now_and_then() -> Answer:
    """Each third picture lacks its second half."""
    count = iter(range(10**9))
    return stream(lambda b: part(b if next(count) % 3 else b[: len(b) // 2], said=len(b)))


def test_every_picture_that_is_lost_is_counted() -> None:
    with shown_by(_lost_now_and_then()) as port:
        opener = web_opener(f"http://127.0.0.1:{port}/")
        with SourceRig(opener) as agent:
            agent.wait_frames(8)
            # the first torn one may be of a camera that sends no end marks
            damaged = wait_until("some are counted", lambda: agent.source.stats.frames_damaged)
            assert damaged >= 2


REFUSED: dict[str, tuple[Answer, CameraCode, str]] = {
    "a page": (
        still(_line(b"Content-Type: text/html"), lambda _: b"<html>no"),
        CameraCode.REFUSED,
        "a page, not the pictures",
    ),
    "a long page": (
        stream(lambda _: 9999 * b"<p>", _line(b"Content-Type: text/html")),
        CameraCode.REFUSED,
        "a page, not the pictures",
    ),
    "no picture at all": (
        still(change=lambda _: b""),
        CameraCode.UNREACHABLE,
        "says image/jpeg and ends without a byte of it",
    ),
    "half a picture": (
        still(
            change=lambda b: b[: len(b) // 2], length=lambda n: b"Content-Length: %d\r\n" % (2 * n)
        ),
        CameraCode.UNREACHABLE,
        "of a picture that is not whole",
    ),
    "a bomb": (
        still(OK + JPEG + b"Content-Encoding: gzip\r\n", lambda _: zipped(bytes(30_000_000))),
        CameraCode.REFUSED,
        "compressed pictures that are none",
    ),
    "another host": (moved(b"http://127.0.0.2/x"), CameraCode.REFUSED, "redirect_hosts"),
    "the machine of a cloud": (
        moved(b"http://169.254.169.254/latest/meta-data/"),
        CameraCode.REFUSED,
        "redirects to another host",
    ),
    "nowhere": (moved(b""), CameraCode.REFUSED, "redirects to what is no URL"),
    "round and round": (moved(b"/"), CameraCode.REFUSED, "redirects without end"),
    "status 500": (
        still(b"HTTP/1.1 500 No\r\n" + JPEG, more=CLOSE),
        CameraCode.UNREACHABLE,
        "answers 500 No",
    ),
    "a head without end": (
        stream(lambda _: 9999 * b"X: y\r\n", OK.rstrip(b"\r\n")),
        CameraCode.REFUSED,
        "speaks no HTTP",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_is_refused_with_the_reason(name: str) -> None:
    answer, code, words = REFUSED[name]
    with shown_by(answer) as port:
        with SourceRig(web_opener(f"http://127.0.0.1:{port}/")) as agent:
            state = agent.wait_for(code)
        assert words in state.reason
        assert state.answers or code is CameraCode.REFUSED
        assert not agent.frames
