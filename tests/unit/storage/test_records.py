"""Records: bytes and back, and nothing else is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.naming import FileKind
from agent.storage.moov import Sample
from agent.storage.records import (
    BadRecord,
    EventClosed,
    EventFile,
    EventOpened,
    Fragment,
    MonitoringPicture,
    Record,
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
