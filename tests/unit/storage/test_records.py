"""Records: bytes and back, and nothing else is believed."""

from __future__ import annotations

import json
import struct
import zlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.store_names import FileKind
from agent.storage.container.moov import Sample
from agent.storage.records import (
    BadRecord,
    EventClosed,
    EventFile,
    EventOpened,
    Fragment,
    MonitoringPicture,
    Record,
    SessionPackets,
    decode,
    encode,
)

STARTED = datetime(2026, 10, 25, 2, 30, 0, 250_000, timezone(timedelta(hours=2)))
EVENT = "01JD9Z3V5X8Q2M4N6P7R9S0T1W"
FRAGMENT = Fragment(
    camera="front",
    event=EVENT,
    started=STARTED,
    k=3,
    first_ms=1_761_000_000_000,
    samples=(Sample(3, 40, True), Sample(2, 60, False)),
    avcc="0142",
    width=640,
    height=480,
    body=b"abcde",
)
RECORDS: list[Record] = [
    EventOpened(camera="front", event=EVENT, started=STARTED, explanation={"score": 1.5}),
    FRAGMENT,
    EventFile(camera="front", event=EVENT, started=STARTED, kind=FileKind.DELTA, body=b"\x89PNG"),
    EventClosed(
        camera="front",
        event=EVENT,
        started=STARTED,
        reason="cleared",
        ended=STARTED.astimezone(UTC) + timedelta(seconds=4),
        duration=4.0,
        frames=12,
    ),
    MonitoringPicture(camera="front_door_2", started=STARTED, body=b"\xff\xd8\xff\xd9"),
    SessionPackets(camera="front_door_2", started=STARTED, body=b"{}\n"),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.word)
def test_a_record_read_back_is_the_same(record: Record) -> None:
    again = decode(encode(record))
    assert again == record
    assert again.started.utcoffset() == record.started.utcoffset()


@given(st.data())
def test_a_single_wrong_byte_is_noticed(data: st.DataObject) -> None:
    raw = bytearray(encode(FRAGMENT))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadRecord):
        decode(bytes(raw))


@given(st.integers(0, len(encode(FRAGMENT)) - 1))
def test_a_record_cut_off_is_noticed(length: int) -> None:
    with pytest.raises(BadRecord):
        decode(encode(FRAGMENT)[:length])


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_as_a_bad_record(data: bytes) -> None:
    with pytest.raises(BadRecord):
        decode(data)


@pytest.mark.parametrize(
    ("camera", "event"),
    [("../etc", EVENT), ("front", "../../x"), ("front", ""), ("Front", EVENT), ("front", "a/b")],
)
def test_names_that_would_lead_elsewhere_are_refused(camera: str, event: str) -> None:
    with pytest.raises(BadRecord):
        decode(encode(EventOpened(camera=camera, event=event, started=STARTED)))


def test_a_start_without_an_offset_is_refused() -> None:
    naive = STARTED.replace(tzinfo=None)
    with pytest.raises(BadRecord):
        decode(encode(EventOpened(camera="front", event=EVENT, started=naive)))


def test_samples_have_to_add_up_to_the_body() -> None:
    wrong = Fragment(
        camera="front",
        event=EVENT,
        started=STARTED,
        k=0,
        first_ms=0,
        samples=(Sample(4, 40, True),),
        avcc="",
        width=2,
        height=2,
        body=b"abc",
    )
    with pytest.raises(BadRecord, match="add up"):
        decode(encode(wrong))


def raw(about: object, body: bytes = b"abcde") -> bytes:
    """Whatever JSON, with a checksum that is right."""
    text = json.dumps(about).encode()
    rest = struct.pack(">I", len(text)) + text + body
    return b"SAR1" + struct.pack(">I", zlib.crc32(rest)) + rest


def fragment(**changes: object) -> bytes:
    about = {
        "record": "fragment",
        "camera": "front",
        "event": EVENT,
        "started": STARTED.isoformat(),
        "k": 3,
        "first_ms": 1_761_000_000_000,
        "samples": [[3, 40, True], [2, 60, False]],
        "avcc": "0142",
        "width": 640,
        "height": 480,
    }
    return raw({**about, **changes})


def test_a_record_made_by_hand_is_one() -> None:
    assert decode(fragment()) == FRAGMENT


@pytest.mark.parametrize(
    "changes",
    [
        {"started": None},
        {"started": 5},
        {"started": "0001-01-01T00:00:00+14:00"},
        {"camera": 5},
        {"event": None},
        {"k": "3"},
        {"k": -1},
        {"k": 1 << 32},
        {"first_ms": 1 << 60},
        {"width": 1 << 16},
        {"samples": [["3", 40, True], [2, 60, False]]},
        {"samples": [[3, -40, True], [2, 60, False]]},
        {"samples": [[6, 40, True], [-1, 60, False]]},
        {"samples": 7},
        {"avcc": "xy"},
        {"avcc": 7},
    ],
)
def test_a_checksum_that_is_right_does_not_make_a_record(changes: dict[str, object]) -> None:
    with pytest.raises(BadRecord):
        decode(fragment(**changes))


@pytest.mark.parametrize("about", [[], "x", 5, None, {"record": ["x"]}, {"record": "file"}])
def test_json_that_is_no_record_is_refused(about: object) -> None:
    with pytest.raises(BadRecord):
        decode(raw(about))


def test_json_as_deep_as_it_is_long_is_refused() -> None:
    text = b"[" * 100_000
    rest = struct.pack(">I", len(text)) + text
    with pytest.raises(BadRecord):
        decode(b"SAR1" + struct.pack(">I", zlib.crc32(rest)) + rest)
