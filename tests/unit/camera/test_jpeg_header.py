from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.jpeg_header import HeaderWalk
from tests.support.jpegs import jpeg, segment


def walked(data: bytes) -> HeaderWalk:
    walk = HeaderWalk()
    walk.advance(bytearray(data))
    return walk


def test_the_walk_ends_behind_sos_and_knows_the_size() -> None:
    picture = jpeg(height=432, width=768)

    walk = walked(picture)

    assert walk.done
    assert walk.size == (432, 768)
    assert picture[walk.at - 12 : walk.at - 10] == b"\x00\x0c"  # the length of SOS


def test_bytes_may_come_one_by_one() -> None:
    picture = jpeg(thumbnail=jpeg(500, height=120, width=160))
    walk = HeaderWalk()

    for end in range(2, len(picture)):
        walk.advance(bytearray(picture[:end]))

    assert walk == walked(picture)


def test_fill_bytes_before_a_marker_are_stepped_over() -> None:
    picture = jpeg()

    assert walked(picture[:2] + b"\xff\xff" + picture[2:]).done


def test_a_thumbnail_is_stepped_over() -> None:
    assert walked(jpeg(thumbnail=jpeg(500, height=120, width=160))).size == (480, 640)


@pytest.mark.parametrize(
    "header",
    [
        b"\xff\xd8\x00\x00\x00\x00",  # no marker
        b"\xff\xd8\xff\xd9\x00\x00",  # EOI without a picture
        b"\xff\xd8\xff\xd8\xff\xe0",  # SOI twice
        b"\xff\xd8\xff\xe0\x00\x01",  # a length that does not hold itself
        b"\xff\xd8" + segment(0xDA, bytes(10)),  # a scan of a picture without size
        b"\xff\xd8" + segment(0xC0, b"\x08" + bytes(15)),  # 0 x 0 pixels
    ],
)
def test_what_is_no_jpeg_header_is_broken(header: bytes) -> None:
    assert walked(header).broken


@given(st.binary(max_size=300))
def test_any_bytes_end_the_walk_somewhere(noise: bytes) -> None:
    walk = walked(b"\xff\xd8" + noise)

    assert not (walk.done and walk.broken)
