from __future__ import annotations

import itertools

import pytest

from agent.camera.rtsp.rtp import Order, receiver_report, says_goodbye
from tests.support.rtp import rtp


def sent(numbers: list[int], *, waits: bool) -> list[tuple[int, bool]]:
    """(sequence number, whether something is missing before it) of the packets in their order.

    The quick way and the one of each packet for itself lead to the same.
    """
    order = Order(96, waits=waits)
    came = [rtp(number.to_bytes(4, "big"), number, 0) for number in numbers]
    found = [packet for data in came for packet in order.add(data)]
    assert Order(96, waits=waits).add_all(came) == found
    return [(int.from_bytes(packet.payload, "big"), packet.lost) for packet in found]


def test_packets_in_order_are_handed_on_over_the_end_of_the_numbers() -> None:
    numbers = list(range(65530, 65545))
    assert sent(numbers, waits=False) == [(it, False) for it in numbers]


def test_a_hole_is_told_at_once_where_packets_cannot_overtake() -> None:
    assert sent([5, 6, 9, 10], waits=False) == [(5, False), (6, False), (9, True), (10, False)]


def test_packets_that_overtake_each_other_are_put_in_order() -> None:
    for numbers in itertools.permutations(range(1, 6)):
        assert sent([0, *numbers], waits=True) == [(it, False) for it in range(6)]


def test_a_packet_that_never_comes_is_waited_for_a_while_and_then_told() -> None:
    got = sent([0, *range(2, 60)], waits=True)
    assert [number for number, _ in got] == [0, *range(2, 60)]
    assert [number for number, lost in got if lost] == [2]


def test_a_packet_that_a_slow_camera_lost_is_waited_for_three_pictures_long() -> None:
    order = Order(96, waits=True)
    came = [rtp(b"x", number, 9000 * number) for number in (0, 2, 3, 4, 5)]
    found = [[packet.timestamp // 9000 for packet in order.add(data)] for data in came]
    assert found == [[0], [], [], [2, 3, 4], [5]]


def test_a_packet_that_comes_twice_or_late_is_left_out() -> None:
    assert sent([7, 8, 8, 7, 9], waits=True) == [(7, False), (8, False), (9, False)]


def test_a_network_that_doubles_all_packets_costs_nothing() -> None:
    numbers = list(range(300))
    assert sent([it for it in numbers for _ in "12"], waits=True) == [(it, False) for it in numbers]


def test_a_second_way_that_is_slower_costs_nothing() -> None:
    numbers = list(range(300))
    both = [it for new in numbers for it in (new, new - 30) if it >= 0]
    assert sent(both, waits=True) == [(it, False) for it in numbers]


@pytest.mark.parametrize("numbers", [[9, 10, 1, 2, 3], [9, 10, 9, 10, 11], [5, 5, 5, 5]])
def test_over_tcp_numbers_that_go_back_or_stand_still_cost_nothing(numbers: list[int]) -> None:
    order = Order(96, waits=False)
    came = [rtp(bytes((at,)), number, 0) for at, number in enumerate(numbers)]
    found = [packet for data in came for packet in order.add(data)]
    assert Order(96, waits=False).add_all(came) == found
    assert [(packet.payload[0], packet.lost) for packet in found] == [
        (at, False) for at in range(len(numbers))
    ]


def test_over_tcp_a_packet_that_comes_twice_is_left_out() -> None:
    assert sent([7, 7, 8, 8, 9], waits=False) == [(7, False), (8, False), (9, False)]


def test_over_udp_numbers_that_go_back_a_little_are_a_new_beginning_after_a_while() -> None:
    got = sent([*range(300, 310), *range(200, 300)], waits=True)
    assert got[:10] == [(number, False) for number in range(300, 310)]
    assert got[10][1]
    assert got[10:] == [(number, number == 264) for number in range(264, 300)]


@pytest.mark.parametrize(
    "packet",
    [b"", b"\x80", rtp(b"x", 1, 1, kind=97), b"\x00" * 40, b"\x90\x60" + b"\0" * 10],
    ids=["empty", "short", "other", "version", "extension"],
)
def test_what_is_no_packet_of_the_stream_is_left_out(packet: bytes) -> None:
    assert list(Order(96, waits=False).add(packet)) == []


def test_extension_and_padding_are_no_payload() -> None:
    data = bytearray(rtp(b"\xbe\xde\0\1abcdPAYLOAD\0\0\3", 1, 1))
    data[0] |= 0x30
    assert [it.payload for it in Order(96, waits=False).add(bytes(data))] == [b"PAYLOAD"]


def test_the_header_of_a_jpeg_ends_with_its_extension() -> None:
    data = bytearray(rtp(b"\xff\xd8\0\1abcdPAYLOAD", 1, 1))
    data[0] |= 0x10
    order = Order(96, waits=False)
    assert [it.payload for it in order.add(bytes(data))] == [b"PAYLOAD"]
    assert order.jpeg_header == b"abcd"


def test_a_goodbye_is_understood_behind_a_report() -> None:
    report = receiver_report(7)
    assert not says_goodbye(report, 7)
    goodbye = report + b"\x81\xcb\x00\x01\x00\x00\x00\x07"
    assert says_goodbye(goodbye, 7)
    assert says_goodbye(goodbye, None)
    assert not says_goodbye(goodbye, 8), "of another sender, or of one before"
    assert says_goodbye(report + b"\x80\xcb\x00\x00", 7)
    assert not says_goodbye(b"\x81", 7)
