"""Sample tables and the moov around them."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.storage.container.boxes import BadBox, box, find
from agent.storage.container.h264 import Codec
from agent.storage.container.moov import CHAPTERS, Chapter, Sample, SampleTable, moov, parse_codec

CODEC = Codec(b"\x01\x42\xc0\x1e\xff\xe1avcc", 640, 480)
SAMPLES = st.builds(Sample, st.integers(1, 1 << 20), st.integers(1, 5000), st.booleans())
CHUNKS = st.lists(
    st.tuples(st.integers(0, 1 << 40), st.lists(SAMPLES, min_size=1, max_size=6)), max_size=8
)


def table_of(chunks: list[tuple[int, list[Sample]]]) -> SampleTable:
    table = SampleTable()
    for offset, samples in chunks:
        table.add(offset, samples)
    return table


def body(boxes: tuple[bytes, ...], kind: bytes) -> bytes:
    data = b"".join(boxes)
    found = find(data, kind)
    return data[found.body + 4 : found.end]


@given(CHUNKS)
def test_a_table_read_back_is_the_same_and_can_go_on(
    chunks: list[tuple[int, list[Sample]]],
) -> None:
    table = table_of(chunks)
    again = SampleTable.parse(moov(CODEC, table, 0))
    for each in (table, again):
        each.add(77, [Sample(5, 40, False)] * 2)
    assert again.boxes() == table.boxes()
    assert again.samples == table.samples


@given(CHUNKS)
def test_the_tables_say_what_was_added(chunks: list[tuple[int, list[Sample]]]) -> None:
    boxes = table_of(chunks).boxes()
    samples = [sample for _, chunk in chunks for sample in chunk]
    runs = list(struct.iter_unpack(">II", body(boxes, b"stts")[4:]))
    assert [ms for count, ms in runs for _ in range(count)] == [s.ms for s in samples]
    assert [z for (z,) in struct.iter_unpack(">I", body(boxes, b"stsz")[8:])] == [
        s.size for s in samples
    ]
    assert [k for (k,) in struct.iter_unpack(">I", body(boxes, b"stss")[4:])] == [
        number for number, s in enumerate(samples, 1) if s.key
    ]
    assert [o for (o,) in struct.iter_unpack(">Q", body(boxes, b"co64")[4:])] == [
        offset for offset, _ in chunks
    ]


def test_equal_neighbours_share_an_entry() -> None:
    table = SampleTable()
    for offset in (0, 100, 200):
        table.add(offset, [Sample(9, 40, False)] * 3)
    boxes = table.boxes()
    assert body(boxes, b"stts") == struct.pack(">III", 1, 9, 40)
    assert body(boxes, b"stsc") == struct.pack(">IIII", 1, 1, 3, 1)


def test_moving_changes_the_offsets_only() -> None:
    table = table_of([(10, [Sample(9, 40, True)]), (5_000_000_000, [Sample(9, 40, False)])])
    moved = table.moved(7)
    assert body(moved.boxes(), b"co64")[4:] == struct.pack(">QQ", 17, 5_000_000_007)
    assert body(moved.boxes(), b"stsz") == body(table.boxes(), b"stsz")
    assert body(table.boxes(), b"co64")[4:] == struct.pack(">QQ", 10, 5_000_000_000)


def test_the_codec_is_read_back() -> None:
    assert parse_codec(moov(CODEC, SampleTable(), 0)) == CODEC


def test_a_moov_without_our_tables_is_refused() -> None:
    with pytest.raises(BadBox):
        SampleTable.parse(box(b"moov", box(b"trak")))


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (255, 255), (256, 128), (1000, 250)])
def test_more_chapters_than_fit_are_thinned_evenly(count: int, kept: int) -> None:
    chapters = [Chapter(second * 1000, f"{second}") for second in range(count)]
    data = moov(CODEC, SampleTable(), 0, chapters)
    found = find(data, b"moov", b"udta", b"chpl")
    assert data[found.body + 8] == kept <= CHAPTERS


def test_a_long_days_table_is_copied_twice_at_most() -> None:
    table = SampleTable()
    for number in range(2000):
        table.add(number, [Sample(5000, 60 + n, n == 0) for n in range(15)])  # no two alike
    tracemalloc.start()
    try:
        data = moov(CODEC, table, 0)
        assert tracemalloc.get_traced_memory()[1] < 2.1 * len(data)
    finally:
        tracemalloc.stop()
    assert len(data) < 13 * table.samples
