from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.pictures import MOST_HEADER, PictureCutter
from tests.support.jpegs import jpeg, jpegs

PICTURES = jpegs(5, 600)


def body(pictures: list[bytes], *, length: bool = True, end: str = "\r\n") -> bytes:
    parts = []
    for picture in pictures:
        size = f"Content-Length: {len(picture)}{end}" if length else ""
        head = f"--edge{end}Content-Type: image/jpeg{end}{size}{end}"
        parts.append(head.encode() + picture + end.encode())
    return b"".join(parts)


def cut(
    data: bytes, places: list[int], boundary: str = "edge"
) -> tuple[list[bytes], PictureCutter]:
    parser = PictureCutter(boundary)
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    out = [whole for a, b in pairwise(edges) for whole in parser.push(data[a:b])]
    return out, parser


@given(
    st.lists(st.integers(0, 10_000), max_size=30),
    st.booleans(),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from(["edge", "--edge", '"edge"']),
)
def test_every_jpeg_comes_out_as_it_went_in_however_the_bytes_are_cut(
    places: list[int],
    length: bool,  # noqa: FBT001  hypothesis fills it in
    end: str,
    boundary: str,
) -> None:
    out, parser = cut(body(PICTURES, length=length, end=end), places, boundary)
    assert out == PICTURES
    assert parser.damaged == 0


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_any_bytes_never_raise_and_never_grow_past_the_limit(chunks: list[bytes]) -> None:
    parser = PictureCutter("edge", limit=500)
    for chunk in chunks:
        for whole in parser.push(b"--edge\r\n" * (len(chunk) % 2) + chunk):
            assert whole.startswith(b"\xff\xd8")
        assert len(parser._buffer) <= 500 + MOST_HEADER + 500


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*PICTURES, b"", b"\xff\xd8", b"no picture", PICTURES[0] + b"\x00"]),
            st.sampled_from(
                ["--edge\r\n", "\r\n--edge\r\n", "\n--edge\n", "--edge--\r\n--edge\r\n"]
            ),
            st.sampled_from(["Content-Length", "content-length ", " CONTENT-LENGTH", "Length"]),
            st.integers(-3, 3),
            st.sampled_from(["\r\n\r\n", "\n\n", "\r\nX: \n\ny\r\n\r\n"]),
            st.sampled_from(["", "\r\n", "\n", "\r\n--ed"]),
        ),
        max_size=6,
    )
)
def test_the_short_way_for_whole_parts_gives_what_the_long_way_gives(
    parts: list[tuple[bytes, str, str, int, str, str]],
) -> None:
    short, long = PictureCutter("edge", limit=700), PictureCutter("edge", limit=700)
    for picture, begin, name, wrong, gap, after in parts:
        head = f"{begin}Content-Type: image/jpeg\r\n{name}: {len(picture) + wrong}{gap}"
        data = head.encode() + picture + after.encode()
        jpegs = [whole for piece in (data[:1], data[1:]) for whole in long.push(piece)]
        assert (short.push(data), short.damaged) == (jpegs, long.damaged)
        assert short._buffer == long._buffer


def test_a_part_without_a_length_is_complete_with_its_last_byte() -> None:
    parser = PictureCutter("edge")
    data = body(PICTURES[:1], length=False)
    assert parser.push(data[:-3]) == []
    assert parser.push(data[-3:-2]) == PICTURES[:1]


def test_a_thumbnails_end_is_not_the_pictures_end() -> None:
    picture = jpeg(900, thumbnail=jpeg(200, seed=5))
    data = body([picture], length=False)
    cut_at = data.index(b"\xff\xd9") + 2
    out, parser = cut(data, [cut_at])
    assert out == [picture]
    assert parser.damaged == 0


def test_what_cameras_put_behind_a_picture_is_left_out() -> None:
    padded = PICTURES[0] + bytes(16)
    out, _ = cut(body([padded]), [])
    assert out == PICTURES[:1]


def test_headers_and_bodies_that_are_too_large_are_given_up_and_the_next_part_is_read() -> None:
    parser = PictureCutter("edge", limit=2000)
    huge_head = b"--edge\r\nX: " + b"a" * 2 * MOST_HEADER
    lying = b"--edge\r\nContent-Length: 99999999\r\n\r\n" + PICTURES[0]
    endless = b"--edge\r\n\r\n" + b"\xff\xd8" + b"a" * 5000
    wrong = b"--edge\r\nContent-Length: many\r\n\r\n"
    for bad in (huge_head, lying, endless, wrong):
        assert parser.push(b"\r\n" + bad) == []
        assert parser.push(b"\r\n" + body(PICTURES[1:2])) == PICTURES[1:2]
    assert parser.damaged == 4


def test_a_part_that_is_no_jpeg_is_counted() -> None:
    out, parser = cut(body([b"hello", PICTURES[0]]), [])
    assert out == PICTURES[:1]
    assert parser.damaged == 1


@pytest.mark.parametrize("boundary", ["", "--", '""'])
def test_there_has_to_be_a_boundary(boundary: str) -> None:
    with pytest.raises(ValueError, match="without a boundary"):
        PictureCutter(boundary)


def test_it_says_how_much_is_missing_so_that_nobody_wakes_for_less() -> None:
    head = b"--edge\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(PICTURES[0])
    parser = PictureCutter("edge")
    before = parser.missing
    assert len(head) < before <= len(head) + len(PICTURES[0])
    parser.push(head)
    assert parser.missing == len(PICTURES[0])
    parser.push(PICTURES[0][:10])
    assert parser.missing == len(PICTURES[0]) - 10
    assert parser.push(PICTURES[0][10:]) == [PICTURES[0]]
    parser.push(b"\r\n")
    assert parser.missing == before - 2


def test_of_a_picture_of_unknown_length_every_byte_may_be_the_last() -> None:
    parser = PictureCutter("edge")
    parser.push(b"--edge\r\n\r\n" + PICTURES[0][:20])
    assert parser.missing == 1
