from __future__ import annotations

import json
from datetime import UTC, datetime

from agent.camera.hk import packets
from agent.camera.hk.trace import ENTRIES, KEPT, Trace

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def lines(trace: Trace, now: float = 100.0) -> list[dict[str, object]]:
    return [json.loads(line) for line in trace.lines(now, NOON).splitlines()]


def test_each_packet_is_named_with_its_fields_and_its_time_of_day() -> None:
    trace = Trace()
    trace.sent(packets.HELLO, 90.0)
    trace.heard(packets.status(0x92, 6), 90.5)
    trace.note("no answer", 92.5)

    hello, ready, note = lines(trace)

    assert (hello["sent"], hello["ts"]) == ("hello", "2026-11-23T11:59:50.000+00:00")
    assert hello["MacIP"] == "BC-AE-C5-7C-77-7B+16467"
    assert hello["hex"] == packets.HELLO.hex()
    assert (ready["heard"], ready["tag"]) == ("status 82 answered", "0x06")
    assert note == {"ts": "2026-11-23T11:59:52.500+00:00", "note": "no answer"}


def test_acknowledgements_in_a_row_are_one_entry_with_the_last_of_them() -> None:
    trace = Trace()
    for number in range(5):
        trace.acknowledged(packets.ack(str(number)), 50.0 + number)
    trace.heard(packets.status(0x92, 0), 56.0)
    trace.acknowledged(packets.ack("9"), 57.0)

    first, _, second = lines(trace)

    assert (first["times"], first["SEQ"]) == (5, "4")
    assert first["ts"] == "2026-11-23T11:59:10.000+00:00"
    assert first["until"] == "2026-11-23T11:59:14.000+00:00"
    assert "times" not in second


def test_the_oldest_entries_are_forgotten_and_counted() -> None:
    trace = Trace()
    for number in range(ENTRIES + 30):
        trace.note(str(number), float(number))

    told = lines(trace, 1000.0)

    assert len(trace) == ENTRIES
    assert told[0] == {"note": "30 earlier entries are forgotten"}
    assert told[1]["note"] == "30"


def test_a_flood_of_long_packets_stays_small() -> None:
    trace = Trace()
    for _ in range(ENTRIES * 2):
        trace.heard(bytes(2048), 1.0)

    assert len(trace.lines(1.0, NOON)) < ENTRIES * (KEPT * 2 + 400)


def test_a_password_of_the_camera_is_not_kept() -> None:
    trace = Trace()
    text = b"MainCmd=Presence;Psw=hunter22;"
    trace.heard(packets.encode(packets.Packet(packets.KIND_DISCOVERY, code=0, text=text)), 90.0)
    kept = trace.lines(100.0, NOON)
    assert b"hunter22" not in kept
    assert b"hunter22".hex().encode() not in kept
    assert b"names a password" in kept
