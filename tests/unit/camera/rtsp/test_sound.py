"""Units of sound out of packets, and their place beside the pictures."""

from __future__ import annotations

import random
import struct

import pytest

from agent.camera.rtsp import sdp
from agent.camera.rtsp.rtp import Packet, Report, sender_report
from agent.camera.rtsp.sound import Aac, NoSound, Whole, aac_format, format_of
from agent.camera.rtsp.sound_clock import SoundClock
from agent.camera.rtsp.sound_receiver import Deafness, SoundReceiver
from agent.camera.rtsp.timeline import Timeline
from tests.support.rtp import rtp

AAC = (
    "streamtype=5; profile-level-id=15; mode=AAC-hbr; config=1408; SizeLength=13; IndexLength=3;"
    " IndexDeltaLength=3"
)


def media(rtpmap: str, fmtp: str = "", payload: int = 97) -> sdp.Media:
    lines = [f"m=audio 0 RTP/AVP {payload}", f"a=rtpmap:{payload} {rtpmap}" if rtpmap else ""]
    lines += [f"a=fmtp:{payload} {fmtp}" if fmtp else "", ""]
    (found,) = sdp.parse("\r\n".join(lines).encode()).media
    return found


@pytest.mark.parametrize(
    ("rtpmap", "fmtp", "payload", "wanted"),
    [
        ("", "", 0, ("pcm_mulaw", 8000, 1, 0)),
        ("", "", 8, ("pcm_alaw", 8000, 1, 0)),
        ("PCMA/16000/1", "", 98, ("pcm_alaw", 16000, 1, 0)),
        ("opus/48000/2", "", 97, ("opus", 48000, 1, 0)),
        ("opus/48000/2", "sprop-stereo=1", 97, ("opus", 48000, 2, 0)),
        ("MPEG4-GENERIC/16000/1", AAC, 97, ("aac", 16000, 1, 1024)),
        ("mpeg4-generic/48000/2", AAC.replace("1408", "1190"), 97, ("aac", 48000, 2, 1024)),
    ],
)
def test_what_cameras_send_is_known(
    rtpmap: str, fmtp: str, payload: int, wanted: tuple[str, int, int, int]
) -> None:
    found = format_of(media(rtpmap, fmtp, payload))
    assert (found.codec, found.rate, found.channels, found.samples) == wanted


@pytest.mark.parametrize(
    ("rtpmap", "fmtp", "payload"),
    [
        ("G726-32/8000", "", 97),
        ("", "", 97),
        ("MPEG4-GENERIC/16000/1", "mode=AAC-hbr", 97),
        ("MPEG4-GENERIC/16000/1", AAC.replace("1408", "14"), 97),
        ("MPEG4-GENERIC/16000/1", AAC.replace("1408", "0c08"), 97),  # SSR
        ("MPEG4-GENERIC/16000/1", AAC.replace("1408", "xyz"), 97),
        ("PCMU/1", "", 97),
    ],
)
def test_what_is_not_recorded_is_refused_by_name(rtpmap: str, fmtp: str, payload: int) -> None:
    with pytest.raises(NoSound):
        format_of(media(rtpmap, fmtp, payload))


def test_high_efficiency_aac_has_units_of_two_windows() -> None:
    config = bytes.fromhex("2b920800")  # SBR of 22050 to 44100, LC inside
    found = aac_format(config, 44100)
    assert (found.rate, found.samples) == (44100, 2048)


def packed(*units: bytes) -> bytes:
    """A packet of RFC 3640."""
    heads = b"".join((len(unit) << 3).to_bytes(2, "big") for unit in units)
    return (16 * len(units)).to_bytes(2, "big") + heads + b"".join(units)


def test_a_packet_of_aac_gives_its_units_each_at_its_time() -> None:
    taken = list(
        Aac(media("MPEG4-GENERIC/16000/1", AAC), 1024).add(Packet(packed(b"one", b"two!"), 5, True))
    )
    assert taken == [(b"one", 0), (b"two!", 1024)]


def test_a_unit_in_fragments_is_put_together_and_a_lost_one_is_left_out() -> None:
    unit = bytes(range(200)) * 4
    head = b"\x00\x10" + (len(unit) << 3).to_bytes(2, "big")
    parts = [Packet(head + unit[at : at + 300], 9, at == 600) for at in (0, 300, 600)]
    aac = Aac(media("MPEG4-GENERIC/16000/1", AAC), 1024)
    assert [it for part in parts for it in aac.add(part)] == [(unit, 0)]
    lost = [parts[0], parts[2]._replace(lost=True)]
    assert [it for part in lost for it in aac.add(part)] == [(b"", 0)]
    assert list(aac.add(Packet(packed(b"next"), 10, True))) == [(b"next", 0)]


def test_whatever_comes_is_borne() -> None:
    chance = random.Random(20261131)
    aac, whole = Aac(media("MPEG4-GENERIC/16000/1", AAC), 1024), Whole()
    for _ in range(3000):
        payload = chance.randbytes(chance.randrange(60))
        packet = Packet(payload, 1, chance.random() < 0.5, chance.random() < 0.1)
        for piece in [*aac.add(packet), *whole.add(packet)]:
            assert len(piece.data) < 10_000


def report(ntp: float, timestamp: int, source: int = 7) -> bytes:
    seconds = int(ntp)
    head = struct.pack(">BBHI", 0x80, 200, 6, source)
    parts = int((ntp - seconds) * 2**32)
    return head + struct.pack(">IIIII", seconds, parts, timestamp, 1, 1)


def test_a_senders_report_is_read() -> None:
    found = sender_report(report(3_900_000_000.25, 4711))
    assert found == Report(3_900_000_000.25, 4711)
    assert sender_report(report(0.0, 4711)) is None  # it has no clock
    assert sender_report(b"\x80\xc9\0\1\0\0\0\7") is None
    assert sender_report(b"\x80\xc8") is None


class Streams:
    """A camera's pictures at 10 a second and its sound at 50 packets a second.

    Args:
        skew: seconds by which the sound comes later than the pictures.
    """

    def __init__(self, skew: float) -> None:
        self.skew = skew
        self.timeline = Timeline(90000)
        self.clock = SoundClock(90000, 8000)
        self.picture_base, self.sound_base = 0xFFFF_0000, 0xFFFF_F000
        self.at = 1000.0  # our clock less the camera's

    def play(self, begin: float, end: float, **jitter: float) -> list[float]:
        """What the clock says of each packet of sound, less what is right."""
        chance = random.Random(5)
        events = [(n / 10, False) for n in range(round(begin * 10), round(end * 10))]
        events += [(n / 50, True) for n in range(round(begin * 50), round(end * 50))]
        found = []
        for at, sound in sorted(events):
            came = at + self.at + chance.uniform(0.0, jitter.get("most", 0.02))
            if sound:
                said = self.clock.sound(self.sound_ts(at), came + self.skew)
                if said is not None:
                    found.append(said - at)
                continue
            timestamp = self.picture_base + round(at * 90000) & 0xFFFF_FFFF
            seconds = self.timeline.seconds(timestamp, came)
            self.clock.picture(timestamp, self.timeline, seconds, came)
        return found

    def sound_ts(self, at: float) -> int:
        return self.sound_base + round(at * 8000) & 0xFFFF_FFFF

    def reported(self, at: float, ntp: float, *, sound: bool) -> None:
        base, rate = (self.sound_base, 8000) if sound else (self.picture_base, 90000)
        timestamp = base + round(at * rate) & 0xFFFF_FFFF
        self.clock.reported(Report(ntp + at, timestamp), sound=sound)


def test_without_reports_arrival_says_what_goes_together_across_wraps() -> None:
    found = Streams(0.0).play(0.0, 30.0)
    assert max(map(abs, found)) < 0.05


def test_reports_say_it_where_the_sound_comes_late() -> None:
    streams = Streams(0.4)
    streams.play(0.0, 1.0)
    streams.reported(1.0, 3.9e9, sound=False)
    streams.reported(1.0, 3.9e9, sound=True)
    assert max(map(abs, streams.play(1.0, 10.0, most=0.2))) < 0.005


def test_a_report_that_cannot_be_is_not_believed() -> None:
    streams = Streams(0.0)
    streams.play(0.0, 1.0)
    streams.reported(1.0, 3.9e9, sound=False)
    streams.reported(1.0, 3.9e9 + 3600, sound=True)
    assert max(map(abs, streams.play(1.0, 10.0))) < 0.05


@pytest.mark.parametrize("which", ["picture_base", "sound_base"])
def test_a_clock_that_is_reset_is_followed(which: str) -> None:
    streams = Streams(0.0)
    streams.play(0.0, 5.0)
    for sound in (False, True):
        streams.reported(5.0, 3.9e9, sound=sound)
    setattr(streams, which, 0x1234)
    assert max(map(abs, streams.play(5.0, 60.0))) < 0.1


def test_the_sound_waits_for_a_picture_within_a_bound() -> None:
    hearing = SoundReceiver(media("", payload=0), 90000, waits=False)
    hearing.add(rtp(b"early", 0, 0, kind=0), 10.0)
    assert hearing.take().units == ()  # there is no picture yet
    timeline = Timeline(90000)
    hearing.picture(0, timeline, timeline.seconds(0, 10.0), 10.0)
    for number in range(1, 3000):
        hearing.add(rtp(bytes(160), number, 160 * number, kind=0), 10.0 + number / 50)
    taken = hearing.take()
    assert taken.size <= 256 * 1024
    assert hearing.damaged == 2999 - len(taken.units)
    assert taken.units[-1].pts - taken.units[-2].pts == pytest.approx(0.02)
    assert hearing.take().units == ()


def test_after_two_sessions_without_a_picture_none_asks_for_the_sound_for_a_while() -> None:
    deafness = Deafness()
    assert [deafness.hears(now) for now in (0.0, 1.0, 2.0)] == [True, True, False]
    deafness.pictured(3.0)
    assert [deafness.hears(now) for now in (4.0, 602.0)] == [False, False]
    deafness.pictured(602.5)
    assert deafness.hears(604.0)
    deafness.pictured(605.0)
    assert [deafness.hears(now) for now in (606.0, 607.0, 608.0)] == [True, True, False]


def test_where_no_picture_comes_without_the_sound_either_it_is_asked_for_again() -> None:
    deafness = Deafness()
    asked = [deafness.hears(float(now)) for now in range(6)]
    assert asked == [True, True, False, True, True, False]
