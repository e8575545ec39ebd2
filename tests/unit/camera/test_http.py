"""The pure half of the HTTP client: heads, bodies, passwords, URLs."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agent.camera.http.auth import Credentials, UnknownChallenge
from agent.camera.http.body import Body, Bomb
from agent.camera.http.head import MOST_HEAD, Head, NoHttp, parse_head
from agent.camera.network.url import Target, joined, target_of

STILL = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 12\r\n\r\n"


def head(data: bytes) -> Head:
    parsed = parse_head(data)
    assert parsed is not None
    return parsed[0]


@pytest.mark.parametrize(
    "data",
    [
        STILL,
        STILL.replace(b"\r\n", b"\n"),
        b"\r\n\r\n" + STILL,
        STILL.replace(b"200 OK", b" 200  OK"),
        STILL.replace(b"200 OK", b"200"),
        STILL.replace(b"HTTP/1.1", b"http/1.0"),
        STILL.replace(b"HTTP/1.1", b"ICY"),
        STILL.replace(b"OK\r\n", b"OK\r\nTue, 12 Jun 2012 01:56:34 GMT\r\n"),
        STILL.replace(b"OK\r\n", b"OK\r\nWelcome to the camera\r\n"),
        STILL.replace(b": ", b" : "),
        STILL.replace(b": ", b":"),
        STILL.replace(b"Content", b"CONTENT"),
        STILL.replace(b"OK\r\n", b"OK\r\nX\0-Y: \0z\r\n"),
        STILL.replace(b"OK\r\n", b"OK\r\nX: \xff\xfe\r\n"),
        STILL.replace(b"OK\r\n", b"OK\r\nContent-Length: 12\r\n"),
        STILL.replace(b"OK\r\n", b"OK\r\nX: folded\r\n  over lines\r\n"),
        STILL.replace(b"\r\n\r\n", b"\r\n \r\n"),
    ],
)
def test_heads_are_read_as_browsers_read_them(data: bytes) -> None:
    parsed = parse_head(data + b"body")
    assert parsed is not None
    assert (parsed[0].status, parsed[0].kind, parsed[0].length) == (200, "image/jpeg", 12)
    assert parsed[1] == b"body"
    for end in range(len(data)):
        cut = parse_head(data[:end])
        assert cut is None or cut[0].status == 200


def test_a_head_that_ends_with_the_picture_ends_there() -> None:
    parsed = parse_head(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\xff\xd8\xff\xe0")
    assert parsed is not None
    assert parsed[1] == b"\xff\xd8\xff\xe0"


@pytest.mark.parametrize("said", [b"-1", b"1, 2", b"", b"many", b"4_0", b"\xd9\xa1", b"9" * 40])
def test_a_length_that_is_none_says_nothing(said: bytes) -> None:
    assert head(b"HTTP/1.1 200 OK\r\nContent-Length: " + said + b"\r\n\r\n").length is None
    doubled = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    assert head(doubled).length is None


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n", b"RTSP/1.0 200 OK\r\n\r\n", b"\x15\x03\x01"])
def test_what_is_no_http_is_told_with_its_begin(data: bytes) -> None:
    with pytest.raises(NoHttp) as raised:
        parse_head(data)
    assert str(raised.value).isprintable()


def test_a_head_without_end_is_given_up() -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\nX: " + b"a" * (MOST_HEAD - 100)) is None
    with pytest.raises(NoHttp, match="more than"):
        parse_head(b"HTTP/1.1 200 OK\r\nX: " + b"a" * MOST_HEAD)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_none(data: bytes) -> None:
    for begin in (b"", b"HTTP/1.1 200 OK\r\n"):
        with suppress(NoHttp):
            parsed = parse_head(begin + data)
            assert parsed is None or 0 <= parsed[0].status <= 999


@pytest.mark.parametrize("told", ["b", '"b"', " b ", "'b'"])
def test_the_boundary_comes_with_quotes_or_without(told: str) -> None:
    line = f"Content-Type: multipart/x-mixed-replace; x=y ;Boundary={told}"
    assert head(b"HTTP/1.1 200 OK\r\n" + line.encode() + b"\r\n\r\n").boundary == "b"


# ------------------------------------------------------------------ bodies

CHUNKED = Head(200, "OK", (("transfer-encoding", "Chunked"),))
PLAIN = Head(200, "OK", ())


def unpacked(head: Head, data: bytes, step: int) -> tuple[bytes, bool]:
    body = Body(head)
    out = b"".join(body.push(data[at : at + step]) for at in range(0, len(data), step))
    return out, body.over


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8), st.integers(1, 50))
@example([b"\x1f"], 1)
@example([b"\x1f", b"x"], 1)
def test_chunks_are_joined_however_they_are_cut(pieces: list[bytes], step: int) -> None:
    assume(b"".join(pieces)[:2] != b"\x1f\x8b")  # this is unpacked: a test below
    framed = b"".join(b"%X;x=y\r\n" % len(piece) + piece + b"\r\n" for piece in pieces)
    out, over = unpacked(CHUNKED, framed + b"0\r\n\r\n", step)
    assert (out, over) == (b"".join(pieces), True)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe0 no chunk", b"--edge\r\nContent-Type: x\r\n"])
def test_what_is_said_to_come_in_chunks_and_does_not_is_taken_as_it_is(data: bytes) -> None:
    assert unpacked(CHUNKED, data, len(data)) == (data, False)


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_what_is_packed_all_the_same_is_unpacked(step: int) -> None:
    data = b"\xff\xd8" + bytes(range(256)) * 4
    zipped = Head(200, "OK", (("content-encoding", "gzip"),))
    deflated = Head(200, "OK", (("content-encoding", "deflate"),))
    assert unpacked(zipped, gzip.compress(data), step)[0] == data
    assert unpacked(deflated, zlib.compress(data), step)[0] == data
    assert unpacked(zipped, data, step)[0] == data  # said, and not done
    assert unpacked(PLAIN, gzip.compress(data), step)[0] == data  # done, and not said


def test_a_bomb_is_refused_before_it_takes_memory() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    body = Body(Head(200, "OK", (("content-encoding", "gzip"),)))
    before = body.push(bomb[:1])
    tracemalloc.start()
    with pytest.raises(Bomb):
        body.push(bomb[1:])
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    assert before == b""


@given(st.lists(st.binary(max_size=80), max_size=10), st.booleans())
def test_any_bytes_are_a_body(pieces: list[bytes], chunked: bool) -> None:  # noqa: FBT001
    body = Body(CHUNKED if chunked else PLAIN)
    for piece in pieces:
        try:
            body.push(piece)
        except Bomb:
            return


# ------------------------------------------------------------------ passwords


def answered(challenge: str, user: str = "Mufasa", password: str = "Circle of Life") -> str:  # noqa: S107
    credentials = Credentials(user, password)
    credentials._make_nonce = lambda: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    credentials.challenged([challenge])
    return credentials.answer("GET", "/dir/index.html") or ""


RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digests_are_those_of_the_standard(algorithm: str, response: str) -> None:
    said = answered(RFC_7616.format(algorithm))
    assert f'response="{response}"' in said
    assert 'uri="/dir/index.html"' in said
    assert "qop=auth, nc=00000001" in said


def test_a_digest_that_counts_the_body_in_counts_an_empty_one() -> None:
    """RFC 7616, 3.4.3: only `auth-int` is offered, and our requests have no body."""
    said = answered('Digest realm="r", qop="auth-int", nonce="n"', "u", "p")
    made = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  the RFC's

    who, what = md5("u:r:p"), md5(f"GET:/dir/index.html:{md5('')}")
    response = md5(f"{who}:n:00000001:{made}:auth-int:{what}")
    assert "qop=auth-int, nc=00000001" in said
    assert f'response="{response}"' in said


def test_a_digest_of_the_old_kind_has_no_counter() -> None:
    """RFC 2617, 3.5 without qop: as RFC 2069 has it."""
    said = answered('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    assert "qop" not in said
    assert "nc=" not in said


def test_basic_is_taken_where_nothing_better_is_offered() -> None:
    assert answered('Basic realm="a, b"').startswith("Basic ")
    assert answered('Basic realm="x", Digest realm="x", nonce="n"').startswith("Digest ")
    assert answered('Digest realm="x", nonce="n", algorithm=FOO, Basic realm="x"').startswith("B")


def test_each_request_has_its_own_count_and_target() -> None:
    credentials = Credentials("u", "p")
    assert credentials.answer("GET", "/") is None
    credentials.challenged(['Digest realm="x", nonce="n", qop="auth", stale=TRUE'])
    assert credentials.stale
    counts = [credentials.answer("GET", f"/{n}") or "" for n in range(3)]
    assert ["nc=00000001" in counts[0], "nc=00000003" in counts[2]] == [True, True]
    assert 'uri="/2"' in counts[2]


@given(st.text(max_size=80))
def test_any_challenge_is_answered_or_unknown(value: str) -> None:
    raw = value.encode("utf-8", "replace").decode("latin-1")
    for begin in ("", "Digest ", 'Digest realm="x", nonce="'):
        credentials = Credentials("ü", "pä:ss")
        try:
            credentials.challenged([begin + raw])
        except UnknownChallenge:
            continue
        assert (credentials.answer("GET", "/") or "").encode("latin-1")


# ------------------------------------------------------------------ URLs


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://Cam/", Target("http", "cam", 80, "/")),
        ("http://cam", Target("http", "cam", 80, "/")),
        ("HTTPS://u:p@cam:8443/a?b=c#d", Target("https", "cam", 8443, "/a?b=c")),
        ("http://[::1]:81/ä b", Target("http", "::1", 81, "/%C3%A4%20b")),
        ("http://kamera-türe/%41", Target("http", "xn--kamera-tre-heb", 80, "/%41")),
    ],
)
def test_where_a_request_goes(url: str, target: Target) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b?x=1", Target("http", "cam", 8080, "/b?x=1")),
        ("c", Target("http", "cam", 8080, "/a/c")),
        ("//other/x", Target("http", "other", 80, "/x")),
        ("https://cam/x", Target("https", "cam", 443, "/x")),
        ("?y", Target("http", "cam", 8080, "/a/b?y")),
        ("/ä".encode().decode("latin-1"), Target("http", "cam", 8080, "/%C3%A4")),
    ],
)
def test_where_a_redirect_leads(location: str, target: Target) -> None:
    assert joined(Target("http", "cam", 8080, "/a/b"), location) == target


@given(st.text(max_size=60))
def test_any_redirect_leads_somewhere_printable_or_nowhere(location: str) -> None:
    try:
        target = joined(Target("http", "cam", 80, "/"), location)
    except ValueError:
        return
    assert (target.host + target.path).isascii()
    assert (target.host + target.path).isprintable()
    assert " " not in target.path
