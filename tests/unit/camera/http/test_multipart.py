from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.http.multipart import MOST_HEADER, PictureCutter
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
        assert (short.found, short.partial) == (long.found, long.partial)


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


@given(st.lists(st.integers(0, 20_000), max_size=20))
def test_a_small_copy_behind_a_picture_in_its_part_is_none(places: list[int]) -> None:
    """As phones write them (CIPA DC-007, Multi-Picture Format)."""
    small = jpegs(2, 200)
    data = b"".join(body([picture + b"".join(small)]) for picture in PICTURES)
    out, parser = cut(data, places)
    assert out == PICTURES
    assert parser.damaged == 0


def test_a_small_copy_behind_a_still_is_none() -> None:
    whole = PICTURES[0] + PICTURES[1]
    assert PictureCutter(length=len(whole)).push(whole) == PICTURES[:1]
    assert PictureCutter().push(whole) == PICTURES[:2]  # a stream without any heads


@pytest.mark.parametrize(
    ("part", "others", "damaged"),
    [
        (b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello\r\n", 1, 0),
        (b"content-type:audio/basic\n\n" + bytes(range(256)) * 4 + b"\n", 1, 0),
        (b"Content-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n\r\n", 1, 0),
        (b"\r\n", 1, 0),
        (b"Content-Type: image/jpeg\r\n\r\nno picture\r\n", 0, 1),
        (b"\r\nno picture\r\n", 0, 1),
        (b"Content-Type: audio/basic\r\n\r\n" + bytes(3 * MOST_HEADER) + b"\r\n", 1, 0),
    ],
)
def test_parts_that_are_meant_to_be_no_pictures_are_not_damaged(
    part: bytes, others: int, damaged: int
) -> None:
    data = body(PICTURES[:1]) + b"--edge\r\n" + part + body(PICTURES[1:2])
    out, parser = cut(data, [])
    assert out == PICTURES[:2]
    assert (parser.others, parser.damaged) == (others, damaged)


def test_lengths_that_lie_cost_no_picture() -> None:
    for said in (b"99999999", b"0", b"-1", b"many", b"17", b"1e3", b"9" * 400):
        head = b"--edge\r\nContent-Length: " + said + b"\r\n\r\n"
        out, parser = cut(b"".join(head + each + b"\r\n" for each in PICTURES), [3, 800, 1500])
        assert (out, parser.damaged) == (PICTURES, 0)


@pytest.mark.parametrize("told", ["", "edge", "--edge", "another"])
@pytest.mark.parametrize("mark", [b"--edge", b"edge", b"----edge", b"--edge--x", b""])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_boundaries_may_be_told_and_written_in_any_way(told: str, mark: bytes, end: str) -> None:
    data = body(PICTURES, length=False, end=end).replace(b"--edge", mark)
    out, parser = cut(data, [700, 1301], told)
    assert (out, parser.damaged) == (PICTURES, 0)


def test_what_is_too_large_is_given_up_and_the_next_part_is_read() -> None:
    parser = PictureCutter("edge", limit=2000)
    huge_head = b"--edge\r\nX: " + b"a" * 2 * MOST_HEADER + b"\r\n"
    endless = b"--edge\r\n\r\n" + PICTURES[0][:-2] + b"a" * 5000
    for bad in (huge_head, endless):
        assert parser.push(b"\r\n" + bad) == []
        assert parser.push(b"\r\n" + body(PICTURES[1:2])) == PICTURES[1:2]
    assert parser.damaged == 2


def test_a_part_that_is_no_jpeg_is_counted() -> None:
    out, parser = cut(body([b"hello", PICTURES[0]]), [])
    assert out == PICTURES[:1]
    assert parser.damaged == 1


def test_an_end_that_the_camera_never_sends_is_added_and_the_last_picture_needs_the_end() -> None:
    without = [picture[:-2] for picture in PICTURES]
    for data in (body(without), body(without, length=False, end="\n"), b"".join(without)):
        out, parser = cut(data, [900, 1700])
        assert out == PICTURES[:-1]
        assert parser.finish() == PICTURES[-1:]
        assert parser.damaged == 0


def test_a_torn_picture_of_a_camera_that_sends_ends_is_counted() -> None:
    torn = [PICTURES[0], PICTURES[1][:300], PICTURES[2][:-2], PICTURES[3]]
    for data in (body(torn), b"".join(torn)):
        out, parser = cut(data, [500])
        assert out == [PICTURES[0], PICTURES[3]]
        assert parser.damaged == 2


def test_less_than_was_announced_is_torn() -> None:
    parser = PictureCutter("edge")
    parser.push(body(PICTURES[:1])[:-200])
    assert parser.finish(cut=True) == []
    assert parser.damaged == 1


def test_a_header_that_is_none_costs_its_own_picture_only() -> None:
    broken = b"\xff\xd8\xff\xe0\x00\x01" + PICTURES[0][6:]
    out, parser = cut(body([PICTURES[0], broken, PICTURES[1]]), [])
    assert out == PICTURES[:2]
    assert parser.damaged == 1


def test_headers_without_end_take_little_time() -> None:
    parser = PictureCutter("edge")
    assert parser.push(b"\xff\xd8\xff\xd8" * 100_000) == []
    assert parser.damaged < 100
    assert parser.push(body(PICTURES)) == PICTURES


def test_it_says_why_there_is_no_picture() -> None:
    parser = PictureCutter("edge")
    parser.push(b"hello")
    assert "neither a boundary nor the begin" in parser.why
    parser.push(b"\r\n--edge\r\nContent-Length: 5000\r\n\r\n" + PICTURES[0][:400])
    assert parser.why == (
        "one has begun, 400 bytes came of 5000, as its part's head says, and no end mark"
    )


def test_it_says_how_much_is_missing_so_that_nobody_wakes_for_less() -> None:
    head = b"--edge\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(PICTURES[0])
    parser = PictureCutter("edge")
    parser.push(head + PICTURES[0])
    before = parser.missing
    assert len(head) < before <= len(head) + len(PICTURES[0])
    parser.push(head)
    assert 1 <= parser.missing < len(PICTURES[0])
    parser.push(PICTURES[0][:10])
    assert parser.missing == len(PICTURES[0]) - 10
    assert parser.push(PICTURES[0][10:]) == [PICTURES[0]]
    parser.push(b"\r\n")
    assert parser.missing == before - 2


def test_a_length_that_was_wrong_once_is_not_waited_for() -> None:
    head = b"--edge\r\nContent-Length: 400000\r\n\r\n"
    parser = PictureCutter("edge")
    parser.push(head + PICTURES[0] + b"\r\n" + head + PICTURES[1][:50])
    assert parser.missing == 1


def test_of_a_picture_of_unknown_length_every_byte_may_be_the_last() -> None:
    parser = PictureCutter("edge")
    parser.push(b"--edge\r\n\r\n" + PICTURES[0][:20])
    assert parser.missing == 1
