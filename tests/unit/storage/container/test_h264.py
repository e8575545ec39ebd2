"""Annex B to samples."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from agent.imaging.nal import split
from agent.storage.container.h264 import access_unit, avcc

SPS = bytes([0x67, 0x42, 0xC0, 0x1E, 0xD9])
PPS = bytes([0x68, 0xCE, 0x3C])
IDR = bytes([0x65, 0x88, 0x84])
SLICE = bytes([0x41, 0x9A, 0x22])
# a NAL unit has no start code inside and does not end with a zero (H.264 section 7.4.1)
UNITS = st.binary(min_size=1, max_size=30).filter(lambda u: b"\0\0" not in u and u[-1] != 0)


def annex_b(*units: bytes, code: bytes = b"\0\0\0\1") -> bytes:
    return b"".join(code + unit for unit in units)


@given(st.lists(UNITS, max_size=6), st.sampled_from([b"\0\0\1", b"\0\0\0\1"]))
def test_units_are_cut_at_both_kinds_of_start_code(units: list[bytes], code: bytes) -> None:
    assert list(split(annex_b(*units, code=code))) == units


@given(st.binary(max_size=200))
def test_any_bytes_become_a_sample_or_nothing(data: bytes) -> None:
    unit = access_unit(data)
    assert len(unit.sample) <= len(data) * 4


def test_parameter_sets_move_out_of_the_sample() -> None:
    unit = access_unit(annex_b(SPS, PPS, IDR))
    assert unit.sample == struct.pack(">I", 3) + IDR
    assert unit.key
    assert unit.avcc == avcc([SPS], [PPS])


def test_the_configuration_repeats_profile_and_level() -> None:
    record = avcc([SPS], [PPS])
    assert record[:6] == bytes([1, 0x42, 0xC0, 0x1E, 0xFF, 0xE1])
    assert record.endswith(b"\x01\x00\x03" + PPS)


def test_a_picture_without_an_idr_slice_is_no_key() -> None:
    unit = access_unit(annex_b(SLICE))
    assert not unit.key
    assert unit.avcc is None


def test_the_encoders_version_note_is_dropped_and_other_notes_stay() -> None:
    version = b"\x06\x05\x20" + b"u" * 16 + b"x264 - core 164"
    other = b"\x06\x01\x02"
    unit = access_unit(annex_b(version, other, SLICE))
    assert unit.sample == struct.pack(">I", 3) + other + struct.pack(">I", 3) + SLICE
