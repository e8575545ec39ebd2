from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy

import av
import pytest

from agent.camera.decoding import Decoding
from agent.camera.rtsp.depacketizer import H264, H265, Coded, Depacketizer, Mpeg4
from agent.camera.rtsp.rtp import Packet
from agent.imaging import nal
from tests.support.rtp import in_packets, pictures, units

MOST = 1 << 20


def got(depacketizer: Depacketizer, packets: Iterable[Packet]) -> list[Coded]:
    """The pictures; the quick way and the one of each packet for itself lead to the same."""
    packets, other = list(packets), deepcopy(depacketizer)
    found = [picture for packet in packets for picture in depacketizer.add(packet)]
    assert other.add_all(packets) == found
    return found


def annex_b(nals: list[bytes]) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def scene(*, h265: bool = False, slices: int = 1) -> list[list[bytes]]:
    if h265:
        return pictures("libx265", 6, {"x265-params": "log-level=none:keyint=3"})
    return pictures(count=6, options={"g": "3", "x264-params": f"slices={slices}"})


@pytest.mark.parametrize("h265", [False, True])
@pytest.mark.parametrize("most", [20, 100, 5000])
def test_pictures_are_what_was_coded_however_they_are_cut(h265: bool, most: int) -> None:  # noqa: FBT001
    coded = scene(h265=h265)
    packets = [
        packet
        for number, nals in enumerate(coded)
        for packet in in_packets(nals, 9000 * number, most, h265=h265)
    ]
    found = got(H265([], MOST) if h265 else H264([], MOST), packets)
    assert [it.data for it in found] == [annex_b(nals) for nals in coded]
    assert [it.key for it in found] == [True, False, False, True, False, False]


def test_units_that_share_a_packet_are_parted() -> None:
    nals = scene()[0]
    whole = b"\x18" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)
    assert [it.data for it in got(H264([], MOST), [Packet(whole, 0, marker=True)])] == [
        annex_b(nals)
    ]


def test_a_picture_without_a_marker_ends_with_the_next_timestamp() -> None:
    coded = scene()
    packets = [
        packet
        for number, nals in enumerate(coded)
        for packet in in_packets(nals, number, marks=False)
    ]
    assert [it.data for it in got(H264([], MOST), packets)] == [annex_b(it) for it in coded[:-1]]


def test_a_camera_that_marks_each_part_of_a_picture_costs_its_first_one_only() -> None:
    coded = scene(slices=3)
    packets = [
        packet._replace(marker=True)
        for number, nals in enumerate(coded)
        for packet in in_packets(nals, number, 5000)
    ]
    found = [it.data for it in got(H264([], MOST), packets)]
    assert found[-4:] == [annex_b(it) for it in coded[1:-1]]


@pytest.mark.parametrize("h265", [False, True])
def test_a_camera_that_marks_each_fragment_costs_none(h265: bool) -> None:  # noqa: FBT001
    coded = scene(h265=h265)
    packets = [
        packet._replace(marker=True)
        for number, nals in enumerate(coded)
        for packet in in_packets(nals[-1:], number, 20, h265=h265)
    ]
    found = [it.data for it in got(H265([], MOST) if h265 else H264([], MOST), packets)]
    assert found == [annex_b(it[-1:]) for it in coded[:-1]]


@pytest.mark.parametrize("h265", [False, True])
def test_a_camera_that_gives_each_fragment_its_own_time_costs_none(h265: bool) -> None:  # noqa: FBT001
    coded = scene(h265=h265)
    packets = [
        packet._replace(timestamp=9000 * number + part)
        for number, nals in enumerate(coded)
        for part, packet in enumerate(in_packets(nals[-1:], 0, 20, h265=h265))
    ]
    found = got(H265([], MOST) if h265 else H264([], MOST), packets)
    assert [(it.data, it.timestamp) for it in found] == [
        (annex_b(nals[-1:]), 9000 * number) for number, nals in enumerate(coded)
    ]


@pytest.mark.parametrize("where", ["description", "before"])
def test_a_key_picture_has_the_parameter_sets_that_were_said_once(where: str) -> None:
    first, later = scene()[0], scene()[3]
    sets = [nal for nal in first if nal[0] & 31 in {7, 8}]
    bare = [nal for nal in later if nal[0] & 31 == 5]
    pictures = H264(sets if where == "description" else [], MOST)
    if where == "before":
        got(pictures, in_packets(first, 0))
    (found,) = got(pictures, in_packets(bare, 9000))
    assert found.data == annex_b([*sets, *bare])
    assert found.sets == annex_b(sets)


def glued(nals: list[bytes]) -> list[bytes]:
    """All units in one, as some cameras send them."""
    return [b"\0\0\0\1".join(nals)]


def with_codes(nals: list[bytes]) -> list[bytes]:
    """A start code before each unit, and zeros behind it."""
    return [b"\0\0\0\1" + nal + bytes(3) for nal in nals]


@pytest.mark.parametrize("h265", [False, True])
@pytest.mark.parametrize("change", [glued, with_codes])
@pytest.mark.parametrize("most", [60, 5000])
def test_units_that_came_as_one_are_parted(
    h265: bool,  # noqa: FBT001
    change: Callable[[list[bytes]], list[bytes]],
    most: int,
) -> None:
    coded = scene(h265=h265)
    packets = [
        packet
        for number, nals in enumerate(coded)
        for packet in in_packets(change(nals), number, most, h265=h265)
    ]
    found = got(H265([], MOST) if h265 else H264([], MOST), packets)
    assert [it.key for it in found] == [True, False, False, True, False, False]
    for picture, nals in zip(found, coded, strict=True):
        assert list(units(picture.data)) == nals


def test_sets_of_the_description_that_came_as_one_are_parted() -> None:
    nals = scene()[0]
    sets = [nal for nal in nals if nal[0] & 31 in {7, 8}]
    bare = [nal for nal in nals if nal[0] & 31 == 5]
    (found,) = got(H264(glued(sets), MOST), in_packets(bare, 0))
    assert found.sets == annex_b(sets)


def open_groups(*, slices: int = 1) -> list[list[bytes]]:
    """Pictures of which each third needs no other and none but the first is an IDR picture."""
    options = f"open-gop=1:keyint=3:scenecut=0:bframes=1:b-adapt=0:slices={slices}:threads=1"
    coded = pictures(count=12, options={"x264-params": options}, size=(64, 64))
    assert [any(nal[0] & 31 == 5 for nal in nals) for nals in coded] == [True, *[False] * 11]
    return coded


@pytest.mark.parametrize("slices", [1, 2])
def test_a_camera_that_never_says_where_to_begin_is_shown_all_the_same(slices: int) -> None:
    bare = [[nal for nal in nals if nal[0] & 31 == 1] for nals in open_groups(slices=slices)[1:]]
    sets = [nal for nal in open_groups()[0] if nal[0] & 31 in {7, 8}]
    packets = [it for number, nals in enumerate(bare) for it in in_packets(nals, number, 5000)]
    found = got(H264(sets, MOST), packets)
    assert [number for number, it in enumerate(found) if it.key] == [5, 8]
    decoding = Decoding("camera", "h264", coded=False)
    shown = [picture for it in found for picture in decoding.take(it, 1.0)]
    assert shown
    assert not decoding.damaged


def test_between_key_pictures_one_without_prediction_is_none() -> None:
    coded = open_groups()
    slices = [[nal for nal in nals if nal[0] & 31 == 1] for nals in coded]
    stream = [coded[0], *slices[1:6], coded[0], *slices[1:6]]
    packets = [it for number, nals in enumerate(stream) for it in in_packets(nals, number, 5000)]
    assert [n for n, it in enumerate(got(H264([], MOST), packets)) if it.key] == [0, 6]


@pytest.mark.parametrize(
    "before", [b"", b"\x05\x12" + bytes(range(1, 19)), b"\x05\xff\x01" + b"a" * 256]
)
def test_a_recovery_point_may_stand_behind_other_messages(before: bytes) -> None:
    unit = nal.RECOVERY_POINT
    assert nal.recovers(unit[:1] + before + unit[1:]) == (len(before) < 256)
    assert not nal.recovers(unit[:1] + before + b"\x01" + unit[2:])


def test_parameter_sets_that_come_alone_wait_for_their_picture() -> None:
    nals = scene()[0]
    packets = [Packet(nal, n, marker=True) for n, nal in enumerate(nals)]
    found = got(H264([], MOST), packets)
    assert [it.key for it in found] == [True]
    assert av.CodecContext.create("h264", "r").decode(av.Packet(found[0].data)) is not None


def test_new_parameter_sets_take_the_place_of_the_old_ones() -> None:
    depacketizer = H264([b"\x67old", b"\x68old"], MOST)
    nals = scene()[0]
    (found,) = got(depacketizer, in_packets(nals, 0))
    assert b"old" not in found.sets
    assert b"old" not in found.data


@pytest.mark.parametrize("missing", range(1, 8))
def test_a_picture_with_a_hole_is_broken_and_the_next_one_whole(missing: int) -> None:
    coded = pictures(count=2, options={"g": "1"})
    packets = in_packets(coded[0], 0, 30)
    assert len(packets) > 8
    packets = [
        *packets[:missing],
        packets[missing + 1]._replace(lost=True),
        *packets[missing + 2 :],
    ]
    found = got(H264([], MOST), [*packets, *in_packets(coded[1], 1)])
    assert found[0].data == b""
    assert found[-1].data == annex_b(coded[1])


@pytest.mark.parametrize("marks", [True, False])
def test_a_picture_whose_last_part_is_lost_is_not_shown_as_a_whole_one(marks: bool) -> None:  # noqa: FBT001
    one, other = (in_packets(it, n, 5000, marks=marks) for n, it in enumerate(scene(slices=2)[:2]))
    found = got(H264([], MOST), [*one[:-1], other[0]._replace(lost=True), *other[1:]])
    assert [it.data for it in found] == [b"", b""][: 1 + marks]


def test_a_picture_without_end_is_given_up_and_costs_no_memory() -> None:
    depacketizer = H264([], 1000)
    endless = [Packet(b"\x7c\x85" + bytes(400), 0, marker=False)]
    endless += [Packet(b"\x7c\x05" + bytes(400), 0, marker=False)] * 50
    whole = scene()[0]
    found = got(depacketizer, [*endless, *in_packets(whole, 1)])
    assert [it.data for it in found] == [b"", annex_b(whole)]


def test_mpeg4_is_put_together_and_a_key_picture_has_its_configuration() -> None:
    key, other = b"\0\0\1\xb6\x10key", b"\0\0\1\xb6\x50other"
    depacketizer = Mpeg4(b"CONFIG", MOST)
    packets = [
        Packet(key[:5], 0, marker=False),
        Packet(key[5:], 0, marker=True),
        Packet(other, 1, marker=True),
        Packet(other, 2, marker=True, lost=True),
    ]
    found = got(depacketizer, packets)
    assert [(it.data, it.key) for it in found] == [
        (b"CONFIG" + key, True),
        (other, False),
        (b"", False),
    ]


# ------------------------------------------------------------------ decoded


def coded(nals: list[bytes], *, key: bool) -> Coded:
    return Coded(annex_b(nals), 0, key)


def test_nothing_is_shown_before_a_key_picture_nor_behind_a_lost_one() -> None:
    stream = scene()
    decoding = Decoding("camera", "h264", coded=False)
    shown = []
    for number in (1, 2, 3, 4, 5, 0, 1):
        shown.append(len(decoding.take(coded(stream[number], key=number % 3 == 0), 1.0)))
        if number == 4:
            decoding.lost()
    assert shown == [0, 0, 1, 1, 0, 1, 1]
    assert decoding.damaged == 0


def test_a_damaged_picture_is_recorded_since_others_need_it_and_not_judged() -> None:
    stream = scene()
    stream[4] = [b"\x41" + b"\xff" * 40]
    decoding = Decoding("camera", "h264", coded=False)
    shown = [decoding.take(coded(nals, key=n % 3 == 0), n) for n, nals in enumerate(stream)]
    assert [len(it) for it in shown] == [1] * len(stream)
    assert [it.decoded is not None for (it,) in shown][:4] == [True] * 4
    assert shown[4][0].decoded is None
    assert shown[4][0].video is not None
    assert decoding.damaged >= 1


def test_with_b_pictures_what_is_shown_is_in_order_and_none_is_lost() -> None:
    stream = pictures(count=12, options={"g": "12", "bf": "2", "tune": "animation"})
    decoding = Decoding("camera", "h264", coded=False)
    shown = [
        picture
        for number, nals in enumerate(stream)
        for picture in decoding.take(coded(nals, key=number == 0), float(number))
    ]
    assert len(shown) >= len(stream) - 3  # the rest waits for those behind it
    brightest = [int(it.decoded.luma(1)[10].argmax()) for it in shown[2:] if it.decoded is not None]
    assert brightest == sorted(brightest)
    assert [it.at for it in shown] == [float(n) for n in range(len(shown))]


def test_a_recording_stream_is_not_decoded() -> None:
    (picture,) = Decoding("camera", "h264", coded=True).take(coded(scene()[0], key=True), 1.0, 2.5)
    assert picture.decoded is None
    assert picture.video is not None
    assert (picture.video.key, picture.video.pts) == (True, 2.5)
