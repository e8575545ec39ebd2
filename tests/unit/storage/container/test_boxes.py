"""Boxes: what is written is found again, and no bytes at all do harm."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.storage.container.boxes import BadBox, box, children, find, full_box, read_box

KINDS = st.binary(min_size=4, max_size=4)


@given(st.lists(st.tuples(KINDS, st.binary(max_size=40)), max_size=8))
def test_boxes_side_by_side_are_found_again(content: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(box(kind, body) for kind, body in content)
    found = [(child.kind, data[child.body : child.end]) for child in children(data)]
    assert found == content


@given(st.binary(max_size=200))
def test_any_bytes_are_walked_over_without_an_error(data: bytes) -> None:
    assert sum(child.end - child.start for child in children(data)) <= len(data)


def test_a_path_leads_into_nested_boxes() -> None:
    data = box(b"free") + box(b"moov", box(b"trak", box(b"tkhd", b"x")), box(b"udta"))
    found = find(data, b"moov", b"trak", b"tkhd")
    assert data[found.body : found.end] == b"x"


def test_a_missing_box_is_said_with_its_path() -> None:
    with pytest.raises(BadBox, match="mdia"):
        find(box(b"moov", box(b"trak")), b"moov", b"trak", b"mdia")


def test_a_full_box_has_version_and_flags() -> None:
    assert full_box(b"tfhd", 1, 0x020000, b"z") == b"\0\0\0\x0dtfhd\x01\x02\0\0z"


def test_a_64_bit_size_is_read() -> None:
    data = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234"
    found = read_box(lambda size, at: data[at : at + size], 0, len(data))
    assert found is not None
    assert data[found.body : found.end] == b"1234"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x08fre",
        struct.pack(">I4s", 7, b"free"),
        struct.pack(">I4s", 0, b"mdat"),
        struct.pack(">I4s", 9, b"free"),
        struct.pack(">I4s", 1, b"mdat"),
        struct.pack(">I4sQ", 1, b"mdat", 15),
        struct.pack(">I4sQ", 1, b"mdat", 1 << 62),
    ],
)
def test_a_box_that_is_not_whole_is_none(data: bytes) -> None:
    assert read_box(lambda size, at: data[at : at + size], 0, len(data)) is None
