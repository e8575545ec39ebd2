"""What other programs read in our files: brands, sizes, rates, and times when they copy them."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import av
import pytest

from agent.storage.container.boxes import children, find
from agent.storage.container.moov import FORMER_FTYP, FTYP, parse_codec
from agent.storage.container.sps_rewrite import without_rate
from agent.storage.verify.store import verify_store
from tests.support.recordings import played
from tests.support.stored_events import DAY, NAMES, events, run, shown

DAY_FILE = DAY / "2026-11-22.mp4"


@pytest.fixture
def stored(place: Path) -> list[Path]:
    """A day's file with three events, and a clip."""
    run(place, *events(0, 1, 2))
    return [place / DAY_FILE, place / DAY / "events" / f"081501_{NAMES[0]}.mp4"]


def test_brands_and_sizes_are_such_as_every_reader_takes(stored: list[Path]) -> None:
    for path in stored:
        data = path.read_bytes()
        boxes = [child.kind for child in children(data)]
        assert boxes[0] == b"ftyp"
        assert (data[8:12], data[16:32]) == (b"isom", b"isomiso2avc1mp41")
        at = 0
        while at < len(data):
            size, kind = struct.unpack_from(">I4s", data, at)
            assert size != 1, f"{path.name}: {kind!r} has a size of 64 bits"
            at += size or len(data)
        assert at == len(data) or size == 0  # the last one may reach to the end


def test_the_stream_tells_no_rate_of_its_own(stored: list[Path]) -> None:
    for path in stored:
        data = path.read_bytes()
        moov = find(data, b"moov")
        codec = parse_codec(data[moov.start : moov.end])
        length = int.from_bytes(codec.avcc[6:8], "big")
        sps = codec.avcc[8 : 8 + length]
        assert without_rate(sps) == sps
        with av.open(str(path)) as container:
            assert container.streams.video[0].base_rate != 25


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "ts"])
def test_times_grow_with_each_picture_also_in_a_copy(
    stored: list[Path], tmp_path: Path, ending: str
) -> None:
    for path in stored:
        copy = tmp_path / f"copy.{ending}"
        with av.open(str(path)) as source, av.open(str(copy), "w") as target:
            stream = source.streams.video[0]
            out = target.add_stream_from_template(stream)
            for packet in source.demux(stream):
                if packet.dts is not None:
                    packet.stream = out
                    target.mux(packet)
        with av.open(str(copy)) as container:
            demuxed = container.demux(container.streams.video[0])
            times = [packet.dts for packet in demuxed if packet.dts is not None]
        assert len(times) == len(played(path))
        assert all(a < b for a, b in pairwise(times))


def test_a_day_that_an_earlier_version_began_goes_on(place: Path) -> None:
    """Its first bytes were others, and its way to the table had 64 bits."""
    run(place, *events(0))
    path = place / DAY_FILE
    data = bytearray(path.read_bytes())
    size, kind = struct.unpack_from(">I4s", data, len(FTYP))
    data[: len(FTYP)] = FORMER_FTYP
    struct.pack_into(">I4sQ", data, len(FTYP), 1, kind, size)
    path.write_bytes(data)
    assert verify_store(place / "store").good
    rig = run(place, *events(1))
    assert rig.repaired == []
    assert path.read_bytes()[: len(FTYP)] == FTYP
    assert played(path) == shown(0, 1)
    assert verify_store(place / "store").good
