"""URLs with one thing wrong: each is told apart, with what helps."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent.camera.http.source import web_opener
from agent.camera.network.trust import trusting
from agent.camera.video import rtsp_opener
from agent.core.errors import ConfigError
from agent.core.messages import CameraCode
from tests.support import rtsp_camera_process
from tests.support.broker import free_port
from tests.support.certificates import self_signed, serving
from tests.support.jpegs import jpeg
from tests.support.source_rig import SourceRig
from tests.support.waiting import PATIENCE, wait_until
from tests.support.web_camera import WebCamera

Answer = Callable[[socket.socket], None]
CRLF = b"\r\n"


@contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """A server on the port, each connection of which is answered so."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(PATIENCE)


def says(*lines: bytes, body: bytes = b"", hold: bool = False) -> Answer:
    """Hears a request, says this, and hangs up, or first waits for the other one to do so."""

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CRLF.join(lines) + CRLF + CRLF + body)
        if hold:
            connection.recv(1)

    return answer


def tls(folder: Path, then: Answer = lambda _: None) -> Answer:
    """A handshake with a certificate of nobody's, then this."""
    context = serving(self_signed(folder))

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            then(secured)

    return answer


def check(url: str, code: CameraCode, *words: str, insecure: bool = False) -> None:
    """What an attempt with that URL comes to; `insecure`: whatever certificate is shown."""
    trust = trusting(insecure=True) if insecure else None
    opener = rtsp_opener(url, trust) if url.startswith("rtsp") else web_opener(url)
    with SourceRig(opener) as agent:
        wait_until("an end of the attempt", lambda: len(agent.states) > 1)
        state = agent.states[1]
    assert state.code is code, state
    for word in words:
        assert word in state.reason
    assert len(state.reason) < 250


def test_a_wrong_port_is_told_from_a_camera_that_is_off() -> None:
    for scheme in ("http", "rtsp"):
        url = f"{scheme}://127.0.0.1:{free_port()}/x"
        check(url, CameraCode.UNREACHABLE, "Connection refused", "nobody listens on this port")


def test_http_spoken_to_a_port_of_rtsp_is_told_to_be_rtsp() -> None:
    with answering(says(b"RTSP/1.0 400 Bad Request", b"CSeq: 0")) as port:
        check(f"http://127.0.0.1:{port}/x", CameraCode.REFUSED, "speaks RTSP", "write rtsp://")


def test_http_spoken_to_a_real_server_of_rtsp_names_the_other_scheme() -> None:
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as camera:
        url = camera.url("/h264").replace("rtsp:", "http:")
        check(url, CameraCode.UNREACHABLE, "503", "for RTSP rtsp://")
        secured = camera.url("/h264").replace("rtsp:", "rtsps:")
        check(secured, CameraCode.REFUSED, "speaks RTSP without TLS: write rtsp://")


def test_rtsp_spoken_to_a_web_camera_names_the_other_scheme() -> None:
    with WebCamera(lambda n: jpeg(3000, seed=n)) as camera:
        url = camera.url().replace("http:", "rtsp:")
        check(url, CameraCode.REFUSED, "speaks no RTSP", "it is http://")


def test_http_and_https_are_told_apart_and_so_is_a_certificate_of_nobodys(tmp_path: Path) -> None:
    with answering(tls(tmp_path)) as port:
        check(f"http://127.0.0.1:{port}/x", CameraCode.UNREACHABLE, "with TLS it is https://")
        check(f"https://127.0.0.1:{port}/x", CameraCode.REFUSED, "not trusted", "self-signed")
        check(f"rtsp://127.0.0.1:{port}/x", CameraCode.UNREACHABLE, "closes the connection")
    with WebCamera(lambda n: jpeg(3000, seed=n)) as camera:
        url = camera.url().replace("http:", "https:")
        check(url, CameraCode.REFUSED, f":{camera.port}: TLS", "without TLS it is http://")


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (says(b"RTSP/1.0 503 Starting", b"CSeq: 1"), "answers 503 Starting"),
        (lambda secured: secured.recv(4096) and secured.recv(1), "does not answer"),
        (lambda secured: secured.recv(4096), "closes the connection"),
    ],
    ids=["503", "silent", "closes"],
)
def test_a_camera_of_rtsp_over_tls_that_starts_is_tried_again_and_not_called_another_service(
    tmp_path: Path, then: Answer, words: str
) -> None:
    with answering(tls(tmp_path, then)) as port:
        url = f"rtsps://127.0.0.1:{port}/x"
        told = ("sends no video over TLS", words, "where that lasts")
        check(url, CameraCode.UNREACHABLE, *told, insecure=True)
        check(url, CameraCode.REFUSED, "not trusted")


@pytest.mark.parametrize("status", [b"453 Not Enough Bandwidth", b"455 Method Not Valid"])
def test_a_camera_with_no_room_for_another_viewer_is_tried_again_soon(status: bytes) -> None:
    with answering(says(b"RTSP/1.0 " + status, b"CSeq: 1")) as port:
        told = (status.decode(), "taken by somebody else?")
        check(f"rtsp://127.0.0.1:{port}/x", CameraCode.UNREACHABLE, *told)


def test_what_wants_tls_is_told_to_be_rtsps_and_what_speaks_without_to_be_rtsp() -> None:
    alert = says(b"\x15\x03\x01\x00\x02\x02\x46")
    with answering(alert) as port:
        check(f"rtsp://127.0.0.1:{port}/x", CameraCode.REFUSED, "wants TLS: write rtsps://")
        check(f"rtsps://127.0.0.1:{port}/x", CameraCode.UNREACHABLE, "sends no video over TLS")
    with answering(says(b"RTSP/1.0 400 Bad Request", b"CSeq: 0")) as port:
        check(f"rtsps://127.0.0.1:{port}/x", CameraCode.REFUSED, "write rtsp://")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_another_service_is_told_from_a_camera_that_hangs(scheme: str) -> None:
    with answering(lambda connection: connection.close()) as port:
        url = f"{scheme}://127.0.0.1:{port}/x"
        check(url, CameraCode.UNREACHABLE, "closes the connection", "port")
    with answering(says(b"SSH-2.0-OpenSSH_9.6")) as port:
        check(f"{scheme}://127.0.0.1:{port}/x", CameraCode.REFUSED, f"no {scheme.upper()}", "port")


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ((b"HTTP/1.1 404 Not Found",), CameraCode.REFUSED, "check the URL's path"),
        ((b"HTTP/1.1 400 Bad Request",), CameraCode.REFUSED, "with TLS it is https://"),
        ((b"HTTP/1.1 405 No",), CameraCode.REFUSED, "check the URL's path"),
        ((b"HTTP/1.1 503 Busy",), CameraCode.UNREACHABLE, "it starts or is busy"),
        ((b"HTTP/1.1 403 No",), CameraCode.REFUSED, "refuses user or password"),
        ((b"HTTP/1.1 200 OK", b"Content-Type: text/html"), CameraCode.REFUSED, "a page, not the"),
        ((b"HTTP/1.1 200 OK", b"Content-Type: image/png"), CameraCode.REFUSED, "not with JPEG"),
        ((b"HTTP/1.1 200 OK",), CameraCode.REFUSED, "no content type"),
        ((b"HTTP/1.1 302 X", b"Location: /x"), CameraCode.REFUSED, "redirects without end"),
        (
            (b"HTTP/1.1 200 OK", b"Content-Type: image/jpeg"),
            CameraCode.UNREACHABLE,
            "sends 5 bytes that are none",
        ),
    ],
)
def test_an_answer_without_pictures_says_what_is_wrong_with_it(
    lines: tuple[bytes, ...], code: CameraCode, words: str
) -> None:
    with answering(says(*lines, body=b"hello")) as port:
        check(f"http://127.0.0.1:{port}/x", code, words)


def test_a_stream_of_something_else_is_not_taken_for_a_camera_that_hangs() -> None:
    head = b"HTTP/1.1 200 OK", b"Content-Type: multipart/x-mixed-replace; boundary=b"
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    with answering(says(*head, body=20 * part, hold=True)) as port:
        check(f"http://127.0.0.1:{port}/x", CameraCode.REFUSED, "parts that are no JPEGs")


@pytest.mark.parametrize(
    "challenge",
    [
        b"Digest realm",
        b'Digest realm="x"',
        b'Digest realm="x", nonce="y", algorithm=FOO',
        b'Digest realm="x", nonce="y", qop="auth-conf"',
        b"Bearer",
        b"NTLM",
    ],
)
def test_a_camera_that_asks_for_a_password_in_no_known_way_ends_nothing(challenge: bytes) -> None:
    lines = b"HTTP/1.1 401 No", b"WWW-Authenticate: " + challenge, b"Content-Length: 0"
    with answering(says(*lines)) as port:
        url = f"http://user:p4ssword@127.0.0.1:{port}/x"
        check(url, CameraCode.REFUSED, "in a way that is unknown here")


@pytest.mark.parametrize(
    "challenge",
    [
        b'Digest realm="\xe6\x91\x84", nonce="y"',
        b'Digest realm="a,b=c", nonce="==", opaque, qop=auth',
        b'Negotiate, Basic realm="x"',
    ],
)
def test_an_odd_way_of_asking_for_a_password_is_answered(challenge: bytes) -> None:
    lines = b"HTTP/1.1 401 No", b"WWW-Authenticate: " + challenge, b"Content-Length: 0"
    with answering(says(*lines)) as port:
        url = f"http://user:p4ssword@127.0.0.1:{port}/x"
        check(url, CameraCode.REFUSED, "refuses user or password")


@pytest.mark.parametrize(
    "target",
    [
        *(b"http://\x01/", b"/" + 70_000 * b"a", b"/ok\tx", b"ftp://127.0.0.1/", b"//x\x7f"),
        *(b"http://xn--a/x", b"//xn--a", b"http://xn--zzzzzz99999/", b"http://xn--\xff/"),
    ],
)
def test_a_camera_that_redirects_to_nowhere_ends_nothing(target: bytes) -> None:
    lines = b"HTTP/1.1 302 There", b"Location: " + target, b"Content-Length: 0"
    with answering(says(*lines)) as port:
        check(f"http://127.0.0.1:{port}/x", CameraCode.REFUSED, "redirects to")


@pytest.mark.parametrize(
    "rest",
    [
        *("h/\x7f", "h/\x01", "h/" + 70_000 * "a", "\u2603.invalid/x"),
        *("xn--a/", "xn--zzzzzz99999/x", "h/?\ud800", "h/\udcff", "\udcff/"),
    ],
)
def test_what_no_url_may_have_is_a_mistake_of_the_configuration(rest: str) -> None:
    with pytest.raises(ConfigError, match="no URL") as raised:
        web_opener(f"http://user:p4ssword@{rest}")
    assert "p4ssword" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://a..b/x", "rtsp://a..b/x", f"http://{70 * 'a'}.invalid/"])
def test_a_host_name_that_can_be_none_is_one_that_is_not_found(url: str) -> None:
    check(url, CameraCode.UNREACHABLE, "host name", "not found")


def test_a_scheme_may_be_written_large() -> None:
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as camera:
        url = camera.url("/h264").replace("rtsp:", "RTSP:")
        with SourceRig(rtsp_opener(url)) as agent:
            agent.wait_frames(2)


def describes(media: bytes) -> Answer:
    """An RTSP camera that has this in its description, and agrees to everything."""
    description = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n" + media
    kind = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(description)
    session = b"Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"

    def answer(connection: socket.socket) -> None:
        while request := connection.recv(4096):
            number = request.partition(b"CSeq: ")[2].partition(CRLF)[0]
            connection.sendall(b"RTSP/1.0 200 OK\r\nCSeq: " + number + CRLF)
            described = request.startswith(b"DESCRIBE")
            connection.sendall(kind + description if described else session)

    return answer


@pytest.mark.parametrize(
    ("media", "words"),
    [
        (b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 FOO/90000\r\n", "video of an unknown kind"),
        (b"m=audio 0 RTP/AVP 0\r\n", "sends no video"),
    ],
)
def test_a_camera_whose_stream_cannot_be_shown_ends_nothing(media: bytes, words: str) -> None:
    with answering(describes(media)) as port:
        check(f"rtsp://127.0.0.1:{port}/x", CameraCode.REFUSED, words)
