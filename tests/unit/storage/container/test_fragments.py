"""Fragments: built, found again, and never believed when damaged."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from agent.storage.container.fragments import (
    About,
    SlotPair,
    StoredFragment,
    build,
    data_offset,
    walk,
)
from agent.storage.container.h264 import Codec
from agent.storage.container.moov import Sample

SAMPLES = st.lists(
    st.builds(
        Sample,
        st.integers(1, 60),
        st.integers(1, 5000),
        st.booleans(),
        st.just(0) | st.integers(-5000, 5000),
    ),
    min_size=1,
    max_size=6,
)


def fragment(number: int = 1, samples: tuple[Sample, ...] = (Sample(50, 40, True),)) -> bytes:
    data = bytes(number % 251 for sample in samples for _ in range(sample.size))
    about = About(f"E{number}", number, "2026-11-22T08:15:01+01:00", 5, Codec(b"avcc", 64, 48))
    return build(number, 1000, samples, data, about)


def found_in(data: bytes, *, resync: bool = False) -> list[StoredFragment | SlotPair]:
    return list(walk(lambda size, at: data[at : at + size], 0, len(data), resync=resync))


@given(st.integers(1, 1 << 31), SAMPLES)
def test_a_fragment_read_back_says_the_same(number: int, samples: list[Sample]) -> None:
    data = fragment(number, tuple(samples))
    (found,) = found_in(data)
    assert isinstance(found, StoredFragment)
    assert (found.at, found.end, found.data_at) == (0, len(data), data_offset(data))
    assert found.number == number
    assert found.samples == tuple(samples)
    assert found.about.event == f"E{number}"
    assert found.about.codec == Codec(b"avcc", 64, 48)


@given(st.data())
def test_a_single_wrong_byte_is_noticed(data: st.DataObject) -> None:
    whole = bytearray(fragment())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    found = found_in(bytes(whole))
    covered = len(whole) - 200  # damage in the note's own text may go unnoticed
    assert found == [] or at >= covered


@given(st.binary(max_size=300))
def test_any_bytes_are_walked_over_without_an_error(data: bytes) -> None:
    found_in(data, resync=True)
    found_in(fragment()[:-40] + data, resync=True)


def test_the_walk_stops_at_a_torn_end() -> None:
    data = fragment(1) + fragment(2) + fragment(3)[:-1]
    assert [item.end for item in found_in(data)] == [len(fragment(1)), len(fragment(1) * 2)]


def test_slots_between_fragments_are_stepped_over() -> None:
    slots = struct.pack(">I4s", 8 + 2000, b"free") + bytes(2000)
    data = fragment(1) + slots + fragment(2)
    kinds = [type(item) for item in found_in(data)]
    assert kinds == [StoredFragment, SlotPair, StoredFragment]


def test_the_next_whole_fragment_behind_damage_is_found_when_asked_for() -> None:
    data = fragment(1) + b"moof? no" + bytes(2_000_000) + fragment(2)
    numbers = [f.number for f in found_in(data, resync=True) if isinstance(f, StoredFragment)]
    assert numbers == [1, 2]
    assert len(found_in(data)) == 1
